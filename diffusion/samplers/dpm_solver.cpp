#include "diffusion/samplers/dpm_solver.h"

#include <algorithm>
#include <cmath>

#include "diffusion/samplers/denoised.h"

namespace ito {

DpmSolver::DpmSolver(const Sde& sde, Score score, int order)
    : sde_(sde), score_(std::move(score)), order_(static_cast<std::size_t>(order)) {
  if (order != 2 && order != 3) fail("dpm_solver", "expected order 2 or 3, got ", order);
}

namespace {

/// Weights of x_t and of the x_0 remembered, latest first.
struct Weights {
  double x, x_0[3];
};

/// l: log_snr at s, at t and at the earlier times.
Weights weights(double std_ratio, double m_s, const std::vector<double>& l) {
  const double h = l[0] - l[1];
  const double phi_1 = std::expm1(-h), phi_2 = phi_1 / h + 1, phi_3 = phi_2 / h - 0.5;
  Weights w{.x = std_ratio, .x_0 = {-m_s * phi_1, 0, 0}};
  if (l.size() == 2) return w;

  const double r_0 = (l[1] - l[2]) / h;
  const bool third = l.size() > 3;
  const double r_1 = third ? (l[2] - l[3]) / h : 0;
  // The second derivative is twice the second divided difference; without that factor the method
  // would be of order 2.
  // First differences a_0 = (x_0 - x_0')/r_0 and a_1 = (x_0' - x_0'')/r_1. At order 2 the weight of
  // a_0 is -phi_1 / 2, which agrees with phi_2 to the order and is what the paper takes.
  double a_0 = -m_s * phi_1 / 2, a_1 = 0;
  if (third) {
    const double slope = m_s * phi_2, bend = -2 * m_s * phi_3 / (r_0 + r_1);
    a_0 = slope * (1 + r_0 / (r_0 + r_1)) + bend;
    a_1 = -slope * r_0 / (r_0 + r_1) - bend;
  }
  w.x_0[0] += a_0 / r_0;
  w.x_0[1] += (third ? a_1 / r_1 : 0) - a_0 / r_0;
  if (third) w.x_0[2] -= a_1 / r_1;
  return w;
}

}  // namespace

Update DpmSolver::step(const Tensor& x, const Times& t, const Times& s, const Tensor&) const {
  if (end_ != t) past_.clear();
  end_ = s;
  past_.push_front({t, denoised(sde_, x, t, score_(x, t))});
  if (past_.size() > order_) past_.pop_back();
  const Tensor& x_0 = past_.front().x_0;
  if (std::ranges::find(s, 0.0) != s.end()) return {x_0, x_0};

  std::vector<double> of_x, of_x_0[3];
  for (std::size_t n = 0; n < t.size(); ++n) {
    std::vector<double> l = {log_snr(sde_, s[n])};
    for (const Past& past : past_) l.push_back(log_snr(sde_, past.t[n]));
    const Weights w = weights(sde_.std(s[n]) / sde_.std(t[n]), sde_.mean_scale(s[n]), l);
    of_x.push_back(w.x);
    for (std::size_t i = 0; i < 3; ++i) of_x_0[i].push_back(w.x_0[i]);
  }
  Tensor x_s = scale_per_sample(x, of_x);
  for (std::size_t i = 0; i < past_.size(); ++i)
    x_s = x_s + scale_per_sample(past_[i].x_0, of_x_0[i]);
  return {x_s, x_s};
}

}  // namespace ito
