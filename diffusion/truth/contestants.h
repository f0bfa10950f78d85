#pragma once
// The samplers that the truth bench compares, each with the settings it is usually run with.

#include "diffusion/samplers/predictor_corrector.h"
#include "diffusion/samplers/samplers.h"
#include "diffusion/truth/targets.h"

namespace ito {

struct Contestant {
  std::string name, family;
  std::string predictor = "none", corrector = "none";
  Spacing spacing = Spacing::time;
  bool flow = false;      ///< the predictor solves the probability flow
  bool adaptive = false;  ///< the ODE by Dormand-Prince: no predictor, no steps
  int per_step = 1;       ///< evaluations of a step
  int spared = 0;         ///< evaluations that the whole run has less: the last step's
  bool affine = false;    ///< in the noise, for Gaussian data: its result is known exactly
  double churn = 0;       ///< of edm
  int leapfrog = 5;       ///< of hmc

  /// The most steps that have at most so many evaluations; 0: not even one.
  int steps_within(int evaluations) const { return (evaluations + spared) / per_step; }
};

/// All samplers of ito. Correctors keep their defaults: snr 0.16, one iteration, 5 leapfrog steps;
/// as a chain HMC takes 3, since 5 would be half a period of the narrowest direction, after which a
/// trajectory is back at -x whatever its momentum was.
std::vector<Contestant> contestants();

/// What is to be sampled, by which SDE, down to which time.
struct Problem {
  const Target& target;
  const Sde& sde;
  double eps;
};

/// Draws of one contestant.
struct Draw {
  Tensor x;            ///< [N, D]
  double evaluations;  ///< of the score for one sample, counted (of the adaptive ODE: on average)
  double seconds;
  bool complete = true;  ///< false: stopped by `go_on`
};

/// N samples in `steps` steps; of the adaptive ODE at the relative and absolute `tolerance`. Chains
/// at one time step by a fifth of the target's smallest variance.
Draw draw_from(const Contestant& contestant, const Problem& problem, int steps, double tolerance,
               Index N, std::uint64_t seed, const std::function<bool()>& go_on);

/// KL of an affine contestant's result from a Gaussian target with diagonal covariance, exactly:
/// the variance of the result is the sum of its squared responses to each draw. In nats.
double affine_kl(const Contestant& contestant, const Problem& problem, int steps);

}  // namespace ito
