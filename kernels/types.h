#pragma once
// The numbers that every layer of ito is made of, and the plain descriptions of work that the
// kernels take. Nothing here knows a tensor.

#include <cstdint>

namespace ito {

/// The one scalar type of a build: `float`, or `double` with the CMake option ITO_DOUBLE.
#ifdef ITO_DOUBLE
using Real = double;
#else
using Real = float;
#endif

/// Sizes, offsets and counts of elements.
using Index = std::int64_t;

/// Where memory lives and kernels run.
enum class Device { cpu, cuda };

namespace kernels {

constexpr int max_rank = 8;

/// A loop nest over `rank` axes (outermost first) with the element stride of each operand on each
/// axis. Stride 0 repeats an operand (broadcasting); operands that a kernel does not have are
/// ignored. `y` is the operand that is written.
struct Strided {
  int rank = 0;
  Index size[max_rank] = {};
  Index a[max_rank] = {};
  Index b[max_rank] = {};
  Index y[max_rank] = {};
  bool operator==(const Strided&) const = default;
};

/// C[m, n] (+)= op(A)[m, k] op(B)[k, n], all row-major and dense, `batch` times with the element
/// strides given (0 repeats an operand). op(A) = A^T, stored [k, m], when `transpose_a`.
struct Gemm {
  Index batch = 1, m = 0, n = 0, k = 0;
  bool transpose_a = false, transpose_b = false;
  Index stride_a = 0, stride_b = 0, stride_c = 0;
  bool accumulate = false;
  bool operator==(const Gemm&) const = default;
};

/// Geometry of a 2-D cross-correlation x[N, H, W, C] * w[KH, KW, C, O] -> y[N, P, Q, O]:
/// y[n,p,q,o] = sum x[n, p*stride + kh*dilation - pad, q*stride + kw*dilation - pad, c]
/// w[kh,kw,c,o], zeros outside. `pad` is the padding before; what lies behind follows from P and Q.
struct Conv {
  Index N = 0, H = 0, W = 0, C = 0, KH = 0, KW = 0, P = 0, Q = 0, O = 0;
  Index stride = 1, pad = 0, dilation = 1;
  bool operator==(const Conv&) const = default;
};

/// What is added to the result of a product: y <- (y + shift + residual) scale. `shift` has one
/// Real a channel, or with `per_image` one an image and channel; null: nothing is added at all.
/// `residual` is like y, or null.
struct Addend {
  const Real* shift = nullptr;
  const Real* residual = nullptr;
  bool per_image = false;
  Real scale = 1;
  bool operator==(const Addend&) const = default;
};

/// Geometry of group normalisation: x[N, S, C] with S positions and C channels in G groups. With
/// `silu` z sigmoid(z) is what becomes of each normalised, scaled and shifted z.
struct Norm {
  Index N = 0, S = 0, C = 0, G = 1;
  double eps = 1e-6;
  bool silu = false;
  bool operator==(const Norm&) const = default;
};

/// Geometry of scaled dot-product attention: q[B, T, D], k[B, M, D], v[B, M, E] -> y[B, T, E],
/// y = softmax(scale q k^T) v.
struct Attention {
  Index B = 0, T = 0, M = 0, D = 0, E = 0;
  double scale = 1;
  bool operator==(const Attention&) const = default;
};

/// Geometry of upfirdn2d on x[N, H, W, C] -> y[N, P, Q, C]: `up`-1 zeros after each sample, `pad`
/// zeros before (negative: crop), true convolution with k[KH, KW], every `down`-th sample kept.
/// With `flip` the kernel is correlated instead (the adjoint needs it).
struct Fir {
  Index N = 0, H = 0, W = 0, C = 0, KH = 0, KW = 0, P = 0, Q = 0;
  Index up = 1, down = 1, pad_y = 0, pad_x = 0;
  bool flip = false;
  bool operator==(const Fir&) const = default;
};

/// Address of a random tensor: everything in the Philox key and counter but image and element.
struct RandomKey {
  std::uint64_t seed = 0;
  std::uint32_t step = 0;
  std::uint32_t purpose = 0;  ///< engine/random.h, enum Purpose
  std::uint32_t sub = 0;      ///< layer ordinal, corrector iteration, probe number
  bool operator==(const RandomKey&) const = default;
};

enum class Distribution { uniform, normal, rademacher };

/// One Adam step, bias corrections already computed on the host in double.
struct Adam {
  double learning_rate = 0, beta1 = 0.9, beta2 = 0.999, eps = 1e-8, weight_decay = 0;
  double correction1 = 1, correction2 = 1;  ///< 1 - beta^step
  double gradient_scale = 1;                ///< clipping factor applied to the gradient first
  double average_rate = 0;                  ///< of the moving average, where there is one
  bool operator==(const Adam&) const = default;
};

/// A tensor of n elements that Adam changes, and its moving average, or null.
struct AdamTensor {
  Real* p = nullptr;
  const Real* g = nullptr;
  Real *m = nullptr, *v = nullptr, *average = nullptr;
  Index n = 0;
};

}  // namespace kernels
}  // namespace ito
