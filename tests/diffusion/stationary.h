#pragma once
// Markov chains at one time that begin with exact samples of a mixture, and what they should keep.

#include <algorithm>

#include "diffusion/samplers/noise_source.h"
#include "diffusion/samplers/update.h"
#include "diffusion/sde/vp.h"
#include "tests/diffusion/statistics.h"

namespace ito::test {

inline constexpr bool chains_in_double = sizeof(Real) == sizeof(double);
inline constexpr Index chains = 4000;
inline constexpr double chain_time = 0.15;  // the modes of p_t still stand apart

inline Tensor after(const Corrector& corrector, Tensor x, int iterations) {
  const NoiseSource noise = random_noise(x.shape(), 7);
  const Times t(static_cast<std::size_t>(x.size(0)), chain_time);
  for (int k = 0; k < iterations; ++k)
    x = corrector
            .correct(
                x, t,
                [&](Purpose purpose) { return noise(purpose, static_cast<std::uint32_t>(k), 0); })
            .x;
  return x;
}

/// A chain that begins with samples of p_t, and what it should keep.
struct Stationary {
  VpSde sde;
  GaussianMixture data = three_modes(), truth = data.marginal(sde, chain_time);
  Score score = data.score(sde);
  LogDensity log_density = data.log_density(sde);
  Tensor start = truth.sample(chains, {.seed = 3});
  Times t = Times(static_cast<std::size_t>(chains), chain_time);

  double worst(const Corrector& corrector, int iterations) const {
    return largest(mixture_z_scores(after(corrector, start, iterations), truth));
  }
};

}  // namespace ito::test
