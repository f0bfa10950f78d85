// Latent codes against maps that are known in closed form.

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "diffusion/latent/codes.h"
#include "diffusion/latent/interpolate.h"
#include "diffusion/sde/subvp.h"
#include "diffusion/sde/ve.h"
#include "diffusion/sde/vp.h"
#include "tests/diffusion/statistics.h"
#include "tests/errors.h"

namespace ito {
namespace {

using test::three_modes;

constexpr double code_tol = 1e-8;
const CodeOptions precise = {.eps = 1e-3, .ode = {.rtol = code_tol, .atol = code_tol}};

/// Some 200 steps err by the tolerance each, and on the way from eps to T the flow expands what
/// differs by the ratio of the widths, 20 or so at most here. A score in float adds the rounding of
/// numbers near 10, 6e-7, as often.
constexpr double code_error = sizeof(Real) == sizeof(double) ? 200 * 20 * code_tol : 2e-4;

std::unique_ptr<Sde> sde_of(int i) {
  if (i == 0) return std::make_unique<VpSde>();
  if (i == 1) return std::make_unique<SubVpSde>();
  return std::make_unique<VeSde>(0.01, 10);
}

std::vector<double> doubles(const Tensor& x) {
  const std::vector<Real> values = x.to_host();
  return {values.begin(), values.end()};
}

/// N(mu, Q diag(v) Q^T) keeps its eigenvectors, and the flow scales along each of them:
/// z = m_T mu + Q diag(sqrt(v_T / v_eps)) Q^T (x - m_eps mu), v_t = m_t^2 v + std_t^2.
TEST(Latent, EncodesAGaussianByTheKnownMap) {
  const auto data = GaussianMixture::full({1}, {{0.7, -0.4}}, {{0.5, 0.3, 0.3, 0.4}});
  const GaussianMixture::Component& c = data.components()[0];
  for (int i = 0; i < 3; ++i) {
    const auto sde = sde_of(i);
    const Tensor x = data.sample(6, {.seed = 2});
    const auto z = doubles(encode(*sde, data.score(*sde), x, precise).x), values = doubles(x);
    const double m = sde->mean_scale(precise.eps), m_T = sde->mean_scale(sde->T());
    double worst = 0;
    for (std::size_t n = 0; n < 6; ++n) {
      double truth[2] = {m_T * c.mean[0], m_T * c.mean[1]};
      for (std::size_t k = 0; k < 2; ++k) {
        const double q[2] = {c.Q[k], c.Q[2 + k]};  // column k
        const auto width = [&](double t) {
          return std::hypot(sde->mean_scale(t) * std::sqrt(c.variances[k]), sde->std(t));
        };
        const double along =
            q[0] * (values[2 * n] - m * c.mean[0]) + q[1] * (values[2 * n + 1] - m * c.mean[1]);
        for (std::size_t d = 0; d < 2; ++d)
          truth[d] += q[d] * along * width(sde->T()) / width(precise.eps);
      }
      for (std::size_t d = 0; d < 2; ++d)
        worst = std::max(worst, std::abs(z[2 * n + d] - truth[d]));
    }
    EXPECT_LT(worst, code_error) << sde->name();
    std::cout << sde->name() << ": largest error of a Gaussian's codes " << worst << "\n";
  }
}

double cdf(const GaussianMixture& p, double x) {
  double total = 0;
  for (const auto& c : p.components())
    total += c.weight * std::erfc((c.mean[0] - x) / std::sqrt(2 * c.variances[0])) / 2;
  return total;
}

double density(const GaussianMixture& p, double x) {
  return std::exp(p.log_density(Tensor({1, 1}, {static_cast<Real>(x)}))[0]);
}

/// In one dimension a flow cannot change the order of points: the code of x has as much of p_T
/// below it as x has of p_eps, whatever the density.
TEST(Latent, EncodesAMixtureOnALineByItsQuantiles) {
  const auto data = GaussianMixture::diagonal({0.3, 0.7}, {{-1}, {0.8}}, {{0.04}, {0.09}});
  for (int i = 0; i < 3; ++i) {
    const auto sde = sde_of(i);
    const GaussianMixture p_eps = data.marginal(*sde, precise.eps),
                          p_T = data.marginal(*sde, sde->T());
    const Tensor x({5, 1}, {Real(-1.4), Real(-0.9), Real(-0.1), Real(0.5), Real(1.5)});
    const Tensor z = encode(*sde, data.score(*sde), x, precise).x;
    for (Index n = 0; n < 5; ++n) {
      const double code = static_cast<double>(z.data()[n]);
      const double below = cdf(p_eps, static_cast<double>(x.data()[n]));
      // Between the modes the flow expands by p_eps(x) / p_T(z) once more.
      const double error = (cdf(p_T, code) - below) / density(p_T, code);
      EXPECT_LT(std::abs(error), code_error) << sde->name() << ", " << n;
    }
  }
}

/// Both ways err by the tolerance; backwards the flow contracts again what it had expanded.
TEST(Latent, DecodesWhatItEncodes) {
  const GaussianMixture data = three_modes();
  for (int i = 0; i < 3; ++i) {
    const auto sde = sde_of(i);
    const Score score = data.score(*sde);
    const Tensor x = data.sample(20, {.seed = 2});
    const auto error = [&](double tol) {
      const CodeOptions options = {.eps = 1e-3, .ode = {.rtol = tol, .atol = tol}};
      return difference(decode(*sde, score, encode(*sde, score, x, options).x, options).x, x);
    };
    const Difference coarse = error(1e-4), fine = error(1e-6);
    EXPECT_LT(fine.largest, 200 * 1e-6 + (sizeof(Real) == sizeof(float) ? 2e-5 : 0));
    EXPECT_LT(fine.rms, coarse.rms / 3) << sde->name();
    EXPECT_LE(fine.rms, fine.largest);
    std::cout << sde->name() << ": round trip errs by " << coarse.largest << " and " << fine.largest
              << " at tolerances 1e-4 and 1e-6\n";
  }
}

TEST(Latent, CodesDoNotDependOnTheBatch) {
  const VpSde sde;
  const Score score = three_modes().score(sde);
  const Tensor x = three_modes().sample(7, {.seed = 2});
  std::vector<double> shares;
  CodeOptions options = {.batch = 3};
  options.ode.progress = [&](double done) {
    shares.push_back(done);
    return true;
  };
  const Carried threes = encode(sde, score, x, options), all = encode(sde, score, x);
  EXPECT_EQ(threes.x.to_host(), all.x.to_host());
  EXPECT_EQ(threes.evaluations(), all.evaluations());
  EXPECT_TRUE(std::is_sorted(shares.begin(), shares.end()));
  EXPECT_EQ(shares.back(), 1);
  options.ode.progress = [](double done) { return done < 0.5; };
  EXPECT_FALSE(encode(sde, score, x, options).complete);
}

TEST(Latent, SaysWhatWentWrong) {
  const VpSde sde;
  const Tensor x = Tensor::zeros({3, 2});
  const Score nan = [](const Tensor& state, const Times& t) {
    std::vector<double> scale(t.size(), -1);
    if (t.size() == 1 && t[0] > 0.5) scale[0] = std::nan("");
    return scale_per_sample(state + 1, scale);
  };
  test::expect_error([&] { encode(sde, nan, x, {.batch = 2}); },
                     {"sample 2", "t = 0.", "not finite"});
  test::expect_error([&] { encode(sde, nan, x, {.eps = 0}); }, {"0 < eps < 1", "eps = 0"});
  test::expect_error([&] { decode(sde, nan, x, {.eps = 1.5}); }, {"0 < eps < 1", "eps = 1.5"});
  test::expect_error([&] { encode(sde, nan, x, {.batch = 0}); }, {"batch of at least 1"});
  test::expect_error([&] { difference(x, Tensor::zeros({3, 1})); }, {"[3, 2] and [3, 1]"});
}

TEST(Slerp, WalksTheGreatCircle) {
  const Tensor a({2, 2}, {3, 0, 0, 1}), b({2, 2}, {0, 3, 0, 2});
  for (const double u : {0.0, 0.25, 0.5, 1.0}) {
    const Tensor c = slerp(a, b, u);
    // Of orthogonal rows, by the angle u pi / 2; parallel ones are joined by a line.
    const double angle = u * std::numbers::pi / 2;
    const double truth[4] = {3 * std::cos(angle), 3 * std::sin(angle), 0, 1 + u};
    for (int i = 0; i < 4; ++i) EXPECT_NEAR(static_cast<double>(c.data()[i]), truth[i], 1e-6);
  }
  const Tensor strip = interpolations(a, b, 3);
  EXPECT_EQ(strip.shape(), (Shape{6, 2}));
  EXPECT_EQ(slice(strip, 0, 3, 4).to_host(), slice(a, 0, 1, 2).to_host());
  EXPECT_EQ(slice(strip, 0, 1, 2).to_host(), slice(slerp(a, b, 0.5), 0, 0, 1).to_host());
  test::expect_error([&] { slerp(a, -a, 0.5); }, {"opposite"});
  test::expect_error([&] { slerp(a, Tensor::zeros({2, 3}), 0.5); }, {"[2, 2] and [2, 3]"});
  test::expect_error([&] { interpolations(a, b, 1); }, {"at least 2 frames, got 1"});
}

/// Between codes of one length the way keeps that length.
TEST(Slerp, KeepsTheLength) {
  const Tensor a = random_normal({4, 5, 3}, {.seed = 1}), b = random_normal({4, 5, 3}, {.seed = 2});
  const auto of_length_2 = [](const Tensor& x) {
    std::vector<double> scale;
    for (Index n = 0; n < x.size(0); ++n)
      scale.push_back(2 / std::sqrt(sum_squares(slice(x, 0, n, n + 1))));
    return scale_per_sample(x, scale);
  };
  const Tensor c = slerp(of_length_2(a), of_length_2(b), 0.3);
  for (Index n = 0; n < 4; ++n) EXPECT_NEAR(sum_squares(slice(c, 0, n, n + 1)), 4, 1e-5);
}

}  // namespace
}  // namespace ito
