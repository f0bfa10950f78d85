// The SDEs against the published tables: out.* computed in float32, out64.* in double.

#include <gtest/gtest.h>

#include <cmath>

#include "diffusion/sde/reverse.h"
#include "diffusion/sde/subvp.h"
#include "diffusion/sde/ve.h"
#include "diffusion/sde/vp.h"
#include "engine/safetensors.h"

namespace ito {
namespace {

struct Case {
  std::shared_ptr<Sde> sde;
  std::string file;
  /// For G. The levels of VE are exponentials in float32, off by some 4e-7 (the rounding of their
  /// logarithms, up to 4), and cancel in sigma_i^2 - sigma_{i-1}^2, which is 1.7 % of sigma_i^2:
  /// relative errors of 2e-5 on average, 5e-5 at worst, twice that for G^2.
  double discrete_tolerance = 5e-6;
};

class SdeTable : public testing::TestWithParam<Case> {
 protected:
  SdeTable()
      : sde(*GetParam().sde),
        file(read_safetensors(std::string(ITO_TEST_DATA) + "/" + GetParam().file)),
        x(file.tensor("in.x")),
        t(numbers("in.t")) {}

  std::vector<double> numbers(const std::string& name) const {
    const auto& values = file.at(name).values;
    return {values.begin(), values.end()};
  }

  /// |actual - expected| <= tolerance * max(1, |expected|): the published numbers are float32, and
  /// a drift is a difference of numbers of size 1 to 10.
  void expect_near(const std::string& name, const std::vector<double>& actual,
                   double tolerance = 2e-6) const {
    std::vector<double> expected = numbers(name);
    ASSERT_EQ(actual.size(), expected.size()) << name;
    for (std::size_t i = 0; i < actual.size(); ++i)
      EXPECT_NEAR(actual[i], expected[i], tolerance * std::max(1.0, std::abs(expected[i])))
          << name << "[" << i << "]";
  }
  void expect_near(const std::string& name, const Tensor& actual, double tolerance = 2e-6) const {
    std::vector<Real> values = actual.to_host();
    expect_near(name, std::vector<double>(values.begin(), values.end()), tolerance);
  }

  const Sde& sde;
  SafeTensors file;
  Tensor x;
  Times t;
};

TEST_P(SdeTable, DriftDiffusionAndMarginal) {
  Tensor drift = scale_per_sample(x, per_sample(t, [&](double s) { return sde.drift(s); }));
  auto g = per_sample(t, [&](double s) { return sde.diffusion(s); });
  auto m = per_sample(t, [&](double s) { return sde.mean_scale(s); });
  auto std = per_sample(t, [&](double s) { return sde.std(s); });
  expect_near("out.drift", drift);
  expect_near("out64.drift", drift);
  expect_near("out64.diffusion", g, 2e-7);
  expect_near("out64.marginal.mean_coeff", m, 2e-7);
  expect_near("out.marginal.mean_coeff", m);
  expect_near("out64.marginal.std", std, 2e-7);
  expect_near("out.marginal.mean", scale_per_sample(x, m));
}

/// The float32 std cancels in 1 - exp(...): its error is that of a number near 1, a few 2^-24, in
/// std^2 for VP and in std itself for sub-VP.
TEST_P(SdeTable, StdAgreesWithTheFloatOneUpToItsCancellation) {
  std::vector<double> expected = numbers("out.marginal.std");
  for (std::size_t n = 0; n < t.size(); ++n) {
    double std = sde.std(t[n]);
    EXPECT_NEAR(std * std, expected[n] * expected[n], 4e-7 * std::max(1.0, std * std)) << t[n];
  }
}

/// Small values too are right in relative terms, to the rounding of the file.
TEST_P(SdeTable, SmallStdsHaveAllTheirDigits) {
  std::vector<double> expected = numbers("out64.marginal.std");
  for (std::size_t n = 0; n < t.size(); ++n)
    EXPECT_NEAR(sde.std(t[n]) / expected[n], 1, 1e-7) << t[n];
}

TEST_P(SdeTable, Discretisation) {
  std::vector<double> f, G;
  for (double s : t) {
    f.push_back(sde.discretise(s).scale - 1);
    G.push_back(sde.discretise(s).noise);
  }
  expect_near("out.discretize.f", scale_per_sample(x, f));
  expect_near("out.discretize.G", G, GetParam().discrete_tolerance);
  if (!file.contains("out.timestep")) return;
  for (std::size_t n = 0; n < t.size(); ++n)
    EXPECT_EQ(sde.index(t[n]), file.at("out.timestep").integers[n]);
}

TEST_P(SdeTable, Reversal) {
  Score score = [](const Tensor& y, const Times&) { return -y; };
  std::vector<Transition> steps;
  for (double s : t) steps.push_back(sde.discretise(s));
  for (bool flow : {false, true}) {
    ReverseSde reverse{sde, score, flow};
    std::string prefix = flow ? "probability_flow." : "reverse_sde.";
    std::vector<double> G;
    for (const Transition& step : steps) G.push_back(reverse.discrete_noise(step));
    expect_near("out64." + prefix + "drift", reverse.drift(x, t));
    expect_near("out." + prefix + "drift", reverse.drift(x, t), 1e-5);
    expect_near("out." + prefix + "diffusion",
                per_sample(t, [&](double s) { return reverse.diffusion(s); }), 1e-5);
    expect_near("out." + prefix + "discretize.f", reverse.discrete_drift(x, t, steps),
                2 * GetParam().discrete_tolerance);
    expect_near("out." + prefix + "discretize.G", G, GetParam().discrete_tolerance);
  }
}

TEST_P(SdeTable, Prior) {
  expect_near("out64.prior_logp", sde.prior_log_density(file.tensor("in.z")), 3e-7);
  expect_near("prior.sample", file.tensor("prior.noise") * sde.prior_std());
}

INSTANTIATE_TEST_SUITE_P(
    Published, SdeTable,
    testing::Values(Case{std::make_shared<VpSde>(), "sde_vp.safetensors"},
                    Case{std::make_shared<SubVpSde>(), "sde_subvp.safetensors"},
                    Case{std::make_shared<VeSde>(), "sde_ve.safetensors", 5e-5}),
    [](const auto& test) { return test.param.sde->name(); });

TEST(DiscreteTables, MatchThePublishedOnes) {
  auto vp_file = read_safetensors(std::string(ITO_TEST_DATA) + "/sde_vp.safetensors");
  auto ve_file = read_safetensors(std::string(ITO_TEST_DATA) + "/sde_ve.safetensors");
  VpSde vp;
  VeSde ve;
  // Running products and exponentials in float32: N roundings, each 2^-24.
  double chain = 1000 * 6e-8;  // beta_i up to 0.02 has two roundings of 2^-30
  for (std::size_t i = 0; i < 1000; ++i) {
    EXPECT_NEAR(vp.betas()[i], vp_file.at("table.discrete_betas").values[i], 4e-9);
    double acp = vp_file.at("table.alphas_cumprod").values[i];
    EXPECT_NEAR(vp.alphas_cumprod()[i] / acp, 1, chain);
    EXPECT_NEAR(vp.discrete_stds()[i] * vp.discrete_stds()[i], 1 - acp, 1e-6);
    EXPECT_NEAR(ve.sigmas()[i] / ve_file.at("table.discrete_sigmas").values[i], 1, 2e-6);
  }
}

}  // namespace
}  // namespace ito
