#include "diffusion/likelihood/bits_per_dim.h"

#include <algorithm>
#include <cmath>

#include "diffusion/likelihood/prior_gap.h"
#include "diffusion/ode/probability_flow.h"
#include "engine/autograd.h"

namespace ito {

double bits_offset(int levels, Range range) {
  return std::log2(std::max(levels, 1)) - (range == Range::centered ? 1 : 0);
}

std::vector<double> bits_of(std::vector<double> log_density, Index D, double offset) {
  for (double& value : log_density)
    value = offset - value / (static_cast<double>(D) * std::log(2.0));
  return log_density;
}

Tensor dequantized(const ImageSet& set, Index first, Index n, Range range, std::uint64_t seed,
                   Index draw) {
  if (set.levels == 0 || range == Range::stored) return batch(set, first, n, range);
  const NoGrad no_grad;
  const Tensor x = batch(set, first, n, Range::unit);  // v / (levels - 1)
  const Tensor u = random_uniform(x.shape(), {.seed = seed,
                                              .purpose = Purpose::dequantize,
                                              .sub = static_cast<std::uint32_t>(draw),
                                              .first_image = first});
  const double levels = set.levels;
  const Tensor unit = x * ((levels - 1) / levels) + u * (1 / levels);
  return range == Range::centered ? affine(unit, 2, -1) : unit;
}

namespace {

/// Images that are solved together, with one draw of the dequantization.
struct Part {
  Index first, n, draw;
};

class BitsMeasurement {
 public:
  BitsMeasurement(const Sde& sde, const Score& score, const ImageSet& set, Index count, Range range,
                  const LikelihoodOptions& options)
      : sde_(sde), score_(score), set_(set), count_(count), range_(range), options_(options) {
    result_.offset = bits_offset(range == Range::stored ? 0 : set.levels, range);
  }

  BitsPerDim run() {
    const Index K = std::max<Index>(options_.probes, 1), M = options_.draws;
    std::vector<double> values(static_cast<std::size_t>(count_ * M * K));
    for (Index first = 0; first < count_; first += options_.batch) {
      const Index n = std::min(options_.batch, count_ - first);
      add_prior_gap(dequantized(set_, first, n, range_, options_.seed, 0));
      for (Index m = 0; m < M; ++m) {
        const std::vector<double> bits = solve({first, n, m}, options_.ode);
        if (!result_.complete) return result_;
        for (Index i = 0; i < n; ++i)
          std::copy_n(bits.begin() + i * K, K, values.begin() + ((first + i) * M + m) * K);
      }
    }
    summarise(values, M * K);
    result_.errors = error_bars(values, count_, M, K);
    result_.errors.solver = solver_error(values, M * K, K);
    return result_;
  }

 private:
  /// Bits per dimension [n, K].
  std::vector<double> solve(const Part& part, OdeOptions ode) {
    const Tensor x =
        dequantized(set_, part.first, part.n, range_, options_.seed, part.draw).to(options_.device);
    std::vector<Tensor> probes;
    if (options_.probes > 0)
      probes = draw_probes(options_.probe_type, x.shape(), options_.probes, options_.seed,
                           part.first, part.draw * options_.probes);
    ode.first_sample = part.first;
    ode.progress = [&](double done) {
      const double images = static_cast<double>(part.n) * done;
      return !options_.progress ||
             options_.progress((solved_ + images) / static_cast<double>(work()));
    };
    const FlowDensity flow =
        flow_density(sde_, score_, x, probes, {.eps = options_.eps, .ode = ode});
    result_.complete = flow.complete;
    solved_ += static_cast<double>(part.n);
    for (const OdePath& path : flow.paths) evaluations_ += static_cast<double>(path.evaluations);
    return bits_of(log_density(sde_, flow), item_of(x).elements(), result_.offset);
  }

  void add_prior_gap(const Tensor& x) {
    const double T = sde_.T(), all = static_cast<double>(count_ * item_of(x).elements());
    for (const double nats : prior_divergence(sde_.mean_scale(T), sde_.std(T), sde_.prior_std(), x))
      result_.prior_gap += nats / (all * std::log(2.0));
  }

  Index checked() const { return std::min(options_.solver_images, count_); }
  Index work() const { return count_ * options_.draws + checked(); }

  void summarise(const std::vector<double>& values, Index per_image) {
    const auto size = static_cast<double>(per_image);
    for (Index i = 0; i < count_; ++i) {
      double mean = 0;
      for (Index j = 0; j < per_image; ++j)
        mean += values[static_cast<std::size_t>(i * per_image + j)] / size;
      result_.per_image.push_back(mean);
      result_.mean += mean / static_cast<double>(count_);
    }
    result_.evaluations = evaluations_ / static_cast<double>(count_ * options_.draws);
  }

  /// Root mean square change of the first draw's values with ten times smaller tolerances.
  std::optional<double> solver_error(const std::vector<double>& values, Index per_image, Index K) {
    if (checked() < 1) return {};
    OdeOptions ode = options_.ode;
    ode.rtol /= 10, ode.atol /= 10;
    const std::vector<double> bits = solve({0, checked(), 0}, ode);
    double squares = 0;
    for (Index i = 0; i < checked() * K && result_.complete; ++i) {
      const double change = bits[static_cast<std::size_t>(i)] -
                            values[static_cast<std::size_t>(i / K * per_image + i % K)];
      squares += change * change;
    }
    return std::sqrt(squares / static_cast<double>(checked() * K));
  }

  const Sde& sde_;
  const Score& score_;
  const ImageSet& set_;
  Index count_;
  Range range_;
  const LikelihoodOptions& options_;
  BitsPerDim result_;
  double solved_ = 0, evaluations_ = 0;
};

}  // namespace

BitsPerDim bits_per_dim(const Sde& sde, const Score& score, const ImageSet& set, Index count,
                        Range range, const LikelihoodOptions& options) {
  if (count < 1 || count > set.count)
    fail("likelihood", "expected 1 to ", set.count, " images, got ", count);
  if (options.draws < 1 || options.probes < 0 || options.batch < 1)
    fail("likelihood", "expected at least 1 draw and a batch of 1, got ", options.draws, " and ",
         options.batch);
  return BitsMeasurement(sde, score, set, count, range, options).run();
}

}  // namespace ito
