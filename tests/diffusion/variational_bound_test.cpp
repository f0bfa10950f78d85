// The variational bound of DDPM on Gaussian data, whose exact score makes every term known.

#include "diffusion/likelihood/variational_bound.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numbers>
#include <numeric>

#include "tests/diffusion/statistics.h"
#include "tests/errors.h"

namespace ito {
namespace {

constexpr double real_digits = sizeof(Real) == sizeof(double) ? 1e-12 : 1e-5;

/// Reference numbers by mpmath 1.3 with 40 digits.
TEST(DiscretisedGaussian, IsExactFarOutToo) {
  constexpr double inf = std::numeric_limits<double>::infinity();
  const auto expect = [](double a, double b, double truth) {
    EXPECT_NEAR(log_normal_interval(a, b) / truth, 1, 1e-12) << a << " to " << b;
    EXPECT_NEAR(log_normal_interval(-b, -a) / truth, 1, 1e-12) << -b << " to " << -a;
  };
  expect(40, inf, -804.608442013753788);
  expect(25, inf, -316.639408008020259);
  expect(24.9, inf, -314.140412761613198);
  expect(24.9, 25.3, -314.140455694822332);
  expect(30, 30.25, -454.321775744829013);
  expect(3, 3.5, -6.79686800668343277);
  expect(-0.5, 0.25, -1.23729250132245024);
}

/// The masses of all levels sum to 1, wherever the Gaussian is and however narrow.
TEST(DiscretisedGaussian, IsADistributionOverLevels) {
  const LevelGrid grid = {.low = -1, .high = 1, .spacing = 0.125};
  for (const double mean : {-1.7, -1.0, 0.03, 0.9})
    for (const double std : {1e-3, 0.05, 2.0}) {
      double total = 0;
      for (int level = 0; level < 17; ++level)
        total += std::exp(log_level_mass(-1 + 0.125 * level, mean, std, grid));
      EXPECT_NEAR(total, 1, 1e-12) << mean << ", " << std;
    }
  EXPECT_NEAR(log_level_mass(0.3, 0.1, 0.2, {}),
              -0.5 - std::log(0.2 * std::sqrt(2 * std::numbers::pi)), 1e-12);
}

/// N(mu, v) in each of D dimensions under DDPM's chain, and what the best noise predictor makes of
/// it.
struct GaussianChain {
  static constexpr double mu = 0.3, v = 0.25;
  VpSde chain;
  ReverseVariance choice;

  explicit GaussianChain(int N, ReverseVariance variance = ReverseVariance::beta)
      : chain(LinearBeta{}, N), choice(variance) {}

  std::size_t N() const { return static_cast<std::size_t>(chain.N()); }
  double beta(std::size_t i) const { return chain.betas()[i]; }
  double m(std::size_t i) const { return std::sqrt(chain.alphas_cumprod()[i]); }
  double std(std::size_t i) const { return chain.discrete_stds()[i]; }
  /// The variance of x_i.
  double w(std::size_t i) const { return m(i) * m(i) * v + std(i) * std(i); }

  /// E[z | x_i] = std_i (x_i - m_i mu) / w_i.
  NoisePredictor best() const {
    return [this](const Tensor& x, Index index) {
      const auto i = static_cast<std::size_t>(index);
      return (x - m(i) * mu) * (std(i) / w(i));
    };
  }

  double posterior(std::size_t i) const {
    return beta(i) * (1 - m(i - 1) * m(i - 1)) / (1 - m(i) * m(i));
  }
  double variance(std::size_t i) const {
    return choice == ReverseVariance::beta ? beta(i) : posterior(std::max<std::size_t>(i, 1));
  }

  /// L_i at x_0 in nats of one dimension, with mean and variance over the noise: z - E[z | x_i] is
  /// N(b, s^2) with b = -std m (x_0 - mu) / w, s = m^2 v / w.
  void term(std::size_t i, double x_0, double& mean, double& spread) const {
    const double b = -std(i) * m(i) * (x_0 - mu) / w(i), s = m(i) * m(i) * v / w(i);
    const double c2 = beta(i) * beta(i) / ((1 - beta(i)) * std(i) * std(i)), sigma2 = variance(i);
    const double half = c2 / (2 * sigma2);  // of the squared error of the noise
    mean = half * (b * b + s * s);
    spread = half * half * (2 * s * s * s * s + 4 * b * b * s * s);
    if (i == 0) {
      mean += 0.5 * std::log(2 * std::numbers::pi * sigma2);
    } else {
      mean += 0.5 * (std::log(sigma2 / posterior(i)) + posterior(i) / sigma2 - 1);
    }
  }

  /// -log p(x_0) of the reverse chain itself, which is Gaussian: mean and variance of x_i from the
  /// prior down.
  double exact_nats(double x_0) const {
    double mean = 0, var = 1;
    for (std::size_t i = N(); i-- > 0;) {
      const double root = std::sqrt(1 - beta(i));
      const double slope = (1 - beta(i) / w(i)) / root;  // of mu(x_i, i) in x_i
      mean = slope * mean + beta(i) * m(i) * mu / (w(i) * root);
      var = slope * slope * var + variance(i);
    }
    return 0.5 * (std::log(2 * std::numbers::pi * var) + (x_0 - mean) * (x_0 - mean) / var);
  }
};

ImageSet vectors(const Tensor& x) {
  ImageSet set;
  set.count = x.size(0), set.item = {x.size(1)}, set.levels = 0, set.reals = x.to_host();
  return set;
}

constexpr double log_2 = std::numbers::ln2;

TEST(VariationalBound, HasTheTermsOfAGaussianInClosedForm) {
  constexpr Index D = 16, draws = 200;
  const double x_0 = 0.8;
  const ImageSet image = vectors(Tensor::full({1, D}, x_0));
  for (const auto choice : {ReverseVariance::beta, ReverseVariance::posterior}) {
    const GaussianChain g(30, choice);
    const VariationalBound bound = variational_bound(g.chain, g.best(), image, 1, Range::stored,
                                                     {.variance = choice, .draws = draws});
    ASSERT_EQ(bound.terms.size(), 30u);
    double sum = bound.prior, total = 0, spread = 0, worst = 0;
    for (std::size_t i = 0; i < 30; ++i) {
      double mean, variance;
      g.term(i, x_0, mean, variance);
      const double error = std::sqrt(variance / (D * draws));
      // Of 60 values none is 4.5 errors away but with a probability of 4e-4.
      EXPECT_LT(std::abs(bound.terms[i] * log_2 - mean), 4.5 * error + real_digits) << i;
      worst = std::max(worst, std::abs(bound.terms[i] * log_2 - mean) / error);
      sum += bound.terms[i], total += mean, spread += variance;
    }
    EXPECT_NEAR(bound.mean, sum, 1e-12);
    const double acp = g.m(29) * g.m(29);
    const double prior = 0.5 * (acp * x_0 * x_0 - acp - std::log1p(-acp));
    EXPECT_NEAR(bound.prior * log_2, prior, real_digits);
    // The closed form is a bound on what the chain needs, which is known too.
    EXPECT_GT(total + prior, g.exact_nats(x_0));
    // The error bar of the noise is its standard error, known itself to 1 / sqrt(2 draws) = 5 %.
    EXPECT_NEAR(bound.total * log_2 / std::sqrt(spread / (D * draws)), 1, 0.2);
    std::cout << "terms within " << worst << " standard errors; bound " << (total + prior) / log_2
              << " bits/dim, exactly " << g.exact_nats(x_0) / log_2 << "\n";
  }
}

/// The mean of the bound over data and noise. Each term is quadratic in x_0 and z, for which the
/// Gauss-Hermite rule with the two nodes -1 and +1 is exact: nothing is left to chance.
double expected_nats(const GaussianChain& g) {
  const double s = std::sqrt(GaussianChain::v);
  const auto low = static_cast<Real>(GaussianChain::mu - s),
             high = static_cast<Real>(GaussianChain::mu + s);
  const Tensor x_0({4, 1}, {low, low, high, high}), z({4, 1}, {-1, 1, -1, 1});
  const auto mean = [](const std::vector<double>& of) {
    return std::accumulate(of.begin(), of.end(), 0.0) / 4;
  };
  double nats = mean(prior_term(g.chain, x_0));
  for (Index i = 0; i < g.chain.N(); ++i)
    nats += mean(bound_term(g.chain, g.best(), x_0, i, z, g.choice, {}));
  return nats;
}

/// Beyond the entropy of the data the bound is, in the mean, the Kullback-Leibler distance of the
/// two chains: never below 0. With sigma^2 = beta it falls like 1/N, as each of N steps errs by
/// beta^2: halved when N is doubled, up to the next order. The posterior's variance is too small
/// for spread-out data near t = 0, however small the steps: that gap only approaches a constant.
TEST(VariationalBound, ApproachesTheExactLikelihood) {
  const double entropy = 0.5 * std::log(2 * std::numbers::pi * std::numbers::e * GaussianChain::v);
  double beta_before = 0, posterior_before = 0;
  for (const int N : {100, 200, 400, 800}) {
    const double beta = expected_nats(GaussianChain(N, ReverseVariance::beta)) - entropy;
    const double posterior = expected_nats(GaussianChain(N, ReverseVariance::posterior)) - entropy;
    EXPECT_GT(beta, 100 * real_digits) << N;
    EXPECT_GT(posterior, beta) << N;
    if (beta_before > 0) {
      EXPECT_NEAR(beta_before / beta, 2, 0.3) << N;
      EXPECT_LT(posterior, posterior_before) << N;
    }
    beta_before = beta, posterior_before = posterior;
    std::cout << N << " steps: bits above the exact " << entropy / log_2 << ": " << beta / log_2
              << " (beta), " << posterior / log_2 << " (posterior)\n";
  }
}

ImageSet one_of_each_level() {
  ImageSet set;
  set.count = 4, set.item = {1, 1, 1}, set.levels = 4, set.pixels = {0, 1, 2, 3};
  return set;
}

/// Code lengths of levels obey Kraft's inequality: sum of 2^-L <= 1. With the exact score of four
/// equally likely levels each L nears two bits from above: four times as many steps leave a quarter
/// of what is too much, to first order; half is asked. All within four standard errors.
TEST(VariationalBound, IsACodeLengthOfLevels) {
  const auto levels = GaussianMixture::diagonal({1, 1, 1, 1}, {{-1}, {-1.0 / 3}, {1.0 / 3}, {1}},
                                                {{1e-6}, {1e-6}, {1e-6}, {1e-6}});
  const ImageSet set = one_of_each_level();
  double gap_before = 0, error_before = 0;
  for (const int N : {30, 120, 480}) {
    const VpSde chain({}, N);
    const VariationalBound bound = variational_bound(
        chain, noise_of_score(chain, levels.score(chain)), set, 4, Range::centered, {.draws = 60});
    double kraft = 0;
    for (const double bits : bound.per_image) kraft += std::exp2(-bits);
    const double error = bound.noise.value(), gap = bound.mean - 2;
    EXPECT_LT(kraft, 1 + 4 * log_2 * error) << N;
    EXPECT_GT(gap, -4 * error) << N;
    if (gap_before > 0) {
      EXPECT_LT(gap, gap_before / 2 + 4 * std::hypot(error, error_before / 2)) << N;
    }
    gap_before = gap, error_before = error;
    std::cout << N << " steps: " << bound.mean << " +- " << error << " bits, exactly 2\n";
  }
}

TEST(VariationalBound, ScalesWithTheRange) {
  // Real values in [0, 1]: centered they are twice as wide, which the offset of -1 bit undoes.
  const Tensor x = Tensor({2, 2}, {Real(0.2), Real(0.4), Real(0.9), Real(0.5)});
  const ImageSet set = vectors(x);
  const VpSde chain({}, 30);
  const NoisePredictor nothing = [](const Tensor& y, Index) { return y * 0; };
  const VariationalBound a = variational_bound(chain, nothing, set, 2, Range::centered),
                         b = variational_bound(chain, nothing, set, 2, Range::unit);
  EXPECT_NEAR(a.terms[0], b.terms[0] - 1, real_digits);  // the error of the noise is the same
}

/// The best predictor as a network that is told the index, as DDPM's are.
class BestNetwork : public nn::ScoreNetwork {
 public:
  explicit BestNetwork(const GaussianChain& g) : g_(g) {}
  Tensor forward(const Tensor& x, const std::vector<double>& labels,
                 const RandomStream*) const override {
    return g_.best()(x, static_cast<Index>(labels.at(0)));
  }

 private:
  const GaussianChain& g_;
};

/// A network trained on the chain and a score in continuous time say the same. The score is asked
/// at the time of the same noise, but for the last steps, which are noisier than x_T: with 1000 of
/// them m = 0.0066 is 3 % too large there, which moves what is seen by 3 % of m mu, 6e-5.
TEST(VariationalBound, TakesNetworksAndScores) {
  const GaussianChain g(1000);
  const GaussianMixture data = GaussianMixture::diagonal({1}, {{g.mu}}, {{g.v}});
  const Tensor x({3, 1}, {Real(-1), Real(0.2), Real(2)});
  const BestNetwork network(g);
  const NoisePredictor by_network = noise_of_network(network),
                       by_score = noise_of_score(g.chain, data.score(g.chain));
  for (const Index i : {0, 1, 10, 500, 990, 999}) {
    const Tensor truth = g.best()(x, i);
    EXPECT_EQ(by_network(x, i).to_host(), truth.to_host()) << i;
    const std::vector<Real> seen = by_score(x, i).to_host();
    for (std::size_t n = 0; n < 3; ++n)
      EXPECT_NEAR(static_cast<double>(seen[n]), static_cast<double>(truth.data()[n]), 1e-4) << i;
  }
}

TEST(VariationalBound, DoesNotDependOnTheBatch) {
  const GaussianChain g(25);
  const ImageSet set = vectors(random_normal({5, 3}, {.seed = 1}));
  const auto of = [&](Index batch) {
    return variational_bound(g.chain, g.best(), set, 5, Range::stored,
                             {.draws = 2, .batch = batch});
  };
  const VariationalBound all = of(5), twos = of(2);
  EXPECT_EQ(all.per_image, twos.per_image);
  EXPECT_EQ(all.terms, twos.terms);
  EXPECT_EQ(all.prior, twos.prior);
  EXPECT_TRUE(all.data && all.noise);
  EXPECT_FALSE(variational_bound(g.chain, g.best(), set, 5, Range::stored).noise);
}

TEST(VariationalBound, SaysWhatWentWrong) {
  const GaussianChain g(25);
  const ImageSet set = vectors(Tensor::zeros({5, 3}));
  const auto of = [&](const NoisePredictor& predict, Index count, const BoundOptions& options) {
    return variational_bound(g.chain, predict, set, count, Range::stored, options);
  };
  const NoisePredictor nan = [](const Tensor& x, Index i) {
    std::vector<double> scale(static_cast<std::size_t>(x.size(0)), 1);
    if (i == 7) scale.back() = std::nan("");
    return scale_per_sample(x + 1, scale);
  };
  test::expect_error([&] { of(nan, 4, {.batch = 3}); }, {"image 2 at step 7 of 25", "not finite"});
  const NoisePredictor narrow = [](const Tensor& x, Index) { return slice(x, 1, 0, 1); };
  test::expect_error([&] { of(narrow, 4, {}); }, {"expected noise [4, 3]", "got [4, 1]"});
  test::expect_error([&] { of(g.best(), 6, {}); }, {"expected 1 to 5 images, got 6"});
  test::expect_error([&] { of(g.best(), 1, {.draws = 0}); }, {"at least 1 draw"});
  EXPECT_FALSE(of(g.best(), 5, {.progress = [](double done) { return done < 0.5; }}).complete);
}

}  // namespace
}  // namespace ito
