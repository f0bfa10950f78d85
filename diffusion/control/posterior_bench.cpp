#include "diffusion/control/posterior_bench.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "diffusion/control/matrix_operator.h"
#include "diffusion/control/pixel_operators.h"
#include "diffusion/control/resampling_operators.h"
#include "engine/autograd.h"

namespace ito {

namespace {

using Numbers = std::vector<double>;

Shape shape_of(Index dimension) {
  if (dimension == 2) return {1, 2, 1};
  if (dimension == 16) return {4, 4, 1};
  if (dimension == 64) return {8, 8, 1};
  fail("bench", "expected 2, 16 or 64 dimensions, got ", dimension);
}

/// variance exp(-distance / 2) between the places of an image [H, W, 1].
Numbers smooth_covariance(const Shape& item, double variance) {
  Numbers covariance;
  const Index D = item.elements(), W = item[1];
  for (Index i = 0; i < D; ++i) {
    for (Index j = 0; j < D; ++j) {
      const auto rows = static_cast<double>(i / W - j / W),
                 columns = static_cast<double>(i % W - j % W);
      covariance.push_back(variance * std::exp(-std::hypot(rows, columns) / 2));
    }
  }
  return covariance;
}

GaussianMixture prior_named(const std::string& name, const Shape& item) {
  const auto D = static_cast<std::size_t>(item.elements());
  if (name == "gaussian")
    return GaussianMixture::full({1}, {Numbers(D, 0)}, {smooth_covariance(item, 1)});
  Numbers up(D, 0), down(D, 0);
  for (std::size_t i = 0; i < D; ++i) {
    up[i] = i % 2 == 0 ? 1 : -1;
    down[i] = -up[i];
  }
  const Numbers covariance = smooth_covariance(item, 1.0 / 3);
  return GaussianMixture::full({0.6, 0.4}, {up, down}, {covariance, covariance});
}

std::unique_ptr<Operator> operator_of(const std::string& name, const Shape& item) {
  const Index D = item.elements();
  if (name == "random") return random_projections(item, D / 2, 1);
  if (name == "box") return box_downsampling(item, 2);
  Tensor mask = Tensor::zeros(item);
  for (Index i = 0; i < D / 2; ++i) mask.mutable_data()[i] = 1;
  return std::make_unique<MaskOperator>(mask);
}

Numbers doubles(const Tensor& x) {
  const std::vector<Real> values = x.to_host();
  return {values.begin(), values.end()};
}

/// Row-major [M, D]; rows of zeros (what a mask leaves out) are dropped, of y too.
struct Rows {
  Numbers A, y;

  Rows(const Operator& of, const Tensor& measured) {
    const Index D = of.domain().elements(), M = of.range().elements();
    Tensor identity = Tensor::zeros(batch_shape(D, of.domain()));
    for (Index i = 0; i < D; ++i) identity.mutable_data()[i * (D + 1)] = 1;
    const Numbers columns = doubles(of.apply(identity)), all = doubles(measured);  // [D, M]
    for (Index m = 0; m < M; ++m) {
      Numbers row;
      for (Index i = 0; i < D; ++i) row.push_back(columns[static_cast<std::size_t>(i * M + m)]);
      if (std::all_of(row.begin(), row.end(), [](double a) { return a == 0; })) continue;
      A.insert(A.end(), row.begin(), row.end());
      y.push_back(all[static_cast<std::size_t>(m)]);
    }
  }
};

PosteriorProblem make_problem(const std::string& prior, const std::string& operation,
                              const Shape& item, std::uint64_t seed) {
  constexpr double noise = 0.2;
  GaussianMixture distribution = prior_named(prior, item);
  std::unique_ptr<Operator> A = operator_of(operation, item);
  const Tensor x = reshape(distribution.sample(1, {.seed = seed}), batch_shape(1, item));
  const Tensor clean = A->apply(x);
  const Tensor z = random_normal(clean.shape(), {.seed = seed, .purpose = Purpose::known_part});
  Tensor y = clean + z * noise;
  if (operation == "mask") y = A->apply(y);
  const Rows rows(*A, y);
  GaussianMixture posterior = distribution.posterior(rows.A, rows.y, noise);
  return {prior, operation, std::move(distribution), std::move(A), y, noise, std::move(posterior)};
}

/// Column d of x [N, D].
Numbers column(const Numbers& x, std::size_t D, std::size_t d) {
  Numbers values;
  for (std::size_t i = d; i < x.size(); i += D) values.push_back(x[i]);
  return values;
}

/// Samples [N, D] by coordinate, with their means.
struct Columns {
  std::vector<Numbers> values;
  Numbers means;

  Columns(const Numbers& x, std::size_t D) {
    for (std::size_t d = 0; d < D; ++d) {
      values.push_back(column(x, D, d));
      means.push_back(std::accumulate(values[d].begin(), values[d].end(), 0.0) /
                      static_cast<double>(values[d].size()));
    }
  }
  double covariance(std::size_t i, std::size_t j) const {
    double total = 0;
    for (std::size_t n = 0; n < values[i].size(); ++n)
      total += (values[i][n] - means[i]) * (values[j][n] - means[j]);
    return total / static_cast<double>(values[i].size() - 1);
  }
};

double mean_error(const Columns& x, const GaussianMixture& exact) {
  const Numbers mean = exact.mean(), covariance = exact.covariance();
  double shift = 0, trace = 0;
  for (std::size_t d = 0; d < mean.size(); ++d) {
    shift += std::pow(x.means[d] - mean[d], 2);
    trace += covariance[d * mean.size() + d];
  }
  return std::sqrt(shift / trace);
}

double covariance_error(const Columns& x, const GaussianMixture& exact) {
  const Numbers covariance = exact.covariance();
  const std::size_t D = x.means.size();
  double difference = 0, size = 0;
  for (std::size_t i = 0; i < D; ++i) {
    for (std::size_t j = 0; j < D; ++j) {
      difference += std::pow(x.covariance(i, j) - covariance[i * D + j], 2);
      size += std::pow(covariance[i * D + j], 2);
    }
  }
  return std::sqrt(difference / size);
}

/// Share of `exact` between the quantiles (1 - share) / 2 and (1 + share) / 2 of `sorted`.
double covered(const Numbers& sorted, const Numbers& exact, double share) {
  const auto at = [&](double quantile) {
    const double place = quantile * static_cast<double>(sorted.size() - 1);
    const auto below = static_cast<std::size_t>(place);
    const std::size_t above = std::min(below + 1, sorted.size() - 1);
    return sorted[below] + (place - static_cast<double>(below)) * (sorted[above] - sorted[below]);
  };
  const double low = at((1 - share) / 2), high = at((1 + share) / 2);
  const auto inside =
      std::count_if(exact.begin(), exact.end(), [&](double x) { return x >= low && x <= high; });
  return static_cast<double>(inside) / static_cast<double>(exact.size());
}

}  // namespace

std::vector<PosteriorProblem> posterior_problems(Index dimension, std::uint64_t seed) {
  const NoGrad no_grad;
  const Shape item = shape_of(dimension);
  std::vector<PosteriorProblem> problems;
  for (const char* prior : {"gaussian", "mixture"}) {
    for (const char* operation : {"mask", "random", "box"}) {
      if (dimension == 2 && std::string(operation) == "box") continue;
      problems.push_back(make_problem(prior, operation, item, seed));
    }
  }
  return problems;
}

double sliced_wasserstein(const Tensor& a, const Tensor& b, std::uint64_t seed) {
  constexpr Index directions = 64;
  if (a.rank() != 2 || a.shape() != b.shape())
    fail("sliced_wasserstein", "expected two sets [N, D], got ", a.shape(), " and ", b.shape());
  const Tensor u =
      random_normal({a.size(1), directions}, {.seed = seed, .purpose = Purpose::probe});
  const Tensor unit = u / sqrt(sum(square(u), {0}, true));
  const Numbers p = doubles(matmul(a, unit)), q = doubles(matmul(b, unit));  // [N, directions]
  double total = 0;
  for (std::size_t d = 0; d < directions; ++d) {
    Numbers x = column(p, directions, d), y = column(q, directions, d);
    std::sort(x.begin(), x.end());
    std::sort(y.begin(), y.end());
    for (std::size_t i = 0; i < x.size(); ++i) total += (x[i] - y[i]) * (x[i] - y[i]);
  }
  return std::sqrt(total / static_cast<double>(p.size()));
}

PosteriorErrors compare_with(const GaussianMixture& exact, const Tensor& samples,
                             std::uint64_t seed) {
  const NoGrad no_grad;
  const Index N = samples.size(0);
  const auto D = static_cast<std::size_t>(exact.dimension());
  if (N < 20 || samples.elements() != N * exact.dimension())
    fail("bench", "expected at least 20 samples of ", D, " numbers, got ", samples.shape());
  const Tensor x = reshape(samples, {N, -1}), truth = exact.sample(N, {.seed = seed});
  const Columns ours(doubles(x), D);
  PosteriorErrors errors{};
  errors.mean = mean_error(ours, exact);
  errors.covariance = covariance_error(ours, exact);
  errors.sliced_wasserstein = sliced_wasserstein(x, truth, seed);
  const Columns theirs(doubles(truth), D);
  for (std::size_t d = 0; d < D; ++d) {
    Numbers sorted = ours.values[d];
    std::sort(sorted.begin(), sorted.end());
    errors.coverage_50 += covered(sorted, theirs.values[d], 0.5) / static_cast<double>(D);
    errors.coverage_90 += covered(sorted, theirs.values[d], 0.9) / static_cast<double>(D);
  }
  return errors;
}

}  // namespace ito
