// Matrix products on the device: gemm, by cuBLAS where the left operand is transposed, and our own
// tiles, which compute the others.

#include "kernels/cuda/product.h"

#include "kernels/kernels.h"
#include "tests/cuda/on_device.h"

namespace ito::kernels::test {
namespace {

class CudaProduct : public OnDevice {};

Index extent(Index batch, Index stride, Index size) { return (batch - 1) * stride + size; }

/// Both sides sum k products with an error of at most (k + 1) u times the sum of magnitudes.
void check(Gemm g, const std::function<void(const Gemm&, const Operands&)>& product) {
  SCOPED_TRACE(testing::Message() << "batch " << g.batch << " m " << g.m << " n " << g.n << " k "
                                  << g.k << " A^T " << g.transpose_a << " B^T " << g.transpose_b
                                  << " accumulate " << g.accumulate);
  const std::vector<Values> in = {values(1, extent(g.batch, g.stride_a, g.m * g.k)),
                                  values(2, extent(g.batch, g.stride_b, g.k * g.n)),
                                  values(3, extent(g.batch, g.stride_c, g.m * g.n))};
  const Compute compute = [&](Device device, const Operands& p) {
    if (g.accumulate)
      unary(device, Unary::affine, p.in[2], p.out[0], g.batch * g.m * g.n, Real(1), Real(0));
    device == Device::cpu ? gemm(device, g, p.in[0], p.in[1], p.out[0]) : product(g, p);
  };
  const std::vector<Index> out = {g.batch * g.m * g.n};
  const auto device = run_on(Device::cuda, in, out, compute);
  const auto cpu = run_on(Device::cpu, in, out, compute);
  const auto size =
      run_on(Device::cpu, {magnitudes(in[0]), magnitudes(in[1]), magnitudes(in[2])}, out, compute);
  expect_close(device[0], cpu[0], times(2.02 * roundoff * static_cast<double>(g.k + 2), size[0]));
}

Gemm product(Index batch, Index m, Index n, Index k) {
  return {.batch = batch,
          .m = m,
          .n = n,
          .k = k,
          .stride_a = m * k,
          .stride_b = k * n,
          .stride_c = m * n};
}

void check_all(const std::function<void(const Gemm&, const Operands&)>& f, bool both_transposed) {
  const Gemm sizes[] = {product(1, 1, 1, 1), product(2, 5, 7, 3), product(3, 16, 12, 8),
                        product(1, 70, 66, 20), product(2, 9, 68, 33)};
  for (Gemm g : sizes) {
    for (const int choice : {0, 1, 2, 3, 4, 5, 6, 7}) {
      g.transpose_a = (choice & 1) != 0, g.transpose_b = (choice & 2) != 0;
      g.accumulate = (choice & 4) != 0;
      if (g.transpose_a && g.transpose_b && !both_transposed) continue;
      check(g, f);
    }
  }
}

void by_tiles(const Gemm& g, const Operands& p) {
  cuda::tile_product(g, p.in[0], p.in[1], p.out[0], "test");
}
void by_gemm(const Gemm& g, const Operands& p) {
  gemm(Device::cuda, g, p.in[0], p.in[1], p.out[0]);
}

TEST_F(CudaProduct, Tiles) { check_all(by_tiles, false); }

TEST_F(CudaProduct, LargeTiles) {
  for (const int choice : {0, 1, 2}) {
    Gemm g = product(2, 136, 260, 12);
    g.batch = 2;
    g.transpose_a = choice == 1, g.transpose_b = choice == 2;
    check(g, by_tiles);
  }
}

TEST_F(CudaProduct, Gemm) { check_all(by_gemm, true); }

TEST_F(CudaProduct, Blas) {
  check_all([](const Gemm& g,
               const Operands& p) { cuda::blas_product(g, p.in[0], p.in[1], p.out[0], "test"); },
            true);
}

/// A row alone has the bits that it has among others, for as many of them as small and as large
/// tiles take, in one matrix and in a batch of matrices.
TEST_F(CudaProduct, RowsDoNotDependOnEachOther) {
  for (const bool transpose_b : {false, true}) {
    for (const Index rows : {2, 70, 400}) {
      Gemm g = product(1, rows, 132, 20), one = product(1, 1, 132, 20);
      g.transpose_b = one.transpose_b = transpose_b;
      const Values a = values(1, rows * g.k), b = values(2, g.k * g.n);
      const auto together =
          run_on(Device::cuda, {a, b}, {rows * g.n}, [&](Device, auto& p) { by_gemm(g, p); });
      for (const Index r : {Index{0}, rows - 1}) {
        const Values row(a.begin() + r * g.k, a.begin() + (r + 1) * g.k);
        const auto alone =
            run_on(Device::cuda, {row, b}, {g.n}, [&](Device, auto& p) { by_gemm(one, p); });
        EXPECT_EQ(alone[0],
                  Values(together[0].begin() + r * g.n, together[0].begin() + (r + 1) * g.n));
      }
    }
  }
}

TEST_F(CudaProduct, RepeatsAnOperandAndDoesWithoutDepth) {
  Gemm g = product(3, 5, 6, 4);
  g.stride_b = 0;
  check(g, by_gemm);
  g.transpose_b = true;
  check(g, by_gemm);
  g = product(3, 5, 6, 4);
  g.stride_a = 0;
  check(g, by_gemm);
  check(product(2, 3, 4, 0), by_gemm);
  g = product(2, 3, 4, 0);
  g.accumulate = true;
  check(g, by_gemm);
}

}  // namespace
}  // namespace ito::kernels::test
