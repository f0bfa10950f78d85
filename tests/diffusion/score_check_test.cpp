// What samplers say about scores that they cannot use: which sample, which time.

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "diffusion/samplers/generate.h"
#include "diffusion/samplers/samplers.h"
#include "diffusion/score.h"
#include "diffusion/sde/subvp.h"
#include "diffusion/sde/vp.h"
#include "tests/errors.h"

namespace ito {
namespace {

/// -x, and NaN for samples above 1 once t is below 0.5.
Tensor broken_below_half(const Tensor& x, const Times& t) {
  std::vector<Real> values = x.to_host();
  const std::size_t D = values.size() / t.size();
  for (std::size_t i = 0; i < values.size(); ++i)
    values[i] =
        t[i / D] < 0.5 && values[i] > 1 ? std::numeric_limits<Real>::quiet_NaN() : -values[i];
  return Tensor(x.shape(), values);
}

TEST(CheckedScore, SaysWhatIsWrong) {
  const VpSde sde;
  const Tensor x({2, 1}, {0.5, 1.5});
  const Score broken = checked(broken_below_half, sde);
  EXPECT_EQ(broken(x, {0.7, 0.7}).to_host(), (-x).to_host());
  test::expect_error(
      [&] {
        broken(x, {0.3, 0.3});
      },
      {"[score] the score of sample 1 at t = 0.3 is not finite"});
  test::expect_error([&] { broken(x, {0.3, 1.5}); }, {"times in (0, 1]", "t = 1.5 for sample 1"});
  test::expect_error([&] { broken(x, {0, 0.3}); }, {"t = 0 for sample 0"});
  test::expect_error([&] { broken(x, {0.3}); }, {"a time for each sample of [2, 1], got 1"});
  const Score narrow =
      checked([](const Tensor& y, const Times&) { return slice(y, 0, 0, 1); }, sde);
  test::expect_error([&] { narrow(x, {0.3, 0.3}); }, {"a score like x, [2, 1], got [1, 1]"});
  const Score gone = checked([](const Tensor& y, const Times&) { return y; }, sde);
  const Tensor infinite({1, 1}, {std::numeric_limits<Real>::infinity()});
  test::expect_error([&] { gone(infinite, {0.3}); }, {"neither is the sample"});
}

/// Every sampler names the sample by its number among all, whatever its batch.
TEST(CheckedScore, EverySamplerNamesTheSample) {
  const VpSde sde;
  const SampleRange range = {.seed = 1, .first = 40, .count = 30, .batch = 4};
  const auto message = [&](const std::string& predictor, const std::string& corrector) {
    const auto p = make_predictor(predictor, {sde, broken_below_half});
    const auto c = make_corrector(corrector, sde, broken_below_half);
    try {
      generate(sde, p.get(), c.get(), {1}, range, {.steps = 20});
    } catch (const ScoreError& e) {
      EXPECT_GE(e.sample(), range.first);
      EXPECT_LT(e.t(), 0.5);
      return std::string(e.what());
    }
    return std::string("nothing");
  };
  for (const std::string& predictor : predictor_names()) {
    if (predictor == "none") continue;
    EXPECT_NE(message(predictor, "none").find("is not finite"), std::string::npos) << predictor;
  }
  for (const std::string& corrector : corrector_names()) {
    if (corrector == "none") continue;
    EXPECT_NE(message("none", corrector).find("is not finite"), std::string::npos) << corrector;
  }
}

TEST(Names, OfSamplersThatDoNotSuitSayWhichDo) {
  const VpSde vp;
  const SubVpSde subvp;
  const Score score = broken_below_half;
  test::expect_error(
      [&] {
        make_predictor("ancestral", {subvp, score}, StepSize::published);
      },
      {"vp and ve, not for subvp"});
  for (const char* name : {"ancestral", "sra1"})
    test::expect_error(
        [&] {
          make_predictor(name, {vp, score, true});
        },
        {"no probability flow", "euler_maruyama", "reverse_diffusion"});
  test::expect_error([&] { make_predictor("euler", {vp, score}); }, {"sra1, heun", "got euler"});
  test::expect_error([&] { make_corrector("gibbs", vp, score); },
                     {"langevin, ald, ula, mala, hmc or none, got gibbs"});
}

}  // namespace
}  // namespace ito
