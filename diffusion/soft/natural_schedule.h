#pragma once
// The baseline that a found schedule is compared with (Daras et al. 2022, section 5, "natural"):
// images move away from the clean ones as they do in the VE diffusion.

#include "diffusion/soft/schedule.h"

namespace ito {

/// Noise first; then the parameter that has E |x_t - x_0|^2 = E |C_t x_0 - x_0|^2 + D sigma_max^2
/// grow by a constant factor in time, as D sigma_t^2 of the VE diffusion does. The mean is over
/// `images` [n, item...] of the data. Throws where the corruption does not move them.
Schedule natural_schedule(const Tensor& images, const Corruption& C, const NoiseRange& noise,
                          double noise_share, DataIdentity data = {}, Index levels = 32);

}  // namespace ito
