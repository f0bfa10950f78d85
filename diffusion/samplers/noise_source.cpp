#include "diffusion/samplers/noise_source.h"

namespace ito {

NoiseSource random_noise(Shape shape, std::uint64_t seed, Index first_sample, Device device) {
  return [=, shape = std::move(shape)](Purpose purpose, std::uint32_t step, std::uint32_t sub) {
    const RandomStream stream = {seed, purpose, step, sub, first_sample};
    if (purpose == Purpose::accept) return random_uniform({shape[0]}, stream, device);
    return random_normal(shape, stream, device);
  };
}

NoiseSource replayed_noise(std::vector<Tensor> draws) {
  return [draws = std::move(draws), next = std::size_t{0}](Purpose, std::uint32_t,
                                                           std::uint32_t) mutable {
    if (next == draws.size())
      fail("replayed_noise", "expected at most ", draws.size(), " draws, asked for one more");
    return draws[next++];
  };
}

}  // namespace ito
