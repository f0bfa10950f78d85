#include "diffusion/samplers/generate.h"

#include <algorithm>

namespace ito {

Samples generate(const Sde& sde, const Predictor* predictor, const Corrector* corrector,
                 const Shape& item, const SampleRange& range,
                 const PredictorCorrectorOptions& options) {
  if (range.count < 1 || range.batch < 1 || range.first < 0) {
    fail("sampler",
         "expected at least 1 sample, a batch of at least 1 and a first number of at least 0, got ",
         range.count, ", ", range.batch, " and ", range.first);
  }
  const Index batches = (range.count + range.batch - 1) / range.batch;
  std::vector<Tensor> parts;
  for (Index i = 0; i < batches; ++i) {
    const Index begin = i * range.batch, n = std::min(range.batch, range.count - begin);
    Shape shape = {n};
    shape.insert(shape.end(), item.begin(), item.end());
    PredictorCorrectorOptions within = options;
    if (options.progress) {
      within.progress = [&, i](int done, int total) {
        return options.progress(static_cast<int>(i) * total + done,
                                static_cast<int>(batches) * total);
      };
    }
    Samples part = predictor_corrector(
        sde, predictor, corrector, random_noise(shape, range.seed, range.first + begin), within);
    if (!part.complete) return {{}, false};
    parts.push_back(part.x);
  }
  return {parts.size() == 1 ? parts[0] : concat(parts, 0), true};
}

}  // namespace ito
