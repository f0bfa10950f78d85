#pragma once
// Noise levels in the place of times: as samplers with few evaluations count their steps, and as
// likelihood training draws its times.

#include "diffusion/sde/sde.h"

namespace ito {

/// std(t) / mean_scale(t), the noise of x_t / mean_scale(t); 0 at t = 0, which stands for the data.
double noise_level(const Sde& sde, double t);
/// log(mean_scale(t) / std(t)), half the logarithm of the signal-to-noise ratio.
double log_snr(const Sde& sde, double t);
/// The time of a noise level, which grows with t; levels outside those of (0, T] give an end.
double time_of_level(const Sde& sde, double level);

}  // namespace ito
