#include "nn/layers/instance_norm.h"

#include "engine/ops.h"

namespace ito::nn {

namespace {

using Kind = InstanceNormOptions::Kind;

constexpr double instance_norm_eps = 1e-5;
constexpr Init around_one = {.kind = Init::Kind::normal, .scale = 0.02, .centre = 1};

bool has_gamma(Kind kind) { return kind != Kind::variance; }
bool has_alpha(Kind kind) { return kind != Kind::plain; }

/// (x - mean) / sqrt(unbiased variance + eps) over one or more axes; without subtracting the mean
/// if `centred` is false.
Tensor normalised(const Tensor& x, const std::vector<int>& axes, bool centred) {
  const Tensor centre = x - mean(x, axes, true);
  const Tensor squares = sum(square(centre), axes, true);
  const double n = static_cast<double>(x.elements()) / static_cast<double>(squares.elements());
  return (centred ? centre : x) / sqrt(squares / (n - 1) + instance_norm_eps);
}

/// Means over the pixels, [N, 1, 1, C]. Row by row: the fewer terms one sum has, the less it
/// rounds, and mu multiplies what the means differ by.
Tensor pixel_means(const Tensor& x) { return mean(mean(x, {2}, true), {1}, true); }

}  // namespace

InstanceNorm::InstanceNorm(Index channels, const InstanceNormOptions& options)
    : channels_(channels), options_(options) {
  if (channels < 2) fail("instance_norm", "expected at least 2 channels, got ", channels);
  const bool gamma = has_gamma(options.kind), alpha = has_alpha(options.kind);
  const bool beta = options.bias && options.kind != Kind::variance;
  if (options.classes > 0) {
    Init init = around_one;
    init.zero_columns = beta ? channels : 0;
    const Index columns = channels * ((gamma ? 1 : 0) + (alpha ? 1 : 0) + (beta ? 1 : 0));
    add_parameter("table", table_, {options.classes, columns}, init);
    return;
  }
  if (gamma) add_parameter("gamma", gamma_, {channels}, around_one);
  if (alpha) add_parameter("alpha", alpha_, {channels}, around_one);
  if (beta) add_parameter("beta", beta_, {channels}, {});
}

InstanceNorm::Factors InstanceNorm::factors(const std::vector<Index>& classes) const {
  if (options_.classes == 0) return {gamma_, alpha_, beta_};
  const Tensor rows = embedding(table_, classes);
  Index begin = 0;
  const auto next = [&](bool has) {
    if (!has || begin == rows.size(1)) return Tensor();
    begin += channels_;
    return reshape(slice(rows, 1, begin - channels_, begin), {rows.size(0), 1, 1, channels_});
  };
  const Tensor gamma = next(has_gamma(options_.kind));
  const Tensor alpha = next(has_alpha(options_.kind));
  return {gamma, alpha, next(true)};
}

Tensor InstanceNorm::forward(const Tensor& x, const std::vector<Index>& classes) const {
  const Factors f = factors(classes);
  const std::vector<int> pixels = {1, 2};
  if (options_.kind == Kind::variance) return normalised(x, pixels, false) * f.alpha;
  Tensor h = instance_norm(x, {}, {}, instance_norm_eps);
  if (options_.kind == Kind::plus) h = h + normalised(pixel_means(x), {3}, true) * f.alpha;
  h = h * f.gamma;
  return f.beta.defined() ? h + f.beta : h;
}

}  // namespace ito::nn
