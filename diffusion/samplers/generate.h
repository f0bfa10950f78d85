#pragma once
// Many samples, batch by batch. Sample number K has the same bits whatever else is drawn with it.

#include "diffusion/samplers/predictor_corrector.h"
#include "diffusion/samplers/probability_flow_ode.h"

namespace ito {

/// Which samples, and in batches of how many.
struct SampleRange {
  std::uint64_t seed = 0;
  Index first = 0;  ///< number of the first sample
  Index count = 1;
  Index batch = 64;
  Device device = Device::cpu;  ///< of the samples, and of the score that makes them
  bool graphs = false;  ///< on the CUDA device, to launch a step as one: see GraphedPredictor
};

/// Told the steps done of all; false stops.
using StepProgress = std::function<bool(int done, int total)>;

/// Draws batch by batch: `draw` is given each part of the range, one batch, with its share of the
/// progress (empty if `progress` is). When a part is not complete the result is empty and not
/// complete.
Samples in_batches(
    const SampleRange& range, const StepProgress& progress,
    const std::function<Samples(const SampleRange& part, const StepProgress& progress)>& draw);

/// Samples [count, item...]. `options.progress` counts steps of all batches; when it stops the loop
/// the result is empty and not complete.
Samples generate(const Sde& sde, const Predictor* predictor, const Corrector* corrector,
                 const Shape& item, const SampleRange& range,
                 const PredictorCorrectorOptions& options);

/// The same by the probability-flow ODE; frames [count, item...] each. `options.ode.progress` is
/// told the share of all batches. The result is empty when it stops the solver.
FlowSamples generate_flow(const Sde& sde, const Score& score, const Shape& item,
                          const SampleRange& range, const FlowOptions& options);

}  // namespace ito
