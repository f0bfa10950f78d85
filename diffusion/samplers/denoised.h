#pragma once
// The data that a score expects behind a noisy state, and noise levels as samplers with few
// evaluations count them.

#include "diffusion/sde/sde.h"

namespace ito {

/// E[x_0 | x_t] = (x_t + std(t)^2 s(x_t, t)) / mean_scale(t) (Tweedie; Efron 2011), from the
/// score's value s.
Tensor denoised(const Sde& sde, const Tensor& x, const Times& t, const Tensor& s);

/// std(t) / mean_scale(t), the noise of x_t / mean_scale(t); 0 at t = 0, which stands for the data.
double noise_level(const Sde& sde, double t);
/// log(mean_scale(t) / std(t)), half the logarithm of the signal-to-noise ratio.
double log_snr(const Sde& sde, double t);
/// The time of a noise level, which grows with t; levels outside those of (0, T] give an end.
double time_of_level(const Sde& sde, double level);

}  // namespace ito
