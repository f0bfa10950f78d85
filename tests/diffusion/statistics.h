#pragma once
// What statistical tests share: values with their sampling error, and samples as doubles.

#include <cmath>
#include <vector>

#include "diffusion/mixture.h"

namespace ito::test {

using Rows = std::vector<std::vector<double>>;

/// x [N, D] as N rows.
inline Rows rows(const Tensor& x) {
  Rows result;
  std::vector<Real> values = x.to_host();
  auto D = values.size() / static_cast<std::size_t>(x.size(0));
  for (std::size_t i = 0; i < values.size(); i += D)
    result.emplace_back(values.begin() + static_cast<Index>(i),
                        values.begin() + static_cast<Index>(i + D));
  return result;
}

/// How many standard errors the mean of `values` is away from `truth`.
inline double z_score(const std::vector<double>& values, double truth) {
  double n = static_cast<double>(values.size()), mean = 0, squares = 0;
  for (double v : values) mean += v / n;
  for (double v : values) squares += (v - mean) * (v - mean) / (n - 1);
  return (mean - truth) / std::sqrt(squares / n);
}

/// Squared distance from each sample to the modes, in their own metric, weighted by the posterior
/// of the modes. Its mean is the dimension D, whatever the mixture; it is what tells best whether
/// the modes have the right width.
inline std::vector<double> mode_distances(const Rows& samples, const Rows& posterior,
                                          const GaussianMixture& mixture) {
  std::vector<double> distances;
  for (std::size_t n = 0; n < samples.size(); ++n) {
    double total = 0;
    for (std::size_t k = 0; k < posterior[n].size(); ++k) {
      const auto& c = mixture.components()[k];
      std::size_t D = c.mean.size();
      for (std::size_t j = 0; j < D; ++j) {
        double u = c.Q.empty() ? samples[n][j] - c.mean[j] : 0;  // coordinate j in the eigenbasis
        for (std::size_t i = 0; i < D && !c.Q.empty(); ++i)
          u += c.Q[i * D + j] * (samples[n][i] - c.mean[i]);
        total += posterior[n][k] * u * u / c.variances[j];
      }
    }
    distances.push_back(total);
  }
  return distances;
}

/// z-scores of everything that a sample of a mixture is tested for: the mean in each dimension,
/// each entry of the covariance (about the true mean), each mode's weight (mean responsibility),
/// and the modes' width.
inline std::vector<double> mixture_z_scores(const Tensor& x, const GaussianMixture& truth) {
  Rows samples = rows(x), responsibilities = truth.responsibilities(x);
  std::vector<double> mean = truth.mean(), covariance = truth.covariance(), scores;
  std::size_t D = mean.size();
  auto of = [&](auto statistic, double value) {
    std::vector<double> values;
    for (std::size_t n = 0; n < samples.size(); ++n) values.push_back(statistic(n));
    scores.push_back(z_score(values, value));
  };
  for (std::size_t i = 0; i < D; ++i) of([&](std::size_t n) { return samples[n][i]; }, mean[i]);
  for (std::size_t i = 0; i < D; ++i)
    for (std::size_t j = 0; j <= i; ++j)
      of([&](std::size_t n) { return (samples[n][i] - mean[i]) * (samples[n][j] - mean[j]); },
         covariance[i * D + j]);
  for (std::size_t k = 0; k < truth.components().size() && truth.components().size() > 1; ++k)
    of([&](std::size_t n) { return responsibilities[n][k]; }, truth.components()[k].weight);
  scores.push_back(
      z_score(mode_distances(samples, responsibilities, truth), static_cast<double>(D)));
  return scores;
}

inline double largest(const std::vector<double>& values) {
  double result = 0;
  for (double v : values) result = std::max(result, std::abs(v));
  return result;
}

/// Three unequal modes in the plane, one of them tilted: the target of the sampler tests.
inline GaussianMixture three_modes() {
  return GaussianMixture::full({0.5, 0.3, 0.2}, {{1.0, 0.5}, {-1.0, 0.8}, {0.2, -1.2}},
                               {{0.10, 0.06, 0.06, 0.08}, {0.06, 0, 0, 0.12}, {0.09, 0, 0, 0.05}});
}

}  // namespace ito::test
