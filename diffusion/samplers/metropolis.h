#pragma once
// The Metropolis-Hastings test (Metropolis et al. 1953; Hastings 1970): a proposal y is accepted
// with probability min(1, p(y) q(x | y) / (p(x) q(y | x))), else the sample stays at x. What MALA
// and HMC share; a sample's test is its own.

#include "diffusion/samplers/langevin.h"
#include "diffusion/samplers/line_integral.h"

namespace ito {

/// How many proposals were made and accepted.
struct Acceptance {
  Index proposed = 0, accepted = 0;
};

struct MetropolisOptions {
  /// log p_t; where there is none, the line integral of the score by `quadrature`.
  LogDensity log_density = {};
  std::string quadrature = "simpson";
  Acceptance* acceptance = nullptr;  ///< adds to it
};

/// A step that may be taken.
struct Proposal {
  Tensor x, y;                ///< from, to
  Tensor score_x, score_y;    ///< at both
  std::vector<double> log_q;  ///< log q(x | y) - log q(y | x) per sample
};

class Metropolis : public Corrector {
 public:
  /// The proposal itself, without the test.
  Update step(const Tensor& x, const Times& t, const Tensor& z) const override;
  /// The proposal where it is accepted, else x.
  Update correct(const Tensor& x, const Times& t, const CorrectorDraws& draw) const override;

  virtual Proposal propose(const Tensor& x, const Times& t, const Tensor& z) const = 0;
  /// log [p(y) q(x | y) / (p(x) q(y | x))] per sample.
  std::vector<double> log_ratio(const Proposal& proposal, const Times& t) const;

 protected:
  Metropolis(Score score, StepRule step_size, MetropolisOptions options);

  Score score_;
  StepRule step_size_;

 private:
  MetropolisOptions options_;
};

}  // namespace ito
