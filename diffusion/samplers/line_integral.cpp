#include "diffusion/samplers/line_integral.h"

#include <cmath>

namespace ito {

const std::vector<Quadrature>& quadratures() {
  static const std::vector<Quadrature> rules = {
      {"trapezoid", {1.0 / 2, 1.0 / 2}},
      {"simpson", {1.0 / 6, 4.0 / 6, 1.0 / 6}},
      {"boole", {7.0 / 90, 32.0 / 90, 12.0 / 90, 32.0 / 90, 7.0 / 90}}};
  return rules;
}

const Quadrature& quadrature_named(const std::string& name) {
  for (const Quadrature& rule : quadratures())
    if (rule.name == name) return rule;
  fail("quadrature", "expected trapezoid, simpson or boole, got ", name);
}

std::vector<double> inner_products(const Tensor& a, const Tensor& b) {
  const std::vector<Real> a_values = a.to_host(), b_values = b.to_host();
  const auto N = static_cast<std::size_t>(a.size(0)), D = a_values.size() / N;
  std::vector<double> dots(N, 0);
  for (std::size_t i = 0; i < N * D; ++i)
    dots[i / D] += static_cast<double>(a_values[i]) * static_cast<double>(b_values[i]);
  return dots;
}

std::vector<double> line_integral(const Score& score, const Tensor& x, const Tensor& y,
                                  const Tensor& score_x, const Tensor& score_y, const Times& t,
                                  const Quadrature& rule) {
  const std::size_t last = rule.weights.size() - 1;
  // The same sums from either end: nodes are taken in pairs about the middle.
  Tensor mean = (score_x + score_y) * rule.weights[0];
  for (std::size_t j = 1; 2 * j <= last; ++j) {
    const double u = static_cast<double>(j) / static_cast<double>(last);
    const Tensor near = score(x * (1 - u) + y * u, t);
    const bool middle = 2 * j == last;
    mean = mean + (middle ? near : near + score(x * u + y * (1 - u), t)) * rule.weights[j];
  }
  return inner_products(mean, y - x);
}

std::vector<double> loop_integral(const Score& score, const Tensor& x, const Tensor& y,
                                  const Tensor& w, const Times& t, const Quadrature& rule) {
  const Tensor s_x = score(x, t), s_y = score(y, t), s_w = score(w, t);
  std::vector<double> total = line_integral(score, x, y, s_x, s_y, t, rule);
  const auto second = line_integral(score, y, w, s_y, s_w, t, rule),
             third = line_integral(score, w, x, s_w, s_x, t, rule);
  for (std::size_t n = 0; n < total.size(); ++n) total[n] += second[n] + third[n];
  return total;
}

double loop_rms(const Score& score, const Tensor& x, double t, double reach, const Quadrature& rule,
                const RandomStream& stream) {
  RandomStream second = stream;
  ++second.sub;
  const Tensor y = x + random_normal(x.shape(), stream, x.device()) * reach,
               w = x + random_normal(x.shape(), second, x.device()) * reach;
  const Times times(static_cast<std::size_t>(x.size(0)), t);
  double total = 0;
  for (const double loop : loop_integral(score, x, y, w, times, rule)) total += loop * loop;
  return std::sqrt(total / static_cast<double>(x.size(0)));
}

}  // namespace ito
