#include "diffusion/likelihood/discretised_gaussian.h"

#include <cmath>
#include <limits>
#include <numbers>

namespace ito {

namespace {

constexpr double unbounded = std::numeric_limits<double>::infinity();

/// log Q(x) for x >= 0, Q(x) = 1 - Phi(x): by erfc, or where that leaves the range of doubles by
/// the asymptotic series (Abramowitz and Stegun 1964, 26.2.12), whose error at x = 25 is the next
/// term, 10395 / x^12 < 2e-13.
double log_upper_tail(double x) {
  if (x == unbounded) return -unbounded;
  if (x < 25) return std::log(std::erfc(x / std::numbers::sqrt2) / 2);
  const double y = 1 / (x * x);
  const double series = y * (-1 + y * (3 + y * (-15 + y * (105 - y * 945))));
  return -x * x / 2 - std::log(x * std::sqrt(2 * std::numbers::pi)) + std::log1p(series);
}

}  // namespace

double log_normal_interval(double a, double b) {
  if (a < 0 && b > 0)
    return std::log1p(-std::exp(log_upper_tail(-a)) - std::exp(log_upper_tail(b)));
  if (b <= 0) return log_normal_interval(-b, -a);
  const double from = log_upper_tail(a);
  return from + std::log(-std::expm1(log_upper_tail(b) - from));
}

double log_level_mass(double x, double mean, double std, const LevelGrid& grid) {
  const double u = (x - mean) / std;
  if (grid.spacing == 0) return -0.5 * u * u - std::log(std * std::sqrt(2 * std::numbers::pi));
  const double half = grid.spacing / 2;
  const double a = x < grid.low + half ? -unbounded : u - half / std;
  const double b = x > grid.high - half ? unbounded : u + half / std;
  return log_normal_interval(a, b);
}

}  // namespace ito
