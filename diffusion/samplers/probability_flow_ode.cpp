#include "diffusion/samplers/probability_flow_ode.h"

#include "diffusion/ode/probability_flow.h"
#include "diffusion/samplers/reverse_diffusion.h"
#include "engine/autograd.h"

namespace ito {

namespace {

/// The mean of a step from eps to 0.
Tensor denoised(const Sde& sde, const Score& score, const Tensor& x, const FlowOptions& options) {
  const auto N = static_cast<std::size_t>(x.size(0));
  const ReverseDiffusion last({sde, score}, options.last_step);
  return last.step(x, Times(N, options.eps), Times(N, 0), Tensor::zeros(x.shape(), x.device()))
      .mean;
}

}  // namespace

FlowSamples probability_flow_ode(const Sde& sde, const Score& score, const Tensor& x_T,
                                 const FlowOptions& options) {
  const NoGrad no_grad;
  check_flow_times(sde, options.eps);
  const Shape item = item_of(x_T);
  const Device device = x_T.device();
  OdeSolution solution = solve_ode(probability_flow(sde, score, item, device), rows_of_batch(x_T),
                                   x_T.size(0), sde.T(), options.eps, options.ode);

  FlowSamples samples{.x = batch_of_rows(solution.y, item, device),
                      .frames = {},
                      .paths = std::move(solution.paths),
                      .calls = solution.calls,
                      .complete = solution.complete};
  for (const auto& rows : solution.output)
    samples.frames.push_back(batch_of_rows(rows, item, device));
  if (options.denoise && samples.complete) {
    samples.x = denoised(sde, score, samples.x, options);
    ++samples.calls;
  }
  return samples;
}

}  // namespace ito
