// Restoration with exact scores of Gaussians, whose posterior is known: where a method is exact its
// samples must be those of the posterior, elsewhere they must have the bias that its header states.

#include <gtest/gtest.h>

#include <cmath>

#include "diffusion/control/imputation.h"
#include "diffusion/control/matrix_operator.h"
#include "diffusion/control/pixel_operators.h"
#include "diffusion/control/resampling_operators.h"
#include "diffusion/control/restoration.h"
#include "diffusion/samplers/samplers.h"
#include "diffusion/sde/vp.h"
#include "tests/diffusion/statistics.h"
#include "tests/errors.h"

namespace ito {
namespace {

GaussianMixture isotropic(std::size_t D, double variance) {
  return GaussianMixture::diagonal({1}, {std::vector<double>(D, 0)},
                                   {std::vector<double>(D, variance)});
}

Tensor repeated(const Tensor& y, Index N) {
  return broadcast_to(y, batch_shape(N, {y.elements()}));
}

SamplingConfig fixed_steps(Index steps, const std::string& predictor = "euler_maruyama") {
  SamplingConfig config;
  config.predictor = predictor;
  config.steps = steps;
  return config;
}

/// Three random projections of six numbers, and one observation of them.
struct Projections {
  std::unique_ptr<Operator> A = random_projections({6}, 3, 2);
  Tensor y = Tensor({1, 3}, {0.9, -0.4, 0.2});
  double noise = 0.3;

  /// Row-major [3, 6].
  std::vector<double> matrix() const {
    Tensor identity = Tensor::zeros({6, 6});
    for (Index i = 0; i < 6; ++i) identity.mutable_data()[7 * i] = 1;
    const std::vector<Real> transposed = permute(A->apply(identity), {1, 0}).to_host();
    return {transposed.begin(), transposed.end()};
  }
  GaussianMixture posterior(const GaussianMixture& prior) const {
    const std::vector<Real> values = y.to_host();
    return prior.posterior(matrix(), {values.begin(), values.end()}, noise);
  }
};

/// Pseudo-inverse guidance is exact for N(0, I), in the stochastic sampler and in the flow: 28
/// statistics each, of 1500 and 300 samples, within 4 standard errors. (The flow has no
/// discretisation error, 400 Euler steps change a variance by less than the 3.7 % that is one
/// standard error.)
TEST(Restoration, PseudoInverseGuidanceIsExactForTheNormalPrior) {
  const Projections problem;
  const VpSde sde;
  const GaussianMixture prior = isotropic(6, 1), exact = problem.posterior(prior);
  SamplingConfig flow;
  flow.sampler = "ode";
  flow.tolerance = 1e-4;
  flow.eps = 1e-4;
  const auto worst = [&](const SamplingConfig& config, Index N) {
    const Samples samples = restore(
        sde, prior.score(sde), {*problem.A, repeated(problem.y, N), problem.noise},
        {RestorationMethod::pseudo_inverse, 1}, config, {.seed = 4, .count = N, .batch = N});
    std::vector<double> z = test::mixture_z_scores(samples.x, exact);
    z.erase(z.end() - 2);  // the weight of the only mode, 1 for every sample
    return test::largest(z);
  };
  EXPECT_LT(worst(fixed_steps(400), 1500), 4);
  EXPECT_LT(worst(flow, 300), 4);
}

/// The test above would notice half the guidance.
TEST(Restoration, TooLittleGuidanceIsNoticed) {
  const Projections problem;
  const VpSde sde;
  const GaussianMixture prior = isotropic(6, 1);
  const Samples samples =
      restore(sde, prior.score(sde), {*problem.A, repeated(problem.y, 1500), problem.noise},
              {RestorationMethod::pseudo_inverse, 0.5}, fixed_steps(100),
              {.seed = 4, .count = 1500, .batch = 1500});
  std::vector<double> z = test::mixture_z_scores(samples.x, problem.posterior(prior));
  z.erase(z.end() - 2);
  EXPECT_GT(test::largest(z), 8);
}

struct Stated {
  RestorationMethod method;
  double scale, prior_variance;
  Index steps;
  double mean, variance;  ///< as the header says
};

/// One number from N(0, v), observed with noise 0.5 to be 1.
void expect_stated(const Stated& stated) {
  constexpr Index N = 2000;
  const VpSde sde;
  const MatrixOperator identity({1}, {1}, Tensor({1, 1}, {1}));
  const Samples samples =
      restore(sde, isotropic(1, stated.prior_variance).score(sde),
              {identity, Tensor::full({N, 1}, 1), 0.5}, {stated.method, stated.scale},
              fixed_steps(stated.steps), {.seed = 9, .count = N, .batch = N});
  double mean = 0, variance = 0;
  for (const Real x : samples.x.to_host()) mean += static_cast<double>(x) / N;
  for (const Real x : samples.x.to_host())
    variance += std::pow(static_cast<double>(x) - mean, 2) / N;
  // 4 standard errors, and 3 % of the spread for the steps and the rounding of the stated numbers.
  const double spread = std::sqrt(stated.variance);
  EXPECT_NEAR(mean, stated.mean, spread * (4 / std::sqrt(N) + 0.03)) << stated.scale;
  EXPECT_NEAR(variance, stated.variance, stated.variance * (4 * std::sqrt(2.0 / N) + 0.06))
      << stated.scale;
}

TEST(Restoration, BiasesAreAsStated) {
  expect_stated({RestorationMethod::perturbed, 1, 1, 300, 0.717, 0.145});
  expect_stated({RestorationMethod::pseudo_inverse, 1, 1, 300, 0.8, 0.2});
  expect_stated({RestorationMethod::pseudo_inverse, 1, 0.25, 300, 0.435, 0.131});
  expect_stated({RestorationMethod::pseudo_inverse, 1, 4, 300, 0.990, 0.198});
}

TEST(Restoration, PosteriorSamplingsBiasIsAsStated) {
  expect_stated({RestorationMethod::posterior, 0.3, 1, 1000, 1.04, 0.114});
}

/// A model of pictures for what does not depend on it.
Score picture_score(const Sde& sde) { return isotropic(48, 1).score(sde); }

/// After projection the sample agrees with a measurement without noise.
TEST(Restoration, ProjectionAgreesWithTheMeasurement) {
  const VpSde sde;
  const Shape item = {4, 4, 3};
  const auto A = box_downsampling(item, 2);
  const Tensor y = A->apply(random_normal(batch_shape(3, item), {5}));
  const Samples samples =
      restore(sde, picture_score(sde), {*A, y}, {RestorationMethod::projection, 1}, fixed_steps(10),
              {.count = 3});
  const std::vector<Real> back = A->apply(samples.x).to_host(), given = y.to_host();
  for (std::size_t i = 0; i < given.size(); ++i)
    EXPECT_NEAR(back[i], given[i], sizeof(Real) == 4 ? 1e-5 : 1e-11);
}

/// Where A picks pixels the projection and imputation are the same, up to rounding.
TEST(Restoration, ImputationIsAProjection) {
  const VpSde sde;
  Tensor mask = Tensor::zeros({4, 4, 3});
  for (Index i = 0; i < 20; ++i) mask.mutable_data()[i] = 1;
  const MaskOperator A(mask);
  const Tensor y = A.apply(random_normal({2, 4, 4, 3}, {6}));
  const Tensor imputed = restore(sde, picture_score(sde), {A, y}, {RestorationMethod::projection},
                                 fixed_steps(10), {.count = 2})
                             .x;
  const std::unique_ptr<Constraint> general = A.Operator::constraint(sde, {A, y});
  const auto predictor = make_predictor("euler_maruyama", {sde, picture_score(sde)});
  PredictorCorrectorOptions options = sampling_options(fixed_steps(10), {});
  options.constraint = general.get();
  const Tensor projected =
      generate(sde, predictor.get(), nullptr, A.domain(), {.count = 2}, options).x;
  EXPECT_LT(sum_squares(imputed - projected), sizeof(Real) == 4 ? 1e-8 : 1e-20);
}

/// Sample 2 of four has the same bits alone, whatever the method; and no guidance is no change.
TEST(Restoration, ASampleDoesNotDependOnItsBatch) {
  const VpSde sde;
  const Shape item = {4, 4, 3};
  const auto A = gaussian_blur(item, 0.8);
  const Tensor y = A->apply(random_normal(batch_shape(4, item), {7}));
  SamplingConfig config = fixed_steps(6, "ancestral");
  config.corrector = "langevin";
  for (const char* name : {"projection", "perturbed", "pigdm", "dps"}) {
    const RestorationMethod method = restoration_method_named(name);
    const auto draw = [&](const Tensor& rows, const SampleRange& range) {
      return restore(sde, picture_score(sde), {*A, rows, 0.1}, {method}, config, range).x;
    };
    const Tensor all = draw(y, {.seed = 1, .count = 4, .batch = 3});
    const Tensor alone = draw(slice(y, 0, 2, 3), {.seed = 1, .first = 2, .count = 1});
    EXPECT_EQ(slice(all, 0, 2, 3).to_host(), alone.to_host()) << name;
  }
  const Tensor unguided = restore(sde, picture_score(sde), {*A, y, 0.1},
                                  {RestorationMethod::pseudo_inverse, 0}, config, {.count = 4})
                              .x;
  const Tensor plain = draw_samples(sde, picture_score(sde), item, config, {.count = 4}).x;
  EXPECT_EQ(unguided.to_host(), plain.to_host());
}

TEST(Restoration, ExplainsWhatDoesNotFit) {
  const VpSde sde;
  const Shape item = {4, 4, 3};
  const auto A = box_downsampling(item, 2);
  const auto draw = [&](const Tensor& y, const char* method, const SamplingConfig& config) {
    restore(sde, picture_score(sde), {*A, y}, {restoration_method_named(method)}, config,
            {.count = 2});
  };
  SamplingConfig flow;
  flow.sampler = "ode";
  test::expect_error(
      [&] {
        draw(Tensor::zeros({2, 4, 4, 3}), "pigdm", fixed_steps(2));
      },
      {"the operator gives [2, 2, 3]", "[2, 4, 4, 3]"});
  test::expect_error(
      [&] {
        draw(Tensor::zeros({3, 2, 2, 3}), "pigdm", fixed_steps(2));
      },
      {"each of 2 samples", "got 3"});
  test::expect_error([&] { draw(Tensor::zeros({2, 2, 2, 3}), "dps", flow); }, {"ode sampler"});
  test::expect_error([&] { restoration_method_named("ddrm"); }, {"projection, perturbed", "ddrm"});
}

}  // namespace
}  // namespace ito
