#pragma once
// 3x3 correlations of stride 1 by Winograd's algorithms, F(4x4, 3x3) and F(2x2, 3x3).

#include "kernels/cuda/conv_choice.h"

namespace ito::kernels::cuda {

/// y[n, p, q, o] = sum x[n, p + kh - pad, q + kw - pad, c] w[kh, kw, c, o] with zeros outside x;
/// `pad` may be negative. The tensors are x[N, H, W, C], w[3, 3, C, O], y[N, P, Q, O].
struct Correlation {
  Index N = 0, H = 0, W = 0, C = 0, P = 0, Q = 0, O = 0, pad = 0;
};

/// Where w[kh, kw, c, o] is: w[((kh * 3 + kw) * C + c) * O + o], or for an input gradient, in which
/// the channels change places and the filter is turned round, w[((8 - kh * 3 - kw) * O + o) * C +
/// c].
struct Filter {
  const Real* w = nullptr;
  bool turned = false;
};

/// y with `a` added. `algorithm` is not `direct`.
void winograd(Algorithm algorithm, const Correlation& s, const Real* x, const Filter& w,
              const Addend& a, Real* y);

/// The gradient of <dy, y> in w, [3, 3, C, O].
void winograd_weight_grad(Algorithm algorithm, const Correlation& s, const Real* x, const Real* dy,
                          Real* dw);

}  // namespace ito::kernels::cuda
