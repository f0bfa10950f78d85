#include "diffusion/training/soft_generator.h"

#include <algorithm>

#include "diffusion/control/operator.h"
#include "diffusion/score.h"
#include "diffusion/training/film_strip.h"
#include "engine/autograd.h"

namespace ito {

namespace {

constexpr Index prior_images = 2048;

/// Some of the images, evenly spread.
Tensor some_of(const ImageSet& images, Range range) {
  const Index n = std::min(images.count, prior_images);
  std::vector<Index> rows;
  for (Index i = 0; i < n; ++i) rows.push_back(i * images.count / n);
  return batch(images, rows, range);
}

std::vector<double> numbers_of(const nn::TensorMap& state, const char* name, Index expected) {
  const auto found = state.find(name);
  if (found == state.end() || found->second.elements() != expected)
    fail("checkpoint", "expected ", expected, " numbers of the prior's ", name);
  const std::vector<Real> values = found->second.to_host();
  return {values.begin(), values.end()};
}

SoftPrior prior_of(const nn::TensorMap& state, const SoftDiffusion& diffusion) {
  const Index H = diffusion.item()(0), W = diffusion.item()(1), C = diffusion.item()(2);
  const std::vector<double> u = numbers_of(state, "shape", H * W);
  return {Tensor({H, W}, std::vector<Real>(u.begin(), u.end())),
          numbers_of(state, "colour_mean", C), numbers_of(state, "colour_covariance", C * C),
          diffusion.sigma(1)};
}

/// As it comes back from a checkpoint, so that a run and its checkpoint draw the same samples.
SoftPrior rounded(SoftPrior prior) {
  for (auto* numbers : {&prior.colour_mean, &prior.colour_covariance})
    for (double& number : *numbers) number = static_cast<Real>(number);
  return prior;
}

std::string remark_on(const PriorError& fitted, const PriorError& constant) {
  return text("prior: Wasserstein-2 distance to the corrupted data ", fitted.wasserstein,
              " fitted, ", constant.wasserstein, " of constant images; the data's spread is ",
              fitted.spread);
}

}  // namespace

SoftGenerator::SoftGenerator(const TrainingConfig& config, const ImageSet& images)
    : diffusion_(make_soft_diffusion(config.sde.soft, item_shape(config.model))),
      prediction_(config.objective.soft.prediction),
      label_scale_(static_cast<double>(config.sde.N - 1)) {
  const Tensor x_0 = some_of(images, config.data.range);
  const SoftPrior fitted = fit_prior(diffusion_, x_0);
  const SoftPrior constant = fit_prior(diffusion_, x_0, PriorShape::constant);
  prior_ = rounded(config.sde.soft.prior == PriorShape::fitted ? fitted : constant);
  remark_ = remark_on(prior_error(fitted, diffusion_, x_0), prior_error(constant, diffusion_, x_0));
  if (const std::string remark = diffusion_.corruption().remark(); !remark.empty())
    remark_ += "\n" + remark;
}

SoftGenerator::SoftGenerator(const TrainingConfig& config, const nn::TensorMap& state)
    : diffusion_(make_soft_diffusion(config.sde.soft, item_shape(config.model))),
      prior_(prior_of(state, diffusion_)),
      prediction_(config.objective.soft.prediction),
      label_scale_(static_cast<double>(config.sde.N - 1)) {}

const Sde& SoftGenerator::sde() const {
  fail("soft", "this is a soft diffusion (", diffusion_.corruption().name(),
       "), which has no SDE of its own: samples can be drawn from it, but no more than that");
}

Score SoftGenerator::evaluated(const nn::ScoreNetwork& network) const {
  return network_denoiser(network, prediction_, label_scale_);
}

void SoftGenerator::check(const SamplingConfig& config) const {
  if (config.sampler != "pc" || config.corrector != "none" || config.grid != "time")
    fail("sampler",
         "a soft diffusion is sampled with the sampler pc, the corrector none and the grid time, "
         "got ",
         config.sampler, ", ", config.corrector, " and ", config.grid);
  if (config.steps < 2) fail("sampler", "expected at least 2 steps, got ", config.steps);
  make_soft_sampler(config.predictor, diffusion_, {}, config.k);
}

Samples SoftGenerator::draw(const Score& unchecked, const SamplingConfig& config,
                            const SampleRange& range, const SamplingHooks& hooks) const {
  const NoGrad no_grad;
  const Denoiser h = checked(unchecked, diffusion_.T());
  const auto sampler = make_soft_sampler(config.predictor, diffusion_, h, config.k);
  return in_batches(range, hooks.progress, [&](const SampleRange& part, const auto& progress) {
    const NoiseSource noise =
        random_noise(batch_shape(part.count, diffusion_.item()), part.seed, part.first);
    return soft_sample(*sampler, h, prior_.sample(noise), noise,
                       {.steps = static_cast<int>(config.steps),
                        .eps = config.eps,
                        .denoise = config.denoise,
                        .observe = hooks.observe,
                        .progress = progress});
  });
}

Tensor SoftGenerator::forward_film(const Tensor& x_0, Index frames, std::uint64_t seed) const {
  const NoGrad no_grad;
  const Tensor eta = random_noise(x_0.shape(), seed)(Purpose::noise, 0, 0);
  std::vector<Tensor> film = {x_0};
  for (Index j = 1; j < frames; ++j) {
    const double t = static_cast<double>(j) / static_cast<double>(frames - 1);
    film.push_back(diffusion_.perturb(x_0, Times(static_cast<std::size_t>(x_0.size(0)), t), eta));
  }
  return beside_each_other(film);
}

Tensor SoftGenerator::reverse_film(const Score& h, const SamplingConfig& config,
                                   const SampleRange& range, Index frames) const {
  std::vector<Tensor> film(static_cast<std::size_t>(frames)), means = film;
  const auto remember = [&](const Observation& seen) {
    const Tensor& x_t = seen.state.x;
    for (Index j = 0; j < frames; ++j)
      if (seen.step == j * (config.steps - 1) / (frames - 1)) {
        film[static_cast<std::size_t>(j)] = x_t;
        means[static_cast<std::size_t>(j)] =
            h(x_t, Times(static_cast<std::size_t>(x_t.size(0)), seen.t));
      }
  };
  film.back() = draw(h, config, range, {.progress = {}, .observe = remember}).x;
  return concat({beside_each_other(film), beside_each_other(means)}, 0);
}

nn::TensorMap SoftGenerator::state() const {
  const auto tensor = [](Shape shape, const std::vector<double>& values) {
    return Tensor(std::move(shape), std::vector<Real>(values.begin(), values.end()));
  };
  const auto C = static_cast<Index>(prior_.colour_mean.size());
  return {{"shape", prior_.shape},
          {"colour_mean", tensor({C}, prior_.colour_mean)},
          {"colour_covariance", tensor({C, C}, prior_.colour_covariance)}};
}

}  // namespace ito
