#pragma once
// The unadjusted Langevin algorithm at one time: x' = x + e s(x, t) + sqrt(2 e) z, with a step size
// that depends on t alone. Its stationary distribution is off by O(e) (Roberts and Tweedie 1996).

#include "diffusion/samplers/langevin.h"

namespace ito {

class UnadjustedLangevin : public Corrector {
 public:
  UnadjustedLangevin(Score score, StepRule step_size)
      : score_(std::move(score)), step_size_(std::move(step_size)) {}

  Update step(const Tensor& x, const Times& t, const Tensor& z) const override {
    return langevin_step(x, score_(x, t), per_sample(t, step_size_), z);
  }

 private:
  Score score_;
  StepRule step_size_;
};

}  // namespace ito
