#include "diffusion/samplers/hmc.h"

#include <cmath>

namespace ito {

Hmc::Hmc(Score score, StepRule step_size, int leapfrog, MetropolisOptions options)
    : Metropolis(std::move(score), std::move(step_size), std::move(options)), leapfrog_(leapfrog) {
  if (leapfrog < 1) fail("hmc", "expected at least 1 leapfrog step, got ", leapfrog);
}

Proposal Hmc::propose(const Tensor& x, const Times& t, const Tensor& z) const {
  const auto h = per_sample(t, [&](double t_n) { return std::sqrt(2 * step_size_(t_n)); });
  const auto half = per_sample(h, [](double h_n) { return h_n / 2; });
  const Tensor score_x = score_(x, t);
  Tensor y = x, p = z, s = score_x;
  for (int l = 0; l < leapfrog_; ++l) {
    p = p + scale_per_sample(s, half);
    y = y + scale_per_sample(p, h);
    s = score_(y, t);
    p = p + scale_per_sample(s, half);
  }
  std::vector<double> log_q = inner_products(z, z), back = inner_products(p, p);
  for (std::size_t n = 0; n < log_q.size(); ++n) log_q[n] = (log_q[n] - back[n]) / 2;
  return {x, y, score_x, s, log_q};
}

}  // namespace ito
