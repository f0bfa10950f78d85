#pragma once
// Samples by the probability-flow ODE (Song et al. 2021, section 4.3): x(T) from the prior is
// carried to x(eps) by an adaptive solver. Nothing is random but the start.

#include "diffusion/ode/dormand_prince.h"
#include "diffusion/samplers/update.h"

namespace ito {

struct FlowOptions {
  double eps = 1e-3;    ///< where the integration ends; published: 1e-3, for VE 1e-5
  bool denoise = true;  ///< then take the mean of a reverse-diffusion step from eps to the data
  StepSize last_step = StepSize::actual;  ///< that step's
  OdeOptions ode = {};                    ///< `output` asks for states on the way
};

struct FlowSamples {
  Tensor x;                    ///< [N, item...]
  std::vector<Tensor> frames;  ///< the states at the times `ode.output`
  std::vector<OdePath> paths;  ///< of each sample (one for all under ErrorControl::whole_batch)
  Index calls = 0;             ///< of the score, each for all samples still under way
  bool complete = true;        ///< false if `ode.progress` stopped the solver
};

/// Carries x_T [N, item...] to the data. Gradients are off.
FlowSamples probability_flow_ode(const Sde& sde, const Score& score, const Tensor& x_T,
                                 const FlowOptions& options = {});

}  // namespace ito
