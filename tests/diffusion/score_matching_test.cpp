// The objectives of score matching against each other, as integration by parts relates them, and
// against the closed-form minimisers of an affine score.

#include <gtest/gtest.h>

#include <cmath>

#include "diffusion/objectives/explicit.h"
#include "diffusion/objectives/implicit.h"
#include "diffusion/objectives/importance.h"
#include "diffusion/objectives/single_level.h"
#include "diffusion/objectives/sliced.h"
#include "diffusion/sde/subvp.h"
#include "diffusion/sde/ve.h"
#include "diffusion/sde/vp.h"
#include "diffusion/symmetric_eigen.h"
#include "engine/autograd.h"
#include "nn/networks/mlp.h"
#include "tests/diffusion/statistics.h"

namespace ito {
namespace {

constexpr bool matching_in_double = sizeof(Real) == 8;

/// A score s(x) = x A + b, as the rows of W = [A; b].
struct AffineScore {
  Tensor A = Tensor::zeros({2, 2}), b = Tensor::zeros({2});

  explicit AffineScore(const std::vector<double>& W) {
    A.assign(std::vector<Real>(W.begin(), W.begin() + 4));
    b.assign(std::vector<Real>(W.begin() + 4, W.end()));
    A.require_grad();
    b.require_grad();
  }
  Score score() const {
    return [this](const Tensor& x, const Times&) { return matmul(x, A) + b; };
  }
};

/// Of the loss, with respect to A and b: the largest entry.
double largest_gradient(const AffineScore& affine, const Loss& loss) {
  std::vector<double> all;
  for (const Tensor& g : grad(loss.mean, {affine.A, affine.b}))
    for (Real value : g.to_host()) all.push_back(static_cast<double>(value));
  return test::largest(all);
}

/// The W that minimises the mean of <R, W> + 1/2 |(x, 1) W|^2 over the rows x: W = -M^-1 R, with M
/// the mean of (x, 1)^T (x, 1), of size [3, 3], and R of size [3, 2].
std::vector<double> affine_minimiser(const test::Rows& x, const std::vector<double>& R) {
  std::vector<double> M(9, 0), W(6, 0);
  for (const auto& row : x) {
    const double one[3] = {row[0], row[1], 1};
    for (std::size_t i = 0; i < 9; ++i)
      M[i] += one[i / 3] * one[i % 3] / static_cast<double>(x.size());
  }
  const SymmetricEigen eigen = symmetric_eigen(M, 3);
  for (std::size_t i = 0; i < 3; ++i)
    for (std::size_t j = 0; j < 2; ++j)
      for (std::size_t k = 0; k < 3; ++k)
        for (std::size_t l = 0; l < 3; ++l)
          W[2 * i + j] -=
              eigen.vectors[3 * i + k] * eigen.vectors[3 * l + k] / eigen.values[k] * R[2 * l + j];
  return W;
}

const GaussianMixture& tilted_gaussian() {
  static const auto gaussian = GaussianMixture::full({1}, {{0.5, -1}}, {{0.8, 0.3, 0.3, 0.4}});
  return gaussian;
}

/// Two projections whose v v^T average to the identity.
std::vector<Tensor> both_diagonals(Index N) {
  std::vector<Real> alternating;
  for (Index n = 0; n < N; ++n) alternating.insert(alternating.end(), {1, -1});
  return {Tensor::full({N, 2}, 1), Tensor({N, 2}, alternating)};
}

/// The gradient is a sum of terms of size 1, which cancel to rounding (of 500 samples in Real).
constexpr double affine_tolerance = matching_in_double ? 1e-13 : 1e-5;

TEST(AffineScore, MinimisesImplicitAndSlicedWhereTheInverseCovarianceSays) {
  constexpr Index N = 500;
  const Tensor x = tilted_gaussian().sample(N, {1, Purpose::noise, 0, 0, 0});
  const Times t(N, 0.5);
  const AffineScore best(affine_minimiser(test::rows(x), {1, 0, 0, 1, 0, 0}));
  EXPECT_LT(largest_gradient(best, implicit_loss(best.score(), x, t)), affine_tolerance);
  for (Variance variance : {Variance::plain, Variance::reduced}) {
    const Loss loss = sliced_loss(best.score(), x, t, both_diagonals(N), variance);
    EXPECT_LT(largest_gradient(best, loss), affine_tolerance);
  }
  // At the minimum of <R, W> + 1/2 W^T M W the quadratic term is minus half the linear one.
  EXPECT_NEAR(implicit_loss(best.score(), x, t).mean.item(),
              0.5 * static_cast<double>(best.A.data()[0] + best.A.data()[3]), 1e-5);
  const AffineScore other({-1, 0, 0.1, -1, 0, 0});
  EXPECT_GT(largest_gradient(other, implicit_loss(other.score(), x, t)), 0.1);
}

TEST(AffineScore, MinimisesSingleLevelWhereRegressionSays) {
  constexpr Index N = 500;
  constexpr double sigma = 0.5;
  const Tensor x_0 = tilted_gaussian().sample(N, {2, Purpose::noise, 0, 0, 0});
  const Tensor z = random_normal({N, 2}, {2, Purpose::noise, 0, 2, 0});
  const test::Rows y = test::rows(x_0 + sigma * z), noise = test::rows(z);
  std::vector<double> R(6, 0);  // mean of (y, 1)^T z / sigma
  for (std::size_t n = 0; n < y.size(); ++n)
    for (std::size_t j = 0; j < 2; ++j) {
      const double target = noise[n][j] / sigma / N;
      R[j] += y[n][0] * target;
      R[2 + j] += y[n][1] * target;
      R[4 + j] += target;
    }
  const AffineScore best(affine_minimiser(y, R));
  EXPECT_LT(largest_gradient(best, single_level_loss(best.score(), x_0, Times(N, 0), sigma, z)),
            affine_tolerance);
}

TEST(AffineScore, MinimisesExplicitAtTheTruth) {
  // (x - mu) times the inverse of the covariance, whose determinant is 0.23.
  const std::vector<double> P = {0.4 / 0.23, -0.3 / 0.23, 0.8 / 0.23};
  const AffineScore truth({-P[0], -P[1], -P[1], -P[2], 0.5 * P[0] - P[1], 0.5 * P[1] - P[2]});
  const VeSde sde(1e-8, 1);  // at t = 0 next to no noise
  const Tensor x = random_normal({100, 2}, {3, Purpose::noise, 0, 0, 0});
  const Times t(100, 0);
  const Loss loss = explicit_loss(truth.score(), tilted_gaussian().score(sde), x, t);
  EXPECT_LT(loss.mean.item(), matching_in_double ? 1e-13 : 1e-9);
  EXPECT_LT(largest_gradient(truth, loss), affine_tolerance);
}

/// What the integrals over the plane are of: a mixture at a noise level, and a score that is not
/// its own. The trapezoidal rule with 5 points to the smallest standard deviation (0.33) converges
/// far below rounding.
struct Plane {
  VpSde sde;
  double time = 0.05;
  GaussianMixture data = test::three_modes();
  GaussianMixture model = GaussianMixture::full({0.4, 0.6}, {{0.8, 0.2}, {-0.6, -0.4}},
                                                {{0.4, 0.1, 0.1, 0.3}, {0.5, -0.2, -0.2, 0.6}});
  Tensor x;
  Times t;
  std::vector<double> weight;  ///< p_t times the area of a cell

  Plane() {
    constexpr double h = 0.06;
    std::vector<Real> points;
    for (double a = -4; a < 4; a += h)
      for (double b = -4; b < 4; b += h)
        points.insert(points.end(), {static_cast<Real>(a), static_cast<Real>(b)});
    x = Tensor({static_cast<Index>(points.size() / 2), 2}, points);
    t.assign(points.size() / 2, time);
    for (double log_p : data.marginal(sde, time).log_density(x))
      weight.push_back(std::exp(log_p) * h * h);
  }
  double integral(const Tensor& f) const {
    double total = 0;
    const std::vector<Real> values = f.to_host();
    for (std::size_t n = 0; n < weight.size(); ++n)
      total += weight[n] * static_cast<double>(values[n]);
    return total;
  }
  /// 1/2 E |grad log p_t|^2
  double constant() const {
    const Score zero = [](const Tensor& points, const Times&) { return points * 0; };
    return integral(explicit_loss(zero, data.score(sde), x, t).per_example);
  }
};

/// Terms of up to some tens in Real; in float the grid's points are rounded too.
constexpr double plane_tolerance = matching_in_double ? 1e-10 : 1e-4;

TEST(ScoreMatching, ImplicitIsExplicitUpToItsConstant) {
  const Plane plane;
  const Score model = plane.model.score(plane.sde);
  const double known = plane.integral(
      explicit_loss(model, plane.data.score(plane.sde), plane.x, plane.t).per_example);
  const double implied = plane.integral(implicit_loss(model, plane.x, plane.t).per_example);
  EXPECT_NEAR(plane.integral(Tensor::full({plane.x.size(0)}, 1)), 1, 1e-5);
  EXPECT_GT(known, 1);
  EXPECT_NEAR(implied + plane.constant(), known, plane_tolerance * plane.constant());
}

TEST(ScoreMatching, SlicesAlongAnOrthogonalPairAreTheImplicitLoss) {
  const Plane plane;
  const Score model = plane.model.score(plane.sde);
  const std::vector<Real> whole = implicit_loss(model, plane.x, plane.t).per_example.to_host();
  for (Variance variance : {Variance::plain, Variance::reduced}) {
    const Loss sliced =
        sliced_loss(model, plane.x, plane.t, both_diagonals(plane.x.size(0)), variance);
    for (std::size_t n = 0; n < whole.size(); ++n)
      ASSERT_NEAR(sliced.per_example.data()[n], whole[n],
                  (matching_in_double ? 1e-12 : 2e-5) * (1 + std::abs(whole[n])));
  }
}

/// Random projections: right on average, within 4 standard errors.
TEST(ScoreMatching, RandomSlicesAverageToTheImplicitLoss) {
  const Plane plane;
  constexpr Index N = 20000;
  const Tensor x = plane.data.sample(N, {4, Purpose::noise, 0, 0, 0});
  const Times t(N, plane.time);
  const Score model = plane.model.score(plane.sde);
  const Tensor whole = implicit_loss(model, x, t).per_example;
  for (ProbeType type : {ProbeType::rademacher, ProbeType::gaussian})
    for (Variance variance : {Variance::plain, Variance::reduced}) {
      const auto v = draw_projections(type, x.shape(), 1, {4, 0, 0});
      const std::vector<Real> error =
          (sliced_loss(model, x, t, v, variance).per_example - whole).to_host();
      EXPECT_LT(std::abs(test::z_score({error.begin(), error.end()}, 0)), 4);
      EXPECT_GT(sum_squares(Tensor({N}, error)), N);  // single ones are far off
    }
}

/// What is reduced is the scatter of the quadratic term: a score that does not depend on x has no
/// other, and its loss is then exact.
TEST(ScoreMatching, ReducedVarianceLeavesNoneOfTheNorm) {
  const Tensor x = random_normal({50, 2}, {4, Purpose::noise, 0, 0, 0});
  const Score constant = [](const Tensor& points, const Times&) {
    return points * 0 + Tensor({2}, {3, 4});
  };
  const auto v = draw_projections(ProbeType::gaussian, x.shape(), 1, {4, 0, 0});
  const auto scatter = [&](Variance variance) {
    return sum_squares(sliced_loss(constant, x, Times(50, 0), v, variance).per_example - 12.5);
  };
  EXPECT_EQ(scatter(Variance::reduced), 0);
  EXPECT_GT(scatter(Variance::plain), 50);
}

TEST(ScoreMatching, ProjectionsDoNotDependOnHowTheBatchIsSplit) {
  const auto whole = draw_projections(ProbeType::gaussian, {5, 3}, 2, {9, 4, 0});
  const auto rest = draw_projections(ProbeType::gaussian, {2, 3}, 2, {9, 4, 3});
  for (std::size_t k = 0; k < 2; ++k)
    EXPECT_EQ(slice(whole[k], 0, 3, 5).to_host(), rest[k].to_host());
  EXPECT_NE(whole[0].to_host(), whole[1].to_host());
}

/// Vincent 2011: regression on the kernel's score exceeds the explicit objective of the perturbed
/// data by a constant; the mean of the difference over samples, within 4 standard errors.
TEST(ScoreMatching, SingleLevelIsExplicitUpToItsConstant) {
  Plane plane;
  const VeSde sde(0.25, 1);
  constexpr double time = 0.5, sigma = 0.5;
  constexpr Index N = 50000;
  ASSERT_NEAR(sde.std(time), sigma, 1e-15);
  const Tensor x_0 = plane.data.sample(N, {5, Purpose::noise, 0, 0, 0});
  const Tensor z = random_normal({N, 2}, {5, Purpose::noise, 0, 2, 0});
  const Times t(N, time);
  const Score model = plane.model.score(plane.sde), truth = plane.data.score(sde);
  const Tensor difference = single_level_loss(model, x_0, t, sigma, z).per_example -
                            explicit_loss(model, truth, x_0 + sigma * z, t).per_example;

  const std::vector<double> log_q = plane.data.marginal(sde, time).log_density(plane.x);
  for (std::size_t n = 0; n < log_q.size(); ++n) plane.weight[n] = std::exp(log_q[n]) * 0.06 * 0.06;
  const Score zero = [](const Tensor& points, const Times&) { return points * 0; };
  const double squares =
      plane.integral(explicit_loss(zero, truth, plane.x, Times(log_q.size(), time)).per_example);
  const std::vector<Real> values = difference.to_host();
  EXPECT_LT(std::abs(test::z_score({values.begin(), values.end()}, 1 / (sigma * sigma) - squares)),
            4);
  EXPECT_GT(std::abs(test::z_score({values.begin(), values.end()}, 1 / (sigma * sigma))), 20);
}

#ifdef ITO_DOUBLE
/// Training goes through the derivative in x: the gradient in a direction of the weights against
/// central differences, whose error is near 1e-9 of it at this step.
TEST(ScoreMatching, GradientsThroughTheJacobianAreRight) {
  nn::MlpConfig config;
  config.width = 8;
  config.blocks = 1;
  nn::Mlp net(config);
  std::vector<Tensor> weights, direction;
  std::uint32_t sub = 0;
  for (const nn::Parameter& p : net.parameters()) {
    p.value->assign(random_normal(p.value->shape(), {6, Purpose::init, 0, ++sub, 0}) * 0.4);
    direction.push_back(random_normal(p.value->shape(), {7, Purpose::init, 0, sub, 0}));
    weights.push_back(*p.value);
  }
  const Score score = [&](const Tensor& x, const Times& t) { return net.forward(x, t); };
  const Tensor x = random_normal({6, 2}, {6, Purpose::noise, 0, 0, 0});
  const Times t(6, 3);
  const auto v = draw_projections(ProbeType::gaussian, x.shape(), 2, {6, 0, 0});
  const std::vector<std::function<Loss()>> losses = {
      [&] { return implicit_loss(score, x, t); },
      [&] { return sliced_loss(score, x, t, v, Variance::plain); },
      [&] { return sliced_loss(score, x, t, v, Variance::reduced); }};
  const auto shift = [&](double h) {
    for (std::size_t i = 0; i < weights.size(); ++i)
      weights[i].assign((weights[i].detach() + direction[i] * h).to_host());
  };
  for (const auto& loss : losses) {
    double along = 0;
    const std::vector<Tensor> gradient = grad(loss().mean, weights);
    for (std::size_t i = 0; i < weights.size(); ++i)
      along += sum(gradient[i] * direction[i]).item();
    constexpr double h = 1e-5;
    shift(h);
    const double above = loss().mean.item();
    shift(-2 * h);
    const double below = loss().mean.item();
    shift(h);
    EXPECT_NEAR((above - below) / (2 * h) / along, 1, 1e-7);
  }
}
#endif

TEST(Importance, TimesHaveTheDensityOfTheWeight) {
  const double eps = 1e-3;
  for (const auto& sde : std::initializer_list<std::shared_ptr<Sde>>{
           std::make_shared<VpSde>(), std::make_shared<SubVpSde>(), std::make_shared<VeSde>()}) {
    constexpr Index N = 20000;
    const Times t = draw_importance_times(*sde, N, {1, 0, 0}, eps);
    double uniform = 0;
    constexpr int cells = 200000;
    for (int i = 0; i < cells; ++i) {
      const double s = eps + (1 - eps) * (i + 0.5) / cells, g = sde->diffusion(s) / sde->std(s);
      uniform += g * g * s / cells;
    }
    // Its share in importance_weight(sde) is the mean time, within 4 standard errors.
    EXPECT_LT(std::abs(test::z_score(t, uniform / importance_weight(*sde, eps))), 4) << sde->name();
    EXPECT_GE(*std::min_element(t.begin(), t.end()), eps);
    EXPECT_LE(*std::max_element(t.begin(), t.end()), 1);
  }
}

/// The mean of g^2 / std^2, which is a derivative, against the trapezoidal rule in log t.
TEST(Importance, WeightIsTheMeanOfTheWeights) {
  const double eps = 1e-5;
  for (const auto& sde : std::initializer_list<std::shared_ptr<Sde>>{
           std::make_shared<VpSde>(), std::make_shared<SubVpSde>(), std::make_shared<VeSde>()}) {
    double total = 0;
    constexpr int cells = 20000;
    const double h = -std::log(eps) / cells;
    for (int i = 0; i <= cells; ++i) {
      const double t = std::exp(-h * i), g = sde->diffusion(t) / sde->std(t);
      total += g * g * t * h * (i % cells == 0 ? 0.5 : 1);
    }
    EXPECT_NEAR(total / (1 - eps) / importance_weight(*sde, eps), 1, 1e-6) << sde->name();
  }
}

/// Both estimators of the likelihood-weighted loss have one expectation (their means differ by less
/// than 4 standard errors of the difference), and drawing times by weight scatters less where the
/// weight varies.
TEST(Importance, EstimatesTheSameLossWithLessVariance) {
  const GaussianMixture data = test::three_modes(), single = tilted_gaussian();
  const double eps = 1e-2;
  constexpr Index N = 40000;
  for (const auto& sde : std::initializer_list<std::shared_ptr<Sde>>{
           std::make_shared<VpSde>(), std::make_shared<SubVpSde>(), std::make_shared<VeSde>()}) {
    const Tensor x_0 = data.sample(N, {8, Purpose::order, 0, 0, 0});
    const Score score = single.score(*sde);  // a wrong one
    const auto values = [](const Loss& loss) {
      const std::vector<Real> host = loss.per_example.to_host();
      return std::vector<double>(host.begin(), host.end());
    };
    const BatchAddress one = {8, 0, 0}, two = {8, 1, 0};
    const auto uniform = values(denoising_loss(*sde, score, x_0, draw_times(*sde, N, one, eps),
                                               draw_noise({N, 2}, one),
                                               {Weighting::likelihood, Reduction::half_sum}));
    const auto weighted =
        values(importance_loss(*sde, score, x_0, draw_importance_times(*sde, N, two, eps),
                               draw_noise({N, 2}, two), Reduction::half_sum, eps));
    const auto moments = [](const std::vector<double>& v) {
      double mean = 0, variance = 0;
      for (double x : v) mean += x / N;
      for (double x : v) variance += (x - mean) * (x - mean) / N;
      return std::pair(mean, variance);
    };
    const auto [mean_u, variance_u] = moments(uniform);
    const auto [mean_w, variance_w] = moments(weighted);
    EXPECT_LT(std::abs(mean_u - mean_w) / std::sqrt((variance_u + variance_w) / N), 4)
        << sde->name() << " " << mean_u << " and " << mean_w;
    const double gain = variance_u / variance_w;  // none for VE, whose weight is constant
    EXPECT_GT(gain, sde->name() == "ve" ? 0.5 : 2) << sde->name();
  }
}

TEST(ScoreMatching, SaysWhatIsWrong) {
  const Tensor x = Tensor::zeros({3, 2});
  const Times t(3, 0.5);
  const Score narrow = [](const Tensor& points, const Times&) { return slice(points, 1, 0, 1); };
  EXPECT_THROW(implicit_loss(narrow, x, t), Error);
  EXPECT_THROW(sliced_loss(narrow, x, t, {}), Error);
  EXPECT_THROW(single_level_loss(narrow, x, t, 0, x), Error);
}

}  // namespace
}  // namespace ito
