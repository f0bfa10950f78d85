// Work of no size, on the device as on the CPU: what has no elements is not written, what has no
// terms is their empty sum, and no grid is launched that has no blocks.

#include <cstring>

#include "kernels/kernels.h"
#include "tests/cuda/on_device.h"

namespace ito::kernels::test {
namespace {

class CudaEmpty : public OnDevice {};

/// Expects the CPU's bits of outputs of these lengths; what is not written stays NaN on both.
void expect_alike(const std::vector<Index>& in, const std::vector<Index>& out,
                  const Compute& compute) {
  std::vector<Values> inputs;
  for (const Index n : in) inputs.push_back(values(inputs.size() + 1, n));
  const auto device = run_on(Device::cuda, inputs, out, compute);
  const auto cpu = run_on(Device::cpu, inputs, out, compute);
  for (std::size_t k = 0; k < out.size(); ++k) {
    ASSERT_EQ(device[k].size(), cpu[k].size());
    for (std::size_t i = 0; i < cpu[k].size(); ++i) {
      EXPECT_EQ(std::memcmp(&device[k][i], &cpu[k][i], sizeof(Real)), 0)
          << "output " << k << ", element " << i << ": " << device[k][i] << ", " << cpu[k][i];
    }
  }
}

TEST_F(CudaEmpty, Elementwise) {
  expect_alike({0, 0, 0}, {0, 0}, [](Device device, const Operands& p) {
    fill(device, p.out[0], Index{0}, Real(1));
    unary(device, Unary::exp, p.in[0], p.out[0], Index{0}, Real(0), Real(0));
    select(device, p.in[0], p.in[1], p.in[2], p.out[1], Index{0});
  });
  for (const Index rows : {0, 3}) {
    const Strided s = {.rank = 2, .size = {rows, 3 - rows}, .a = {1, 1}, .b = {1, 0}, .y = {1, 1}};
    expect_alike({4, 4}, {4}, [s](Device device, const Operands& p) {
      binary(device, Binary::add, p.in[0], p.in[1], p.out[0], s);
      copy_strided(device, p.in[0], p.out[0], s);
    });
  }
  expect_alike({1, 1}, {1, 1}, [](Device device, const Operands& p) {  // rank 0: one element
    binary(device, Binary::add, p.in[0], p.in[1], p.out[0], Strided());
    copy_strided(device, p.in[0], p.out[1], Strided());
  });
  for (const int empty : {0, 1, 2}) {
    const Index N = empty == 0 ? 0 : 2, S = empty == 1 ? 0 : 3, C = empty == 2 ? 0 : 4;
    expect_alike({4}, {1}, [=](Device device, const Operands& p) {
      add_shift(device, Addend{.shift = p.in[0]}, p.out[0], N, S, C);
    });
  }
}

TEST_F(CudaEmpty, Rows) {
  for (const Index rows : {0, 2}) {
    for (const Index width : {0, 3}) {
      expect_alike({rows * width, rows * 2}, {rows * (width + 2)},
                   [=](Device device, const Operands& p) {
                     const Real* const parts[] = {p.in[0], p.in[1]};
                     const Index widths[] = {width, 2};
                     concat(device, parts, widths, 2, p.out[0], rows);
                   });
    }
  }
  for (const Index n : {0, 2}) {  // every row number is 0
    const Index width = n == 0 ? 3 : 0;
    expect_alike({6, n * width}, {n * width, 2 * width}, [=](Device device, const Operands& p) {
      const Values first(static_cast<std::size_t>(n), Real(0));
      Array row(device, first);
      gather_rows(device, p.in[0], row.data(), p.out[0], n, width);
      scatter_rows(device, p.in[1], row.data(), p.out[1], n, width, Index{2});
    });
  }
}

TEST_F(CudaEmpty, Reductions) {
  const Index sizes[][3] = {{0, 3, 1}, {2, 0, 1}, {0, 3, 4}, {2, 0, 4}, {2, 3, 0}};
  for (const auto& s : sizes) {
    const Index outer = s[0], n = s[1], inner = s[2];
    SCOPED_TRACE(testing::Message() << outer << ", " << n << ", " << inner);
    expect_alike({outer * n * inner}, {outer * inner, outer * inner},
                 [=](Device device, const Operands& p) {
                   reduce(device, Reduce::sum, p.in[0], p.out[0], outer, n, inner);
                   reduce(device, Reduce::max, p.in[0], p.out[1], outer, n, inner);
                 });
  }
  for (const Index rows : {0, 2}) {
    const Index n = rows == 0 ? 3 : 0;
    expect_alike({0, 3}, {0, 0, 0}, [=](Device device, const Operands& p) {
      softmax(device, p.in[0], p.out[0], rows, n);
      log_softmax(device, p.in[0], p.out[1], rows, n);
      log_sum_exp(device, p.in[0], p.in[1], Real(1), p.out[2], Index{0}, Index{3});
    });
  }
}

TEST_F(CudaEmpty, Products) {
  const Index sizes[][4] = {{0, 2, 3, 4}, {2, 0, 3, 4}, {2, 2, 0, 4}, {2, 2, 3, 0}};
  for (const auto& s : sizes) {
    for (const bool transpose_a : {false, true}) {
      const Gemm g = {.batch = s[0],
                      .m = s[1],
                      .n = s[2],
                      .k = s[3],
                      .transpose_a = transpose_a,
                      .stride_a = s[1] * s[3],
                      .stride_b = s[3] * s[2],
                      .stride_c = s[1] * s[2]};
      SCOPED_TRACE(testing::Message() << g.batch << " of " << g.m << " x " << g.n << ", " << g.k);
      expect_alike({16, 24}, {12}, [g](Device device, const Operands& p) {
        gemm(device, g, p.in[0], p.in[1], p.out[0]);
      });
    }
  }
}

TEST_F(CudaEmpty, Convolutions) {
  const Conv whole = {.N = 2, .H = 4, .W = 4, .C = 3, .KH = 3, .KW = 3, .P = 4, .Q = 4, .O = 2};
  for (Index Conv::*const size : {&Conv::N, &Conv::C, &Conv::O, &Conv::P, &Conv::Q}) {
    Conv s = whole;
    s.pad = 1;
    s.*size = 0;
    const Index x = s.N * s.H * s.W * s.C, w = 9 * s.C * s.O, y = s.N * s.P * s.Q * s.O;
    SCOPED_TRACE(testing::Message() << x << ", " << w << ", " << y);
    expect_alike({x, w, y, 2}, {y, y, x, w}, [s](Device device, const Operands& p) {
      conv2d(device, s, p.in[0], p.in[1], p.out[0]);
      conv2d_add(device, s, p.in[0], p.in[1], Addend{.shift = p.in[3]}, p.out[1]);
      conv2d_input_grad(device, s, p.in[2], p.in[1], p.out[2]);
      conv2d_weight_grad(device, s, p.in[0], p.in[2], p.out[3]);
    });
  }
}

TEST_F(CudaEmpty, Norms) {  // of which the CPU's kernel is not asked
  for (Index Norm::*const size : {&Norm::N, &Norm::S, &Norm::C}) {
    Norm s = {.N = 2, .S = 3, .C = 4, .G = 2};
    s.*size = 0;
    const auto sums =
        run_on(Device::cuda, {{}, values(1, s.C)}, {s.N * s.G, s.N * s.G, s.C, s.C, 0, 0},
               [s](Device device, const Operands& p) {
                 group_norm(device, s, p.in[0], p.in[1], p.in[1], p.out[4], p.out[0], p.out[1]);
                 group_norm_grad(device, s, p.in[0], p.in[1], p.in[1], p.out[0], p.out[1], p.in[0],
                                 p.out[5], p.out[2], p.out[3]);
               });
    const Values nothing(static_cast<std::size_t>(s.C), Real(0));
    EXPECT_EQ(sums[2], nothing);
    EXPECT_EQ(sums[3], nothing);
  }
}

TEST_F(CudaEmpty, Attention) {
  using Geometry = kernels::Attention;
  for (Index Geometry::*const size : {&Geometry::B, &Geometry::T, &Geometry::M, &Geometry::E}) {
    Geometry s = {.B = 2, .T = 3, .M = 4, .D = 5, .E = 6};
    s.*size = 0;
    SCOPED_TRACE(testing::Message() << s.B << ", " << s.T << ", " << s.M << ", " << s.E);
    const Index q = s.B * s.T * s.D, k = s.B * s.M * s.D, v = s.B * s.M * s.E, y = s.B * s.T * s.E;
    expect_alike({q, k, v, y}, {y, q, k, v}, [s](Device device, const Operands& p) {
      attention(device, s, p.in[0], p.in[1], p.in[2], p.out[0], nullptr);
      attention_grad(device, s, p.in[0], p.in[1], p.in[2], nullptr, p.in[3], p.out[1], p.out[2],
                     p.out[3]);
    });
  }
}

TEST_F(CudaEmpty, Resampling) {
  for (Index Fir::*const size : {&Fir::N, &Fir::C, &Fir::P, &Fir::Q, &Fir::H}) {
    Fir s = {.N = 2, .H = 4, .W = 4, .C = 3, .KH = 2, .KW = 2, .P = 3, .Q = 3};
    s.*size = 0;
    expect_alike({s.N * s.H * s.W * s.C, 4}, {s.N * s.P * s.Q * s.C},
                 [s](Device device, const Operands& p) {
                   upfirdn2d(device, s, p.in[0], p.in[1], p.out[0]);
                 });
  }
}

TEST_F(CudaEmpty, RandomNumbersAndTheOptimiser) {
  for (const Index images : {0, 2}) {
    const Index elements = images == 0 ? 4 : 0;
    expect_alike({0}, {0, 0}, [=](Device device, const Operands& p) {
      random(device, Distribution::normal, RandomKey{}, Index{0}, images, elements, p.out[0]);
      dropout(device, RandomKey{}, Index{0}, images, elements, 0.5, p.in[0], p.out[1]);
      dropout_grad(device, 0.5, p.in[0], p.in[0], p.out[1], Index{0});
    });
  }
  expect_alike({0}, {0, 0, 0, 0}, [](Device device, const Operands& p) {
    adam(device, Adam{}, p.out[0], p.in[0], p.out[1], p.out[2], p.out[3], Index{0});
    ema(device, p.out[3], p.out[0], Index{0}, 0.5);
    adam_all(device, Adam{}, static_cast<const AdamTensor*>(nullptr), Index{0});
    sum_squares_all(device, static_cast<const Real* const*>(nullptr),
                    static_cast<const Index*>(nullptr), Index{0}, static_cast<double*>(nullptr));
  });
}

}  // namespace
}  // namespace ito::kernels::test
