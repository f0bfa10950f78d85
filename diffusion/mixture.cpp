#include "diffusion/mixture.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "diffusion/symmetric_eigen.h"

namespace ito {

using Component = GaussianMixture::Component;

GaussianMixture::GaussianMixture(std::vector<Component> components)
    : components_(std::move(components)) {
  if (components_.empty()) fail("mixture", "expected at least one component");
  std::size_t D = components_[0].mean.size();
  double total = 0;
  for (const Component& c : components_) {
    if (D == 0 || c.mean.size() != D || c.variances.size() != D ||
        (!c.Q.empty() && c.Q.size() != D * D))
      fail("mixture", "expected components of one dimension D: means [D], variances [D], Q [D, D]");
    if (!(c.weight > 0)) fail("mixture", "expected positive weights, got ", c.weight);
    for (double variance : c.variances)
      if (!(variance > 0)) fail("mixture", "expected positive variances, got ", variance);
    total += c.weight;
  }
  for (Component& c : components_) c.weight /= total;
}

GaussianMixture GaussianMixture::full(const std::vector<double>& weights,
                                      const std::vector<std::vector<double>>& means,
                                      const std::vector<std::vector<double>>& covariances) {
  if (means.size() != weights.size() || covariances.size() != weights.size())
    fail("mixture", "expected ", weights.size(), " means and covariances, got ", means.size(),
         " and ", covariances.size());
  std::vector<Component> components;
  for (std::size_t k = 0; k < weights.size(); ++k) {
    SymmetricEigen eigen = symmetric_eigen(covariances[k], static_cast<Index>(means[k].size()));
    components.push_back({weights[k], means[k], eigen.values, eigen.vectors});
  }
  return GaussianMixture(std::move(components));
}

GaussianMixture GaussianMixture::diagonal(const std::vector<double>& weights,
                                          const std::vector<std::vector<double>>& means,
                                          const std::vector<std::vector<double>>& variances) {
  if (means.size() != weights.size() || variances.size() != weights.size())
    fail("mixture", "expected ", weights.size(), " means and variances, got ", means.size(),
         " and ", variances.size());
  std::vector<Component> components;
  for (std::size_t k = 0; k < weights.size(); ++k)
    components.push_back({weights[k], means[k], variances[k], {}});
  return GaussianMixture(std::move(components));
}

namespace {

/// Q^T v, or v for an empty Q.
std::vector<double> to_eigenbasis(const std::vector<double>& Q, const std::vector<double>& v) {
  if (Q.empty()) return v;
  std::size_t D = v.size();
  std::vector<double> u(D, 0);
  for (std::size_t i = 0; i < D; ++i)
    for (std::size_t j = 0; j < D; ++j) u[j] += Q[i * D + j] * v[i];
  return u;
}

/// Q u, or u for an empty Q.
std::vector<double> from_eigenbasis(const std::vector<double>& Q, const std::vector<double>& u) {
  if (Q.empty()) return u;
  std::size_t D = u.size();
  std::vector<double> v(D, 0);
  for (std::size_t i = 0; i < D; ++i)
    for (std::size_t j = 0; j < D; ++j) v[i] += Q[i * D + j] * u[j];
  return v;
}

std::vector<Real> rows(const Tensor& x, Index D) {
  if (x.rank() < 1 || x.elements() != x.size(0) * D)
    fail("mixture", "expected [N, ", D, "], got ", x.shape());
  return x.to_host();
}

double log_sum_exp(const std::vector<double>& values) {
  double largest = *std::max_element(values.begin(), values.end()), total = 0;
  for (double value : values) total += std::exp(value - largest);
  return largest + std::log(total);
}

}  // namespace

std::vector<double> GaussianMixture::mean() const {
  std::vector<double> mean(components_[0].mean.size(), 0);
  for (const Component& c : components_)
    for (std::size_t i = 0; i < mean.size(); ++i) mean[i] += c.weight * c.mean[i];
  return mean;
}

std::vector<double> GaussianMixture::covariance() const {
  std::vector<double> center = mean();
  std::size_t D = center.size();
  std::vector<double> covariance(D * D, 0);
  for (const Component& c : components_)
    for (std::size_t i = 0; i < D; ++i)
      for (std::size_t j = 0; j < D; ++j) {
        double within = 0;  // (Q diag(variances) Q^T)[i, j]
        for (std::size_t k = 0; k < D && !c.Q.empty(); ++k)
          within += c.Q[i * D + k] * c.variances[k] * c.Q[j * D + k];
        if (c.Q.empty() && i == j) within = c.variances[i];
        double between = (c.mean[i] - center[i]) * (c.mean[j] - center[j]);
        covariance[i * D + j] += c.weight * (within + between);
      }
  return covariance;
}

Tensor GaussianMixture::sample(Index N, const RandomStream& stream) const {
  Index D = dimension();
  std::vector<double> u = uniform_per_image(N, stream);
  RandomStream normals = stream;
  ++normals.sub;
  std::vector<Real> x = random_normal({N, D}, normals).to_host();
  for (std::size_t n = 0; n < u.size(); ++n) {
    std::size_t k = 0;
    for (double below = components_[0].weight; u[n] > below && k + 1 < components_.size();)
      below += components_[++k].weight;
    const Component& c = components_[k];
    Real* row = x.data() + n * static_cast<std::size_t>(D);
    std::vector<double> z(row, row + D);
    for (std::size_t i = 0; i < z.size(); ++i) z[i] *= std::sqrt(c.variances[i]);
    z = from_eigenbasis(c.Q, z);
    for (std::size_t i = 0; i < z.size(); ++i) row[i] = static_cast<Real>(c.mean[i] + z[i]);
  }
  return Tensor({N, D}, x);
}

/// log(weight_k N(x; component k)) for each k.
std::vector<double> GaussianMixture::log_joint(const Real* x) const {
  std::vector<double> result;
  for (const Component& c : components_) {
    std::vector<double> d(c.mean.size());
    for (std::size_t i = 0; i < d.size(); ++i) d[i] = static_cast<double>(x[i]) - c.mean[i];
    d = to_eigenbasis(c.Q, d);
    double log_p = std::log(c.weight);
    for (std::size_t i = 0; i < d.size(); ++i)
      log_p -=
          0.5 * (std::log(2 * std::numbers::pi * c.variances[i]) + d[i] * d[i] / c.variances[i]);
    result.push_back(log_p);
  }
  return result;
}

std::vector<double> GaussianMixture::log_density(const Tensor& x) const {
  std::vector<Real> values = rows(x, dimension());
  std::vector<double> result;
  for (Index n = 0; n < x.size(0); ++n)
    result.push_back(log_sum_exp(log_joint(values.data() + n * dimension())));
  return result;
}

LogDensity GaussianMixture::log_density(const Sde& sde) const {
  return [mixture = *this, &sde](const Tensor& x, const Times& t) {
    std::vector<double> result;
    for (Index begin = 0, end = 0, N = x.size(0); begin < N; begin = end) {
      const double t_n = t[static_cast<std::size_t>(begin)];
      while (end < N && t[static_cast<std::size_t>(end)] == t_n) ++end;  // samples of one time
      const auto part = mixture.marginal(sde, t_n).log_density(slice(x, 0, begin, end));
      result.insert(result.end(), part.begin(), part.end());
    }
    return result;
  };
}

std::vector<std::vector<double>> GaussianMixture::responsibilities(const Tensor& x) const {
  std::vector<Real> values = rows(x, dimension());
  std::vector<std::vector<double>> result;
  for (Index n = 0; n < x.size(0); ++n) {
    std::vector<double> r = log_joint(values.data() + n * dimension());
    double total = log_sum_exp(r);
    for (double& r_k : r) r_k = std::exp(r_k - total);
    result.push_back(r);
  }
  return result;
}

GaussianMixture GaussianMixture::marginal(const Sde& sde, double t) const {
  double m = sde.mean_scale(t), std = sde.std(t);
  std::vector<Component> components = components_;
  for (Component& c : components) {
    for (double& mean : c.mean) mean *= m;
    for (double& variance : c.variances) variance = m * m * variance + std * std;
  }
  return GaussianMixture(std::move(components));
}

}  // namespace ito
