#include "diffusion/samplers/edm.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "diffusion/samplers/denoised.h"

namespace ito {

namespace {
constexpr double most_churn = std::numbers::sqrt2 - 1;
}

double edm_churn(double S_churn, Index N) {
  return std::min(S_churn / static_cast<double>(N), most_churn);
}

Edm::Edm(const Sde& sde, Score score, EdmOptions options)
    : sde_(sde), score_(std::move(score)), options_(options) {
  if (!(options.churn >= 0 && options.churn <= most_churn))
    fail("edm", "expected churn from 0 to sqrt(2) - 1, got ", options.churn);
}

/// (y - x_0) / sigma.
Tensor Edm::slope(const Tensor& y, const Times& t) const {
  auto m = per_sample(t, [&](double t_n) { return sde_.mean_scale(t_n); });
  auto precision = per_sample(t, [&](double t_n) { return 1 / noise_level(sde_, t_n); });
  const Tensor x = scale_per_sample(y, m);
  return scale_per_sample(y - denoised(sde_, x, t, score_(x, t)), precision);
}

/// The level after churning, not beyond the last one.
double Edm::raised(double level) const {
  if (level < options_.churn_min || level > options_.churn_max) return level;
  return std::max(level, std::min((1 + options_.churn) * level, noise_level(sde_, sde_.T())));
}

Update Edm::step(const Tensor& x, const Times& t, const Times& s, const Tensor& z) const {
  Times t_up;
  std::vector<double> inverse_m, added, step, half, m_s;
  for (std::size_t n = 0; n < t.size(); ++n) {
    const double level = noise_level(sde_, t[n]), up = raised(level);
    t_up.push_back(up > level ? time_of_level(sde_, up) : t[n]);
    inverse_m.push_back(1 / sde_.mean_scale(t[n]));
    added.push_back(options_.noise * std::sqrt(up * up - level * level));
    step.push_back(noise_level(sde_, s[n]) - up);
    half.push_back(step[n] / 2);
    m_s.push_back(s[n] > 0 ? sde_.mean_scale(s[n]) : 1);
  }
  const Tensor y = scale_per_sample(x, inverse_m) + scale_per_sample(z, added);
  const Tensor d = slope(y, t_up);
  Tensor y_s = y + scale_per_sample(d, step);
  if (std::ranges::find(s, 0.0) == s.end()) y_s = y + scale_per_sample(d + slope(y_s, s), half);
  const Tensor x_s = scale_per_sample(y_s, m_s);
  return {x_s, x_s};
}

}  // namespace ito
