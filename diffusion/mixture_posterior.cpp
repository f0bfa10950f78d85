// A mixture after a linear measurement is a mixture again. The rows of y = A x + n are taken in one
// after another, each as a Kalman update of every component (Kalman 1960):
//   s = a C a + noise^2,  K = C a / s,  mu += K (y - a mu),  C -= K (C a)^T,  w *= N(y; a mu, s).

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>

#include "diffusion/mixture.h"

namespace ito {

namespace {

struct Belief {
  double log_weight;
  std::vector<double> mean, covariance;  ///< [D], [D, D]
};

Belief belief_of(const GaussianMixture::Component& c) {
  Belief b{std::log(c.weight), c.mean, GaussianMixture({c}).covariance()};
  return b;
}

void observe(Belief& b, const double* a, double y, double noise_std) {
  const std::size_t D = b.mean.size();
  std::vector<double> Ca(D, 0);
  for (std::size_t i = 0; i < D; ++i)
    Ca[i] = std::inner_product(a, a + D, b.covariance.begin() + static_cast<Index>(i * D), 0.0);
  const double s = std::inner_product(a, a + D, Ca.begin(), 0.0) + noise_std * noise_std;
  const double residual = y - std::inner_product(a, a + D, b.mean.begin(), 0.0);
  for (std::size_t i = 0; i < D; ++i) {
    b.mean[i] += Ca[i] / s * residual;
    for (std::size_t j = 0; j < D; ++j) b.covariance[i * D + j] -= Ca[i] * Ca[j] / s;
  }
  b.log_weight -= 0.5 * (std::log(2 * std::numbers::pi * s) + residual * residual / s);
}

}  // namespace

GaussianMixture GaussianMixture::posterior(const std::vector<double>& A,
                                           const std::vector<double>& y, double noise_std) const {
  const auto D = static_cast<std::size_t>(dimension());
  if (A.size() != y.size() * D || !(noise_std > 0))
    fail("mixture", "expected a measurement y [M] with A [M, ", D, "] and noise above 0, got ",
         y.size(), " and ", A.size(), " numbers with noise ", noise_std);
  std::vector<double> log_weights, weights;
  std::vector<std::vector<double>> means, covariances;
  for (const Component& c : components_) {
    Belief b = belief_of(c);
    for (std::size_t m = 0; m < y.size(); ++m) observe(b, A.data() + m * D, y[m], noise_std);
    log_weights.push_back(b.log_weight);
    means.push_back(b.mean);
    covariances.push_back(b.covariance);
  }
  const double largest = *std::max_element(log_weights.begin(), log_weights.end());
  for (double log_weight : log_weights)  // a mode may be ruled out, but not be of weight 0
    weights.push_back(std::max(std::exp(log_weight - largest), 1e-300));
  return full(weights, means, covariances);
}

}  // namespace ito
