#include "diffusion/sde/beta_schedule.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "engine/error.h"

namespace ito {

void LinearBeta::check() const {
  if (!(min >= 0 && min <= max))
    fail("beta", "expected 0 <= beta_min <= beta_max, got ", min, " and ", max);
}

std::vector<double> LinearBeta::discrete(int N) const {
  if (N <= max)
    fail("beta", "expected more than beta_max = ", max, " discretisation steps, got N = ", N);
  std::vector<double> betas;
  for (int i = 0; i < N; ++i)
    betas.push_back((*this)(N > 1 ? static_cast<double>(i) / (N - 1) : 0) / N);
  return betas;
}

namespace {

constexpr double right_angle = std::numbers::pi / 2;

}  // namespace

void CosineBeta::check() const {
  if (!(s > 0 && max > 0))
    fail("beta", "expected a cosine schedule with s > 0 and max > 0, got ", s, " and ", max);
}

double CosineBeta::operator()(double t) const {
  if (t >= cut()) return max;
  return 2 * right_angle / (1 + s) * std::tan(right_angle * (t + s) / (1 + s));
}

double CosineBeta::cut() const {
  return (1 + s) / right_angle * std::atan(max * (1 + s) / (2 * right_angle)) - s;
}

/// log(cos(a + b) / cos(a)) for the angles a at 0 and a + b at t, without cancellation.
double CosineBeta::uncut_log_mean_scale(double t) const {
  const double a = right_angle * s / (1 + s), b = right_angle * t / (1 + s);
  return std::log1p(-2 * std::pow(std::sin(b / 2), 2) - std::tan(a) * std::sin(b));
}

double CosineBeta::log_mean_scale(double t) const {
  const double before = std::min(t, cut());
  return uncut_log_mean_scale(before) - max * (t - before) / 2;
}

std::vector<double> CosineBeta::discrete(int N) const {
  const auto squared = [&](int i) {  // mean_scale^2(i/N), 0 at the end
    const double t = static_cast<double>(i) / N;
    return i == N ? 0 : std::exp(2 * uncut_log_mean_scale(t));
  };
  std::vector<double> betas;
  for (int i = 0; i < N; ++i) betas.push_back(std::min(1 - squared(i + 1) / squared(i), 0.999));
  return betas;
}

}  // namespace ito
