#pragma once
// What is known of a sample beforehand, put into the state on the way: a sampler's steps draw from
// the prior, and after each of them the constraint makes the state agree with the known part at its
// noise level (Song et al. 2021, appendix I.2 and I.3; Song and Ermon 2019, appendix B).

#include "diffusion/samplers/update.h"

namespace ito {

class Constraint {
 public:
  virtual ~Constraint() = default;
  /// The start x_T = prior_std z [N, ...], made to agree.
  virtual Tensor start(const Tensor& x_T, const Tensor& z) const = 0;
  /// A state after an update from times t to times s (a corrector's are equal; s = 0 stands for the
  /// data), made to agree. z is standard normal, like the state, for the noise of the known part.
  virtual Update apply(const Update& state, const Times& t, const Times& s,
                       const Tensor& z) const = 0;
  /// Whether it acts after every iteration of a corrector, with one draw for all of them (Song and
  /// Ermon 2019), or after the last one only.
  virtual bool every_iteration() const { return true; }
};

}  // namespace ito
