#include "diffusion/truth/measures.h"

#include <algorithm>
#include <cmath>

namespace ito {

double gaussian_kl(const std::vector<double>& mean, const std::vector<double>& variances,
                   const std::vector<double>& target_mean,
                   const std::vector<double>& target_variances) {
  double kl = 0;
  for (std::size_t d = 0; d < mean.size(); ++d) {
    const double ratio = variances[d] / target_variances[d], off = mean[d] - target_mean[d];
    kl += (ratio - 1 - std::log(ratio) + off * off / target_variances[d]) / 2;
  }
  return kl;
}

namespace {

using Component = GaussianMixture::Component;

/// Q^T (x - mean): coordinates along the component's axes.
std::vector<double> coordinates(const Component& c, const Real* x) {
  const std::size_t D = c.mean.size();
  std::vector<double> off(D), along(D, 0);
  for (std::size_t i = 0; i < D; ++i) off[i] = static_cast<double>(x[i]) - c.mean[i];
  if (c.Q.empty()) return off;
  for (std::size_t i = 0; i < D; ++i)
    for (std::size_t j = 0; j < D; ++j) along[j] += c.Q[i * D + j] * off[i];
  return along;
}

}  // namespace

ModeFit fit_modes(const GaussianMixture& target, const Tensor& x) {
  const auto responsibilities = target.responsibilities(x);
  const std::vector<Real> values = x.to_host();
  const auto D = static_cast<std::size_t>(target.dimension());
  ModeFit fit;
  for (std::size_t k = 0; k < target.components().size(); ++k) {
    double mass = 0;
    std::vector<double> mean(D, 0), square(D, 0);
    for (std::size_t n = 0; n < responsibilities.size(); ++n) {
      const double r = responsibilities[n][k];
      if (r < 1e-12) continue;
      const auto u = coordinates(target.components()[k], values.data() + n * D);
      mass += r;
      for (std::size_t d = 0; d < D; ++d) mean[d] += r * u[d], square[d] += r * u[d] * u[d];
    }
    for (std::size_t d = 0; d < D; ++d) {
      mean[d] /= std::max(mass, 1e-300);
      square[d] = square[d] / std::max(mass, 1e-300) - mean[d] * mean[d];
    }
    fit.weights.push_back(mass / static_cast<double>(x.size(0)));
    fit.means.push_back(mean);
    fit.variances.push_back(square);
  }
  return fit;
}

double mode_fit_kl(const GaussianMixture& target, const ModeFit& fit) {
  double kl = 0;
  for (std::size_t k = 0; k < fit.weights.size(); ++k) {
    const Component& c = target.components()[k];
    const double w = fit.weights[k];
    if (w > 0) kl += w * std::log(w / c.weight);
    const bool known = std::ranges::all_of(fit.variances[k], [](double v) { return v > 0; });
    const std::vector<double> origin(c.mean.size(), 0);  // coordinates begin at the mean
    if (w > 0 && known) kl += w * gaussian_kl(fit.means[k], fit.variances[k], origin, c.variances);
  }
  return kl;
}

double weight_error(const GaussianMixture& target, const ModeFit& fit) {
  double worst = 0;
  for (std::size_t k = 0; k < fit.weights.size(); ++k)
    worst = std::max(worst, std::abs(fit.weights[k] - target.components()[k].weight));
  return worst;
}

namespace {

/// Unit vectors [D, directions], the same ones for everything in D dimensions.
Tensor unit_directions(Index D, Index directions) {
  const Tensor v = random_normal({D, directions}, {.seed = 2, .purpose = Purpose::probe});
  return v / sqrt(sum(square(v), {0}, true));
}

std::vector<std::vector<Real>> sorted_projections(const Tensor& x, const Tensor& directions) {
  const Tensor projected = matmul(directions, x, true, true);  // [directions, N]
  const std::vector<Real> values = projected.to_host();
  std::vector<std::vector<Real>> rows;
  for (Index i = 0; i < projected.size(0); ++i) {
    rows.emplace_back(values.begin() + i * x.size(0), values.begin() + (i + 1) * x.size(0));
    std::ranges::sort(rows.back());
  }
  return rows;
}

}  // namespace

double sliced_wasserstein(const Tensor& x, const Tensor& y, Index directions) {
  if (x.rank() != 2 || x.shape() != y.shape())
    fail("sliced_wasserstein", "expected two samples [N, D] alike, got ", x.shape(), " and ",
         y.shape());
  const Tensor v = unit_directions(x.size(1), directions);
  const auto a = sorted_projections(x, v), b = sorted_projections(y, v);
  double squares = 0;
  for (std::size_t i = 0; i < a.size(); ++i)
    for (std::size_t n = 0; n < a[i].size(); ++n)
      squares += std::pow(static_cast<double>(a[i][n]) - static_cast<double>(b[i][n]), 2);
  return std::sqrt(squares / static_cast<double>(directions * x.size(0)));
}

}  // namespace ito
