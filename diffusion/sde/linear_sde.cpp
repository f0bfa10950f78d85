#include "diffusion/sde/linear_sde.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace ito {

namespace {

struct GaussNode {
  double place, weight;  ///< on [0, 1]
};

/// Gauss-Legendre with 3 nodes: exact for polynomials of degree 5.
const GaussNode gauss_nodes[] = {
    {0.5 - std::sqrt(0.15), 5.0 / 18}, {0.5, 8.0 / 18}, {0.5 + std::sqrt(0.15), 5.0 / 18}};

}  // namespace

LinearSde::LinearSde(std::function<double(double)> f, std::function<double(double)> g,
                     Options options)
    : Sde(options.N), f_(std::move(f)), g_(std::move(g)) {
  if (options.panels < 1) fail("linear_sde", "expected at least 1 panel, got ", options.panels);
  if (!(options.std_0 >= 0)) fail("linear_sde", "expected std_0 >= 0, got ", options.std_0);
  nodes_.push_back({0, options.std_0 * options.std_0});
  for (int k = 1; k <= options.panels; ++k) {
    const double a = static_cast<double>(k - 1) / options.panels;
    const double b = static_cast<double>(k) / options.panels;
    nodes_.push_back(advance(nodes_.back(), a, b));
    if (!std::isfinite(nodes_.back().log_scale) || !std::isfinite(nodes_.back().variance))
      fail("linear_sde", "f or g is not finite between t = ", a, " and ", b);
  }
}

double LinearSde::integral_of_f(double a, double b) const {
  double total = 0;
  for (const auto& [place, weight] : gauss_nodes) total += weight * f_(a + place * (b - a));
  return total * (b - a);
}

LinearSde::Moments LinearSde::advance(Moments from, double a, double b) const {
  const double log_scale = integral_of_f(a, b);
  double noise = 0;
  for (const auto& [place, weight] : gauss_nodes) {
    const double s = a + place * (b - a), g = g_(s);
    noise += weight * g * g * std::exp(2 * integral_of_f(s, b));
  }
  return {from.log_scale + log_scale, from.variance * std::exp(2 * log_scale) + noise * (b - a)};
}

LinearSde::Moments LinearSde::at(double t) const {
  if (!(t >= 0 && t <= T())) fail("linear_sde", "expected a time in [0, ", T(), "], got ", t);
  const std::size_t panels = nodes_.size() - 1;
  const std::size_t k = std::min(static_cast<std::size_t>(t * static_cast<double>(panels)), panels);
  return advance(nodes_[k], static_cast<double>(k) / static_cast<double>(panels), t);
}

double LinearSde::mean_scale(double t) const { return std::exp(at(t).log_scale); }

double LinearSde::std(double t) const { return std::sqrt(at(t).variance); }

double LinearSde::prior_std() const { return std::sqrt(nodes_.back().variance); }

Parametrisation LinearSde::parametrise(double t, Labels labels) const {
  if (labels == Labels::discrete)
    fail("linear_sde", "there is no discrete form: use continuous labels");
  return {999 * t, -1 / std(t)};
}

}  // namespace ito
