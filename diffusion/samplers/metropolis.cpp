#include "diffusion/samplers/metropolis.h"

#include <cmath>

namespace ito {

Metropolis::Metropolis(Score score, StepRule step_size, MetropolisOptions options)
    : score_(std::move(score)), step_size_(std::move(step_size)), options_(std::move(options)) {
  quadrature_named(options_.quadrature);
}

std::vector<double> Metropolis::log_ratio(const Proposal& p, const Times& t) const {
  std::vector<double> ratio = p.log_q;
  if (options_.log_density) {
    const auto at_x = options_.log_density(p.x, t), at_y = options_.log_density(p.y, t);
    for (std::size_t n = 0; n < ratio.size(); ++n) ratio[n] += at_y[n] - at_x[n];
  } else {
    const auto change = line_integral(score_, p.x, p.y, p.score_x, p.score_y, t,
                                      quadrature_named(options_.quadrature));
    for (std::size_t n = 0; n < ratio.size(); ++n) ratio[n] += change[n];
  }
  return ratio;
}

Update Metropolis::step(const Tensor& x, const Times& t, const Tensor& z) const {
  const Proposal proposal = propose(x, t, z);
  return {proposal.y, proposal.y};
}

Update Metropolis::correct(const Tensor& x, const Times& t, const CorrectorDraws& draw) const {
  const Proposal proposal = propose(x, t, draw(Purpose::corrector));
  const std::vector<double> ratio = log_ratio(proposal, t);
  const std::vector<Real> u = draw(Purpose::accept).to_host();
  std::vector<Real> accepted;
  for (std::size_t n = 0; n < ratio.size(); ++n)
    accepted.push_back(std::log(static_cast<double>(u[n])) < ratio[n] ? Real(1) : Real(0));
  if (options_.acceptance) {
    options_.acceptance->proposed += x.size(0);
    for (const Real taken : accepted) options_.acceptance->accepted += taken != 0;
  }
  Shape per_sample(x.shape().size(), 1);  // [N, 1, ...]
  per_sample[0] = x.size(0);
  const Tensor taken = broadcast_to(Tensor(per_sample, accepted, x.device()), x.shape());
  const Tensor next = select(taken, proposal.y, x);
  return {next, next};
}

}  // namespace ito
