#pragma once
// The random draws of a training step, addressed by seed, step and the example's index in the
// global batch: they do not depend on how the batch is split.

#include "diffusion/sde/sde.h"

namespace ito {

/// Smallest time that training sees (Song et al. 2021, appendix C).
constexpr double training_eps = 1e-5;

/// Where a training batch stands.
struct BatchAddress {
  std::uint64_t seed = 0;
  std::uint32_t step = 0;
  Index first_image = 0;

  RandomStream stream(Purpose purpose) const { return {seed, purpose, step, 0, first_image}; }
};

/// Times uniform in (eps, T), from Purpose::time.
Times draw_times(const Sde& sde, Index examples, const BatchAddress& address,
                 double eps = training_eps);
/// Indices uniform in [0, N), from Purpose::time.
std::vector<Index> draw_indices(const Sde& sde, Index examples, const BatchAddress& address);
/// Standard normal, from Purpose::noise.
Tensor draw_noise(const Shape& shape, const BatchAddress& address, Device device = Device::cpu);

}  // namespace ito
