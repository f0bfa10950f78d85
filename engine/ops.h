#pragma once
// Every public operation, one line each. Shapes: N images, H height, W width, C channels, B batch,
// T tokens, D features. All are differentiable to any order unless a line says otherwise; each
// checks its arguments once and throws ito::Error.

#include "engine/random.h"
#include "engine/tensor.h"

namespace ito {

// Arithmetic; shapes broadcast as in NumPy (aligned at the last axis)
Tensor add(const Tensor& a, const Tensor& b);
Tensor sub(const Tensor& a, const Tensor& b);
Tensor mul(const Tensor& a, const Tensor& b);
Tensor div(const Tensor& a, const Tensor& b);
Tensor affine(const Tensor& x, double scale, double shift);  ///< scale x + shift
inline Tensor operator+(const Tensor& a, const Tensor& b) { return add(a, b); }
inline Tensor operator-(const Tensor& a, const Tensor& b) { return sub(a, b); }
inline Tensor operator*(const Tensor& a, const Tensor& b) { return mul(a, b); }
inline Tensor operator/(const Tensor& a, const Tensor& b) { return div(a, b); }
inline Tensor operator+(const Tensor& a, double b) { return affine(a, 1, b); }
inline Tensor operator-(const Tensor& a, double b) { return affine(a, 1, -b); }
inline Tensor operator*(const Tensor& a, double b) { return affine(a, b, 0); }
inline Tensor operator*(double a, const Tensor& b) { return affine(b, a, 0); }
inline Tensor operator/(const Tensor& a, double b) { return affine(a, 1 / b, 0); }
inline Tensor operator-(const Tensor& a) { return affine(a, -1, 0); }

// Elementwise
Tensor exp(const Tensor& x);
Tensor log(const Tensor& x);
Tensor sqrt(const Tensor& x);
Tensor pow(const Tensor& x, double exponent);
Tensor square(const Tensor& x);
Tensor tanh(const Tensor& x);
Tensor sigmoid(const Tensor& x);
Tensor silu(const Tensor& x);  ///< x sigmoid(x), "swish"
Tensor elu(const Tensor& x, double alpha = 1);
Tensor relu(const Tensor& x);
Tensor leaky_relu(const Tensor& x, double slope = 0.2);
Tensor gelu(const Tensor& x);      ///< x Phi(x), the exact form
Tensor softplus(const Tensor& x);  ///< log(1 + e^x)
Tensor erf(const Tensor& x);
Tensor sin(const Tensor& x);
Tensor cos(const Tensor& x);
Tensor abs(const Tensor& x);
Tensor clamp(const Tensor& x, double low, double high);
Tensor select(const Tensor& mask, const Tensor& a, const Tensor& b);  ///< a where mask != 0, else b

// Reductions over `axes` (empty: all). Kept axes have size 1 with keep_dims.
Tensor sum(const Tensor& x, const std::vector<int>& axes = {}, bool keep_dims = false);
Tensor mean(const Tensor& x, const std::vector<int>& axes = {}, bool keep_dims = false);
Tensor max(const Tensor& x, const std::vector<int>& axes = {}, bool keep_dims = false);
Tensor sum_to(const Tensor& x, const Shape& shape);  ///< the adjoint of broadcast_to
Tensor broadcast_to(const Tensor& x, const Shape& shape);
double sum_squares(const Tensor& x);  ///< in double; not differentiable

// Shape
Tensor reshape(const Tensor& x, const Shape& shape);  ///< one size may be -1; shares memory
Tensor permute(const Tensor& x, const std::vector<int>& axes);
Tensor concat(const std::vector<Tensor>& parts, int axis);
Tensor slice(const Tensor& x, int axis, Index begin, Index end);
std::vector<Tensor> split(const Tensor& x, int axis, const std::vector<Index>& sizes);
/// Zeros before and after each axis, given as {{before, after}, ...} per axis; negative: crop.
Tensor pad(const Tensor& x, const std::vector<std::pair<Index, Index>>& amounts);

// Matrix products
/// op(a) op(b) over the last two axes; leading axes equal, or absent on one side.
Tensor matmul(const Tensor& a, const Tensor& b, bool transpose_a = false, bool transpose_b = false);

/// (matmul(x, w) + shift + residual) scale: x [..., K], w [K, D], shift [D]; residual like the
/// result, or empty.
Tensor matmul_add(const Tensor& x, const Tensor& w, const Tensor& shift,
                  const Tensor& residual = {}, double scale = 1);

// Convolution: x [N, H, W, C], w [KH, KW, C, O] -> [N, P, Q, O]
struct Conv2dOptions {
  Index stride = 1;
  Index pad_before = 0, pad_after = 0;  ///< zeros on both axes
  Index dilation = 1;
};
Tensor conv2d(const Tensor& x, const Tensor& w, Conv2dOptions options = {});
/// (conv2d(x, w) + shift + residual) scale: shift [O], or [N, O] for one of each image; residual
/// like the result, or empty.
Tensor conv2d_add(const Tensor& x, const Tensor& w, const Tensor& shift,
                  const Tensor& residual = {}, Conv2dOptions options = {}, double scale = 1);
/// Adjoint of conv2d in x, the "transposed convolution": y [N, P, Q, O] -> [N, H, W, C].
Tensor conv2d_input_grad(const Tensor& y, const Tensor& w, Index H, Index W,
                         Conv2dOptions options = {});
/// Adjoint of conv2d in w: x [N, H, W, C], y [N, P, Q, O] -> [KH, KW, C, O].
Tensor conv2d_weight_grad(const Tensor& x, const Tensor& y, Index KH, Index KW,
                          Conv2dOptions options = {});

// Normalisation: x [N, ..., C]; gamma and beta [C] or empty
Tensor group_norm(const Tensor& x, const Tensor& gamma, const Tensor& beta, Index groups,
                  double eps);
/// silu(group_norm(...)) in one pass.
Tensor group_norm_silu(const Tensor& x, const Tensor& gamma, const Tensor& beta, Index groups,
                       double eps);
Tensor instance_norm(const Tensor& x, const Tensor& gamma, const Tensor& beta, double eps);
Tensor layer_norm(const Tensor& x, const Tensor& gamma, const Tensor& beta,
                  double eps);  ///< last axis

// Softmax over the last axis, attention
Tensor softmax(const Tensor& x);
Tensor log_softmax(const Tensor& x);
/// Mean of -log softmax(logits)[label]; logits [N, D].
Tensor cross_entropy(const Tensor& logits, const std::vector<Index>& labels);
/// softmax(q k^T / sqrt(D)) v: q [B, T, D], k [B, M, D], v [B, M, E] -> [B, T, E].
Tensor attention(const Tensor& q, const Tensor& k, const Tensor& v);

// Resampling of images [N, H, W, C]
Tensor upsample_nearest(const Tensor& x, Index factor);
Tensor downsample_mean(const Tensor& x, Index factor);  ///< mean of factor x factor blocks
/// Zero insertion, padding [before, after] on each axis (negative: crop), true convolution with
/// kernel [KH, KW] (no gradient), decimation.
struct FirOptions {
  Index up = 1, down = 1;
  Index pad_before = 0, pad_after = 0;
};
Tensor upfirdn2d(const Tensor& x, const Tensor& kernel, FirOptions options = {});

// Lookup and noise
/// Rows of table [K, D]: -> [N, D].
Tensor embedding(const Tensor& table, const std::vector<Index>& rows);
/// Zeroes elements with probability p and scales the others by 1/(1-p). What it drops is +0, a zero
/// that it keeps -0.
Tensor dropout(const Tensor& x, double p, const RandomStream& stream);

}  // namespace ito
