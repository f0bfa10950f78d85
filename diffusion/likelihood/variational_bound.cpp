#include "diffusion/likelihood/variational_bound.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "diffusion/likelihood/bits_per_dim.h"
#include "diffusion/likelihood/prior_gap.h"
#include "diffusion/samplers/denoised.h"
#include "engine/autograd.h"

namespace ito {

NoisePredictor noise_of_network(const nn::ScoreNetwork& network) {
  return [&network](const Tensor& x, Index i) {
    const auto n = static_cast<std::size_t>(x.size(0));
    return network.forward(x, std::vector<double>(n, static_cast<double>(i)));
  };
}

NoisePredictor noise_of_score(const VpSde& chain, Score score) {
  return [&chain, score = std::move(score)](const Tensor& x, Index i) {
    const auto k = static_cast<std::size_t>(i);
    const double level = chain.discrete_stds()[k] / std::sqrt(chain.alphas_cumprod()[k]);
    const double t = time_of_level(chain, level);
    return score(x, Times(static_cast<std::size_t>(x.size(0)), t)) * -chain.std(t);
  };
}

namespace {

/// The numbers of step i.
struct Step {
  double posterior;  ///< variance of q(x_{i-1} | x_i, x_0)
  double variance;   ///< sigma_i^2 of p(x_{i-1} | x_i)
  double lever;      ///< of an error of the noise on the mean (Ho et al. 2020, equation 12)
};

double posterior_variance(const VpSde& chain, std::size_t i) {
  const double before = i > 0 ? chain.discrete_stds()[i - 1] : 0, after = chain.discrete_stds()[i];
  return chain.betas()[i] * before * before / (after * after);
}

Step step_at(const VpSde& chain, std::size_t i, ReverseVariance choice) {
  const double beta = chain.betas()[i];
  const double chosen = choice == ReverseVariance::beta
                            ? beta
                            : posterior_variance(chain, std::max<std::size_t>(i, 1));
  return {posterior_variance(chain, i), chosen,
          beta / (std::sqrt(1 - beta) * chain.discrete_stds()[i])};
}

LevelGrid level_grid(const ImageSet& set, Range range) {
  if (set.levels == 0) return {};
  const double last = set.levels - 1;
  if (range == Range::centered) return {.low = -1, .high = 1, .spacing = 2 / last};
  if (range == Range::unit) return {.low = 0, .high = 1, .spacing = 1 / last};
  return {.low = 0, .high = last, .spacing = 1};
}

}  // namespace

std::vector<double> bound_term(const VpSde& chain, const NoisePredictor& predict, const Tensor& x_0,
                               Index i, const Tensor& z, ReverseVariance variance,
                               const LevelGrid& grid) {
  const NoGrad no_grad;
  const auto k = static_cast<std::size_t>(i);
  const Tensor x_i = x_0 * std::sqrt(chain.alphas_cumprod()[k]) + z * chain.discrete_stds()[k];
  const Tensor z_seen = predict(x_i, i);
  if (z_seen.shape() != x_0.shape())
    fail("elbo", "expected noise ", x_0.shape(), " from the network, got ", z_seen.shape());
  const std::vector<Real> x = x_0.to_host(), r = (z - z_seen).to_host();
  const Step step = step_at(chain, k, variance);
  const auto n = static_cast<std::size_t>(x_0.size(0));
  std::vector<double> nats(n, 0);
  for (std::size_t j = 0; j < x.size(); ++j) {
    const double d = step.lever * static_cast<double>(r[j]);  // of the mean from what it should be
    const auto value = static_cast<double>(x[j]);
    nats[j / (x.size() / n)] +=
        i > 0 ? gaussian_divergence(step.posterior, step.variance, d)
              : -log_level_mass(value, value + d, std::sqrt(step.variance), grid);
  }
  return nats;
}

std::vector<double> prior_term(const VpSde& chain, const Tensor& x_0) {
  return prior_divergence(std::sqrt(chain.alphas_cumprod().back()), chain.discrete_stds().back(),
                          chain.prior_std(), x_0);
}

namespace {

class Bound {
 public:
  Bound(const VpSde& chain, const NoisePredictor& predict, const ImageSet& set, Index count,
        Range range, const BoundOptions& options)
      : chain_(chain),
        predict_(predict),
        set_(set),
        count_(count),
        range_(range),
        options_(options),
        grid_(level_grid(set, range)),
        offset_(set.levels == 0 && range == Range::centered ? bits_offset(0, range) : 0),
        values_(static_cast<std::size_t>(count * options.draws), offset_) {
    result_.terms.assign(static_cast<std::size_t>(chain.N()), 0);
    result_.terms[0] = offset_;
  }

  VariationalBound run() {
    for (Index first = 0; first < count_ && result_.complete; first += options_.batch) {
      const Index n = std::min(options_.batch, count_ - first);
      const Tensor x_0 = batch(set_, first, n, range_).to(options_.device);
      const std::vector<double> prior = prior_term(chain_, x_0);
      add(std::vector(static_cast<std::size_t>(options_.draws), prior), first, result_.prior);
      for (Index i = chain_.N() - 1; i >= 0 && result_.complete; --i)
        add(term(x_0, first, i), first, result_.terms[static_cast<std::size_t>(i)]);
    }
    if (result_.complete) summarise();
    return std::move(result_);
  }

 private:
  /// L_i in nats of each draw and image.
  std::vector<std::vector<double>> term(const Tensor& x_0, Index first, Index i) {
    std::vector<std::vector<double>> draws;
    for (Index m = 0; m < options_.draws; ++m) {
      const Tensor z = random_normal(x_0.shape(),
                                     {.seed = options_.seed,
                                      .purpose = Purpose::noise,
                                      .step = static_cast<std::uint32_t>(i),
                                      .sub = static_cast<std::uint32_t>(m),
                                      .first_image = first},
                                     x_0.device());
      draws.push_back(bound_term(chain_, predict_, x_0, i, z, options_.variance, grid_));
      for (std::size_t n = 0; n < draws.back().size(); ++n)
        if (!std::isfinite(draws.back()[n]))
          fail("elbo", "the network's output for image ", first + static_cast<Index>(n),
               " at step ", i, " of ", chain_.N(), " is not finite");
    }
    done_ += static_cast<double>(x_0.size(0));
    if (options_.progress)
      result_.complete = options_.progress(done_ / (static_cast<double>(count_) * chain_.N()));
    return draws;
  }

  /// Adds `nats` [draws][n] of images `first`... to their values, and their share to the mean, in
  /// an order that does not depend on the batch.
  void add(const std::vector<std::vector<double>>& nats, Index first, double& mean) {
    const double D = static_cast<double>(set_.item.elements()) * std::numbers::ln2;
    for (std::size_t n = 0; n < nats[0].size(); ++n) {
      double* values = values_.data() + (first + static_cast<Index>(n)) * options_.draws;
      for (std::size_t m = 0; m < nats.size(); ++m) {
        values[m] += nats[m][n] / D;
        mean += nats[m][n] / D / static_cast<double>(values_.size());
      }
    }
  }

  void summarise() {
    const Index M = options_.draws;
    for (Index n = 0; n < count_; ++n) {
      double mean = 0;
      for (Index m = 0; m < M; ++m)
        mean += values_[static_cast<std::size_t>(n * M + m)] / static_cast<double>(M);
      result_.per_image.push_back(mean);
      result_.mean += mean / static_cast<double>(count_);
    }
    // Draws of the noise stand where those of the dequantization do.
    const ErrorBars bars = error_bars(values_, count_, M, 1);
    result_.total = bars.total, result_.data = bars.data, result_.noise = bars.dequantization;
  }

  const VpSde& chain_;
  const NoisePredictor& predict_;
  const ImageSet& set_;
  Index count_;
  Range range_;
  const BoundOptions& options_;
  LevelGrid grid_;
  double offset_;
  std::vector<double> values_;  ///< bits per dimension [count, draws]
  VariationalBound result_;
  double done_ = 0;
};

}  // namespace

VariationalBound variational_bound(const VpSde& chain, const NoisePredictor& predict,
                                   const ImageSet& set, Index count, Range range,
                                   const BoundOptions& options) {
  if (count < 1 || count > set.count)
    fail("elbo", "expected 1 to ", set.count, " images, got ", count);
  if (options.draws < 1 || options.batch < 1)
    fail("elbo", "expected at least 1 draw and a batch of 1, got ", options.draws, " and ",
         options.batch);
  return Bound(chain, predict, set, count, range, options).run();
}

}  // namespace ito
