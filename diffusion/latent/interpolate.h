#pragma once
// Interpolation between latent codes (Song et al. 2021, appendix D.3, figure 6).

#include "engine/tensor.h"

namespace ito {

/// Spherical interpolation (Shoemake 1985) between each pair of rows of a and b [N, item...]:
///   (sin((1 - u) theta) a + sin(u theta) b) / sin(theta), theta the angle between the rows.
/// Unlike a straight line it keeps to the length that codes of a Gaussian prior have. Parallel rows
/// are joined by the straight line; throws for opposite ones, between which no way is shortest.
Tensor slerp(const Tensor& a, const Tensor& b, double u);

/// `frames` >= 2 codes from each row of a to that of b, both included: [N * frames, item...], one
/// row's frames after another's.
Tensor interpolations(const Tensor& a, const Tensor& b, Index frames);

}  // namespace ito
