#pragma once
// Latent codes (Song et al. 2021, section 4.3 and appendix D.3): the probability-flow ODE carries
// data x(eps) to codes x(T) and back without loss, and p_eps to p_T, which is close to the SDE's
// prior. The flow of the exact score is a property of the data and the SDE alone, so that good
// networks agree on the code of an image whatever their weights ("uniquely identifiable encoding").

#include "diffusion/ode/dormand_prince.h"
#include "diffusion/sde/sde.h"

namespace ito {

struct CodeOptions {
  double eps = 1e-5;    ///< time of the data
  Index batch = 64;     ///< elements carried at once; the result does not depend on it
  OdeOptions ode = {};  ///< `progress` is told the share of all batches
};

/// What the flow has carried to its other end.
struct Carried {
  Tensor x;                    ///< [N, item...]; empty when `ode.progress` stopped the solver
  std::vector<OdePath> paths;  ///< of each element
  bool complete = true;

  /// Evaluations of the score for one element, on average.
  double evaluations() const;
};

/// x(T) of data x [N, item...], scaled as the model sees its data. They are taken for x(eps): no
/// noise is added. Codes have about the standard deviation of the SDE's prior.
Carried encode(const Sde& sde, const Score& score, const Tensor& x,
               const CodeOptions& options = {});

/// x(eps) of codes z [N, item...]: the inverse of `encode`, up to the solver's tolerance. A last
/// denoising step would spoil that; at eps = 1e-5 there is nearly no noise left to remove.
Carried decode(const Sde& sde, const Score& score, const Tensor& z,
               const CodeOptions& options = {});

/// How far apart two batches of one shape are, element by element.
struct Difference {
  double rms = 0, largest = 0;
};
Difference difference(const Tensor& a, const Tensor& b);

}  // namespace ito
