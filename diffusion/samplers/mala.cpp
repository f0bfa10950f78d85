#include "diffusion/samplers/mala.h"

#include <cmath>

namespace ito {

Proposal Mala::propose(const Tensor& x, const Times& t, const Tensor& z) const {
  const std::vector<double> e = per_sample(t, step_size_);
  const auto precision = per_sample(e, [](double e_n) { return 1 / std::sqrt(2 * e_n); });
  const Tensor score_x = score_(x, t), y = langevin_step(x, score_x, e, z).x;
  const Tensor score_y = score_(y, t);
  // The noise that would lead back: x = y + e s(y) + sqrt(2 e) w.
  const Tensor w = scale_per_sample(x - y - scale_per_sample(score_y, e), precision);
  std::vector<double> log_q = inner_products(z, z), back = inner_products(w, w);
  for (std::size_t n = 0; n < log_q.size(); ++n) log_q[n] = (log_q[n] - back[n]) / 2;
  return {x, y, score_x, score_y, log_q};
}

}  // namespace ito
