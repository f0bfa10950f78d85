#pragma once
// The data that a score expects behind a noisy state.

#include "diffusion/sde/noise_level.h"

namespace ito {

/// E[x_0 | x_t] = (x_t + std(t)^2 s(x_t, t)) / mean_scale(t) (Tweedie; Efron 2011), from the
/// score's value s.
Tensor denoised(const Sde& sde, const Tensor& x, const Times& t, const Tensor& s);

}  // namespace ito
