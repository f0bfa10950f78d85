#pragma once
// Random tensors from a counter-based generator (Philox 4x32-10; Salmon et al. 2011). A value is a
// function of its address (seed, purpose, sub, step, image, element) and of nothing else: not of
// threads, batch, device or what was drawn before.

#include <vector>

#include "engine/tensor.h"

namespace ito {

/// What a random number is for: the part of its address that keeps streams apart.
enum class Purpose : std::uint32_t {
  order,
  flip,
  dequantize,
  time,
  noise,
  dropout,
  prior,
  predictor,
  corrector,
  known_part,
  probe,
  init,
  accept
};

/// Address of a random tensor. `step` is the training step or the sampler's step; `sub` the layer's
/// ordinal (dropout, init), the corrector iteration, the probe or the dequantization draw.
struct RandomStream {
  std::uint64_t seed = 0;
  Purpose purpose = Purpose::noise;
  std::uint32_t step = 0;
  std::uint32_t sub = 0;
  /// Address of the first image of the batch: its index in the global batch (training), the
  /// sample's number (sampling) or the index in the data (likelihood).
  Index first_image = 0;

  kernels::RandomKey key() const;
};

/// Each of shape [N, ...]: image n is addressed as first_image + n, elements along the flat rest.
Tensor random_normal(const Shape& shape, const RandomStream& stream, Device device = Device::cpu);
/// In the open interval (0, 1).
Tensor random_uniform(const Shape& shape, const RandomStream& stream, Device device = Device::cpu);
/// -1 or +1.
Tensor random_rademacher(const Shape& shape, const RandomStream& stream,
                         Device device = Device::cpu);

/// One uniform in (0, 1) per image, as doubles with 32 random bits: times, choices.
std::vector<double> uniform_per_image(Index images, const RandomStream& stream);
/// One integer in [0, bound) per image, without bias beyond 2^-32 * bound.
std::vector<Index> integer_per_image(Index images, Index bound, const RandomStream& stream);
/// A permutation of 0..n-1 (sorted by random 64-bit keys): the data order of an epoch.
std::vector<Index> permutation(Index n, const RandomStream& stream);

}  // namespace ito
