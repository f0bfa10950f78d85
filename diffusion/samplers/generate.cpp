#include "diffusion/samplers/generate.h"

#include <algorithm>

#include "diffusion/score.h"

namespace ito {

namespace {

/// Samples that are computed at once: numbers first, ..., first + n - 1.
struct Batch {
  Index first, n;
};

std::vector<Batch> batches_of(const SampleRange& range) {
  if (range.count < 1 || range.batch < 1 || range.first < 0) {
    fail("sampler",
         "expected at least 1 sample, a batch of at least 1 and a first number of at least 0, got ",
         range.count, ", ", range.batch, " and ", range.first);
  }
  std::vector<Batch> batches;
  for (Index begin = 0; begin < range.count; begin += range.batch)
    batches.push_back({range.first + begin, std::min(range.batch, range.count - begin)});
  return batches;
}

NoiseSource noise_of(const Batch& batch, const Shape& item, std::uint64_t seed) {
  Shape shape = {batch.n};
  shape.insert(shape.end(), item.begin(), item.end());
  return random_noise(shape, seed, batch.first);
}

/// draw() with samples named by their numbers in what it throws.
template <class F>
auto numbered(const Batch& batch, F draw) {
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

Samples generate(const Sde& sde, const Predictor* predictor, const Corrector* corrector,
                 const Shape& item, const SampleRange& range,
                 const PredictorCorrectorOptions& options) {
  const std::vector<Batch> batches = batches_of(range);
  std::vector<Tensor> parts;
  for (std::size_t i = 0; i < batches.size(); ++i) {
    PredictorCorrectorOptions within = options;
    if (options.progress) {
      within.progress = [&, i](int done, int total) {
        return options.progress(static_cast<int>(i) * total + done,
                                static_cast<int>(batches.size()) * total);
      };
    }
    Samples part = numbered(batches[i], [&] {
      return predictor_corrector(sde, predictor, corrector, noise_of(batches[i], item, range.seed),
                                 within);
    });
    if (!part.complete) return {{}, false};
    parts.push_back(part.x);
  }
  return {joined(parts), true};
}

FlowSamples generate_flow(const Sde& sde, const Score& score, const Shape& item,
                          const SampleRange& range, const FlowOptions& options) {
  const std::vector<Batch> batches = batches_of(range);
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
    const Tensor x_T =
        noise_of(batches[i], item, range.seed)(Purpose::prior, 0, 0) * sde.prior_std();
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
