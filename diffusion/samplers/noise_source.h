#pragma once
// Where a sampler's noise comes from.

#include <functional>

#include "engine/random.h"

namespace ito {

/// Standard normal noise, shaped like the batch, for `purpose` (prior, predictor, corrector,
/// known_part) at the sampler's `step` and, for a corrector, its iteration `sub` (for a predictor
/// that needs several draws a step, their number). For Purpose::accept one uniform number in (0, 1)
/// a sample, [N]. Samplers ask in the order in which they use it: the prior, then at each step one
/// per corrector iteration and one for the predictor; a constraint's known part has one behind each
/// of the two, `sub` 0 and 1.
using NoiseSource = std::function<Tensor(Purpose purpose, std::uint32_t step, std::uint32_t sub)>;

/// Noise addressed by seed and sample number: sample `first_sample + n` gets the same noise in any
/// batch. `shape` is [N, ...].
NoiseSource random_noise(Shape shape, std::uint64_t seed, Index first_sample = 0,
                         Device device = Device::cpu);

/// The given draws, in turn; throws when they run out.
NoiseSource replayed_noise(std::vector<Tensor> draws);

}  // namespace ito
