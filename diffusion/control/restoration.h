#pragma once
// Samples of p(x | y) by any of the methods, with any sampler.

#include "diffusion/control/measurement_guidance.h"
#include "diffusion/training/sampling.h"

namespace ito {

enum class RestorationMethod {
  projection,      ///< Operator::constraint: imputation, colorization, or projection in general
  perturbed,       ///< perturbed_measurement
  pseudo_inverse,  ///< pseudo_inverse_guided
  posterior        ///< DiffusionPosterior
};
/// "projection", "perturbed", "pigdm" or "dps"; throws for another.
RestorationMethod restoration_method_named(const std::string& name);

struct RestorationOptions {
  RestorationMethod method = RestorationMethod::pseudo_inverse;
  double scale = 1;  ///< factor on the guidance, of `posterior` the step; projection has none
  Bounds bounds = {};
};

/// Draws sample range.first + i for measurement i of `measured.y` [range.count, range...]. With
/// the predictor "none" the last step denoises. Throws where a method does not go with a sampler:
/// the ode sampler has no steps that "projection" and "dps" could act on.
Samples restore(const Sde& sde, const Score& score, const Measurement& measured,
                const RestorationOptions& options, const SamplingConfig& config,
                const SampleRange& range, const SamplingHooks& hooks = {});

}  // namespace ito
