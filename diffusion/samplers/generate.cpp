#include "diffusion/samplers/generate.h"

#include <algorithm>

#include "diffusion/score.h"

namespace ito {

namespace {

/// The parts of a range that are computed at once.
std::vector<SampleRange> batches_of(const SampleRange& range) {
  if (range.count < 1 || range.batch < 1 || range.first < 0) {
    fail("sampler",
         "expected at least 1 sample, a batch of at least 1 and a first number of at least 0, got ",
         range.count, ", ", range.batch, " and ", range.first);
  }
  std::vector<SampleRange> batches;
  for (Index begin = 0; begin < range.count; begin += range.batch) {
    const Index n = std::min(range.batch, range.count - begin);
    batches.push_back({.seed = range.seed,
                       .first = range.first + begin,
                       .count = n,
                       .batch = n,
                       .device = range.device,
                       .graphs = range.graphs});
  }
  return batches;
}

NoiseSource noise_of(const SampleRange& batch, const Shape& item) {
  Shape shape = {batch.count};
  shape.insert(shape.end(), item.begin(), item.end());
  return random_noise(shape, batch.seed, batch.first, batch.device);
}

/// draw() with samples named by their numbers in what it throws.
template <class F>
auto numbered(const SampleRange& batch, F draw) {
  try {
    return draw();
  } catch (const ScoreError& e) {
    throw ScoreError(batch.first + e.sample(), e.t(), e.finite_state());
  }
}

Tensor joined(const std::vector<Tensor>& parts) {
  return parts.size() == 1 ? parts[0] : concat(parts, 0);
}

}  // namespace

Samples in_batches(
    const SampleRange& range, const StepProgress& progress,
    const std::function<Samples(const SampleRange& part, const StepProgress& progress)>& draw) {
  const std::vector<SampleRange> batches = batches_of(range);
  const auto n = static_cast<int>(batches.size());
  std::vector<Tensor> parts;
  for (int i = 0; i < n; ++i) {
    StepProgress within;
    if (progress)
      within = [&, i](int done, int total) { return progress(i * total + done, n * total); };
    const SampleRange& batch = batches[static_cast<std::size_t>(i)];
    const Samples part = numbered(batch, [&] { return draw(batch, within); });
    if (!part.complete) return {{}, false};
    parts.push_back(part.x);
  }
  return {joined(parts), true};
}

Samples generate(const Sde& sde, const Predictor* predictor, const Corrector* corrector,
                 const Shape& item, const SampleRange& range,
                 const PredictorCorrectorOptions& options) {
  return in_batches(range, options.progress, [&](const SampleRange& part, const auto& progress) {
    PredictorCorrectorOptions within = options;
    within.progress = progress;
    return predictor_corrector(sde, predictor, corrector, noise_of(part, item), within);
  });
}

FlowSamples generate_flow(const Sde& sde, const Score& score, const Shape& item,
                          const SampleRange& range, const FlowOptions& options) {
  const std::vector<SampleRange> batches = batches_of(range);
  FlowSamples all;
  std::vector<Tensor> parts;
  std::vector<std::vector<Tensor>> frames(options.ode.output.size());
  for (std::size_t i = 0; i < batches.size(); ++i) {
    FlowOptions within = options;
    within.ode.first_sample = batches[i].first;
    if (options.ode.progress) {
      within.ode.progress = [&, i](double done) {
        return options.ode.progress((static_cast<double>(i) + done) /
                                    static_cast<double>(batches.size()));
      };
    }
    const Tensor x_T = noise_of(batches[i], item)(Purpose::prior, 0, 0) * sde.prior_std();
    FlowSamples part = probability_flow_ode(sde, score, x_T, within);
    all.calls += part.calls;
    if (!part.complete) return {.x = {}, .frames = {}, .paths = {}, .complete = false};
    parts.push_back(part.x);
    for (std::size_t j = 0; j < frames.size(); ++j) frames[j].push_back(part.frames[j]);
    all.paths.insert(all.paths.end(), part.paths.begin(), part.paths.end());
  }
  all.x = joined(parts);
  for (const auto& frame : frames) all.frames.push_back(joined(frame));
  return all;
}

}  // namespace ito
