#pragma once
// Colours in coordinates of which the first is the luminance (Song et al. 2021, appendix I.3): an
// orthonormal change of the three channels, so that noise stays white and the known luminance is
// one channel of its own.

#include <array>

#include "engine/ops.h"

namespace ito {

/// The paper's matrix: its columns are grey, red against the rest, green against blue.
/// Rows: input channel; columns: coordinate.
extern const std::array<double, 9> published_decoupling;

class Decoupling {
 public:
  /// M is row-major [3, 3]. Throws unless M^T M is the identity within 1e-6.
  explicit Decoupling(const std::array<double, 9>& M = published_decoupling);

  /// y_j = sum_i x_i M_ij for every pixel: x [..., 3] -> [..., 3].
  Tensor to(const Tensor& x) const { return matmul(x, M_.to(x.device())); }
  Tensor from(const Tensor& y) const { return matmul(y, inverse_.to(y.device())); }

  /// The grey picture as coordinates: channel 0 is sqrt(3) times the luminance (R + G + B) / 3, the
  /// others 0. x [N, H, W, 3], of which the luminance is taken, or [N, H, W, 1], which is it.
  /// Throws for other channels.
  Tensor luminance(const Tensor& x) const;

 private:
  Tensor M_, inverse_;
};

/// Where `luminance` is known: 1, 0, 0, as [1, 1, 1, 3].
Tensor luminance_mask(Device device = Device::cpu);

}  // namespace ito
