// The predictor-corrector loop: what it asks for, in which order, and what it promises.

#include <gtest/gtest.h>

#include "diffusion/samplers/annealed_langevin.h"
#include "diffusion/samplers/predictor_corrector.h"
#include "diffusion/samplers/samplers.h"
#include "diffusion/score.h"
#include "diffusion/sde/ve.h"
#include "diffusion/sde/vp.h"
#include "kernels/threads.h"
#include "tests/diffusion/statistics.h"

namespace ito {
namespace {

using test::three_modes;

Score minus_x() {
  return [](const Tensor& x, const Times&) { return -x; };
}

std::vector<Real> sample(const std::string& predictor_name, const std::string& corrector_name,
                         Index N, Index first, LangevinNorms norms = LangevinNorms::per_sample) {
  VpSde sde;
  Score score = three_modes().score(sde);
  auto predictor = make_predictor(predictor_name, {sde, score});
  auto corrector = make_corrector(corrector_name, sde, score, 0.1, norms);
  PredictorCorrectorOptions options;
  options.steps = 7;
  options.corrector_steps = 2;
  return predictor_corrector(sde, predictor.get(), corrector.get(), random_noise({N, 2}, 42, first),
                             options)
      .x.to_host();
}

const std::pair<const char*, const char*> pairs[] = {
    {"euler_maruyama", "none"}, {"reverse_diffusion", "langevin"},
    {"ancestral", "ald"},       {"none", "langevin"},
    {"sra1", "mala"},           {"none", "hmc"}};

TEST(SamplerBits, DoNotDependOnTheBatch) {
  for (auto [predictor, corrector] : pairs) {
    std::vector<Real> whole = sample(predictor, corrector, 11, 0);
    std::vector<Real> parts = sample(predictor, corrector, 4, 0);
    for (Index first = 4; first < 11; first += first == 4 ? 1 : 6) {
      std::vector<Real> part = sample(predictor, corrector, first == 4 ? 1 : 6, first);
      parts.insert(parts.end(), part.begin(), part.end());
    }
    EXPECT_EQ(whole, parts) << predictor << " " << corrector;
  }
}

TEST(SamplerBits, DoNotDependOnThreads) {
  int before = kernels::threads();
  for (auto [predictor, corrector] : pairs) {
    kernels::set_threads(1);
    std::vector<Real> one = sample(predictor, corrector, 3000, 0);
    for (int threads : {2, 3}) {
      kernels::set_threads(threads);
      EXPECT_EQ(one, sample(predictor, corrector, 3000, 0)) << predictor << " " << corrector;
    }
  }
  kernels::set_threads(before);
}

/// What the compatibility option gives up.
TEST(SamplerBits, DependOnTheBatchUnderThePublishedNorms) {
  auto whole = sample("reverse_diffusion", "langevin", 4, 0, LangevinNorms::batch_mean);
  auto half = sample("reverse_diffusion", "langevin", 2, 0, LangevinNorms::batch_mean);
  EXPECT_NE(whole[0], half[0]);
}

TEST(TimeGrid, RunsFromTheEndToEps) {
  VpSde sde;
  Times grid = time_grid(sde, 5, 0.2);
  ASSERT_EQ(grid.size(), 5u);
  for (std::size_t k = 0; k < 5; ++k) EXPECT_NEAR(grid[k], 1 - 0.2 * static_cast<double>(k), 1e-15);
  EXPECT_EQ(time_grid(sde, 1, 0.2), Times{1});
  EXPECT_THROW(time_grid(sde, 0, 0.2), Error);
  EXPECT_THROW(time_grid(sde, 5, 0), Error);
  EXPECT_THROW(time_grid(sde, 5, 1), Error);
}

TEST(Loop, AsksForNoiseInThePublishedOrder) {
  VpSde sde;
  auto predictor = make_predictor("euler_maruyama", {sde, minus_x()});
  AnnealedLangevin corrector(sde, minus_x());
  std::string asked;
  NoiseSource noise = [&](Purpose purpose, std::uint32_t step, std::uint32_t sub) {
    const char* letter = purpose == Purpose::prior       ? "T"
                         : purpose == Purpose::corrector ? "c"
                                                         : "p";
    asked += text(letter, step, sub, ' ');
    return Tensor::zeros({1, 2});
  };
  PredictorCorrectorOptions options;
  options.steps = 2;
  options.corrector_steps = 2;
  predictor_corrector(sde, predictor.get(), &corrector, noise, options);
  EXPECT_EQ(asked, "T00 c00 c01 p00 c10 c11 p10 ");
  asked.clear();
  predictor_corrector(sde, nullptr, &corrector, noise, options);
  EXPECT_EQ(asked, "T00 c00 c01 c10 c11 ");
}

TEST(Loop, ReportsEveryUpdateAndTheTimes) {
  VpSde sde;
  Index evaluations = 0;
  Score score = counted(minus_x(), evaluations);
  auto predictor = make_predictor("ancestral", {sde, score});
  AnnealedLangevin corrector(sde, score);
  PredictorCorrectorOptions options;
  options.steps = 3;
  std::vector<double> times;
  std::vector<Purpose> stages;
  Tensor last;
  options.observe = [&](const Observation& seen) {
    times.push_back(seen.t);
    stages.push_back(seen.stage);
    last = seen.state.mean;
  };
  Samples samples =
      predictor_corrector(sde, predictor.get(), &corrector, random_noise({2, 3}, 1), options);
  EXPECT_TRUE(samples.complete);
  EXPECT_EQ(evaluations, 6);
  ASSERT_EQ(times.size(), 6u);
  EXPECT_EQ(times[0], 1);
  EXPECT_EQ(times[5], 1e-3);
  EXPECT_EQ(stages[4], Purpose::corrector);
  EXPECT_EQ(stages[5], Purpose::predictor);
  EXPECT_EQ(last.to_host(), samples.x.to_host());
}

TEST(Loop, StopsWhenProgressSaysSo) {
  VpSde sde;
  auto predictor = make_predictor("ancestral", {sde, minus_x()});
  PredictorCorrectorOptions options;
  options.steps = 10;
  int calls = 0;
  options.progress = [&](int done, int total) {
    EXPECT_EQ(total, 10);
    EXPECT_EQ(done, ++calls);
    return done < 4;
  };
  EXPECT_FALSE(predictor_corrector(sde, predictor.get(), nullptr, random_noise({2, 3}, 1), options)
                   .complete);
  EXPECT_EQ(calls, 4);
}

TEST(Loop, ReplayRunsOut) {
  VpSde sde;
  auto predictor = make_predictor("ancestral", {sde, minus_x()});
  PredictorCorrectorOptions options;
  options.steps = 2;
  auto noise = replayed_noise({Tensor::zeros({1, 2}), Tensor::zeros({1, 2})});
  EXPECT_THROW(predictor_corrector(sde, predictor.get(), nullptr, noise, options), Error);
}

TEST(Langevin, HasTheStepOfItsConvention) {
  Tensor x({1, 2}, {1, 2}), s({1, 2}, {-1, 3}), z({1, 2}, {2, -4});
  Update update = langevin_step(x, s, {0.08}, z);
  Tensor mean({1, 2}, {Real(0.92), Real(2.24)}), next({1, 2}, {Real(1.72), Real(0.64)});
  for (Index i = 0; i < 2; ++i) {
    EXPECT_NEAR(update.mean.data()[i], mean.data()[i], 1e-6);
    EXPECT_NEAR(update.x.data()[i], next.data()[i], 1e-6);
  }
}

/// e = 2 alpha (snr |z| / |s|)^2 with alpha = 1 under VE: |z| = 5, |s| = 2 and 4, snr = 0.4.
TEST(Langevin, SetsItsStepFromTheNorms) {
  VeSde sde;
  Tensor x = Tensor::zeros({2, 2}), z({2, 2}, {3, 4, 4, 3}), s({2, 2}, {2, 0, 0, 4});
  Score score = [&](const Tensor&, const Times&) { return s; };
  Update own = Langevin(sde, score, 0.4).step(x, {0.5, 0.5}, z);
  EXPECT_NEAR(own.mean.data()[0], 2 * 2.0, 1e-5);  // 2 (0.4 * 5/2)^2 = 2
  EXPECT_NEAR(own.mean.data()[3], 4 * 0.5, 1e-5);  // 2 (0.4 * 5/4)^2 = 0.5
  Update batch = Langevin(sde, score, 0.4, LangevinNorms::batch_mean).step(x, {0.5, 0.5}, z);
  EXPECT_NEAR(batch.mean.data()[0], 2 * 8.0 / 9, 1e-5);  // |s| = 3 on average
  EXPECT_NEAR(batch.mean.data()[3], 4 * 8.0 / 9, 1e-5);

  s = Tensor::zeros({2, 2});
  EXPECT_THROW(Langevin(sde, score).step(x, {0.5, 0.5}, z), Error);
}

TEST(Names, AreKnownOrRefused) {
  VpSde sde;
  EXPECT_EQ(make_predictor("none", {sde, minus_x()}), nullptr);
  EXPECT_EQ(make_corrector("none", sde, minus_x()), nullptr);
  EXPECT_THROW(make_predictor("euler", {sde, minus_x()}), Error);
  EXPECT_THROW(make_predictor("ancestral", {sde, minus_x(), true}), Error);
  EXPECT_THROW(make_corrector("gibbs", sde, minus_x()), Error);
}

}  // namespace
}  // namespace ito
