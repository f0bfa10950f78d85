// Matrix products by our own tiles (tile.h): the same bits for a row of C whatever the other rows.

#include "kernels/cuda/loaders.h"
#include "kernels/cuda/product.h"
#include "kernels/precision.h"

namespace ito::kernels::cuda {
namespace {

/// One operand's source and loader. Untransposed, A runs along the depth and B across it.
template <int Width, bool Along, int Threads, int Side>
struct Operand;
template <int Width, int Threads, int Side>
struct Operand<Width, true, Threads, Side> {
  using Source = DenseRows<Width, AlongDepth<Threads, Side>>;
  using Loader = DepthLoader<Source>;
  static __device__ Source source(const Real* data, Index side, Index depth, Index first) {
    return Source({data, side, depth}, first);
  }
};
template <int Width, int Threads, int Side>
struct Operand<Width, false, Threads, Side> {
  using Source = DenseColumns<Width, AcrossDepth<Threads, Side>>;
  using Loader = SideLoader<Source>;
  static __device__ Source source(const Real* data, Index side, Index depth, Index first) {
    return Source({data, depth, side}, 0, first);
  }
};

template <class T, int Width, bool TransposeA, bool TransposeB>
__global__ void __launch_bounds__(T::threads, T::blocks)
    product_tiles(Gemm g, const Real* a, const Real* b, bool fours, Real* c) {
  __shared__ typename T::Memory memory;
  using A = Operand<Width, !TransposeA, T::threads, T::rows>;
  using B = Operand<Width, TransposeB, T::threads, T::columns>;
  const Index across = (g.n + T::columns - 1) / T::columns, block = blockIdx.x;
  const Index row = block / across * T::rows, column = block % across * T::columns;
  auto from_a = A::source(a + blockIdx.y * g.stride_a, g.m, g.k, row);
  auto from_b = B::source(b + blockIdx.y * g.stride_b, g.n, g.k, column);
  typename A::Loader left(from_a);
  typename B::Loader right(from_b);
  typename T::Sums sums;
  clear<T>(sums);
  multiply_tile<T>(memory, left, right, g.k, sums);
  Real* const to = c + blockIdx.y * g.stride_c;
  for_each_four<T>(sums, row, g.m, column, [&](Index r, Index first, Four x) {
    if (g.accumulate) {
      ITO_UNROLL
      for (int j = 0; j < 4; ++j) {
        if (first + j < g.n) x.v[j] += to[r * g.n + first + j];
      }
    }
    put_four(to, r, first, g.n, fours, x);
  });
}

template <class T, int Width, bool TransposeA, bool TransposeB>
void launch_tiles(const Gemm& g, const Real* a, const Real* b, Real* c, const char* operation) {
  const bool fours = in_fours(g.n, c) && g.stride_c % 4 == 0;
  constexpr Index most_batches = 65535;
  for (Index first = 0; first < g.batch; first += most_batches) {
    const Index count = g.batch - first < most_batches ? g.batch - first : most_batches;
    const Index tiles = pieces_of(g.m, T::rows) * pieces_of(g.n, T::columns);
    launch(operation, product_tiles<T, Width, TransposeA, TransposeB>,
           dim3(static_cast<unsigned>(tiles), static_cast<unsigned>(count)), T::threads, 0, g,
           a + first * g.stride_a, b + first * g.stride_b, fours, c + first * g.stride_c);
  }
}

template <class T, int Width>
void launch_turned(const Gemm& g, const Real* a, const Real* b, Real* c, const char* operation) {
  if (g.transpose_a) return launch_tiles<T, Width, true, false>(g, a, b, c, operation);
  if (g.transpose_b) return launch_tiles<T, Width, false, true>(g, a, b, c, operation);
  launch_tiles<T, Width, false, false>(g, a, b, c, operation);
}

/// Blocks of large tiles from which these are used: three quarters of the 264 that an H100 holds at
/// once. Few in the emulation, so that both are.
constexpr Index enough_blocks = block_threads < 256 ? 8 : 192;

}  // namespace

void tile_product(const Gemm& g, const Real* a, const Real* b, Real* c, const char* operation) {
  const bool fours = in_fours(g.transpose_a ? g.m : g.k, a) &&
                     in_fours(g.transpose_b ? g.k : g.n, b) && g.stride_a % 4 == 0 &&
                     g.stride_b % 4 == 0;
  const Index large =
      g.batch * pieces_of(g.m, LargeTile::rows) * pieces_of(g.n, LargeTile::columns);
  if (fours && large >= enough_blocks) {
    return launch_turned<LargeTile, 4>(g, a, b, c, operation);
  }
  fours ? launch_turned<SmallTile, 4>(g, a, b, c, operation)
        : launch_turned<SmallTile, 1>(g, a, b, c, operation);
}

void ordered_product(const Gemm& g, const Real* a, const Real* b, Real* c, const char* operation) {
  precision() == Precision::full ? tile_product(g, a, b, c, operation)
                                 : blas_product(g, a, b, c, operation);
}

}  // namespace ito::kernels::cuda
