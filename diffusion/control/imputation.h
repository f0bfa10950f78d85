#pragma once
// Filling in what is missing from what is known, with an unconditional score (Song et al. 2021,
// appendix I.2): after each update the known coordinates are drawn anew from p(x_t | known), the
// others keep what the sampler made of them. With the mask of a picture it is inpainting, with the
// luminance as the known coordinate colorization (appendix I.3). With predictor and corrector it is
// that paper's method; with annealed Langevin alone (DenoiseAtEnd) that of Song and Ermon 2019,
// appendix B.
//
// What it assumes: the score at the missing coordinates is taken at a noisy version of the known
// ones instead of at the known ones themselves. Langevin iterations repair that, as at each level
// they draw from p(x_t missing | x_t known), which is right in the limit of no noise; predictors
// alone do not. For two Gaussian coordinates of unit variance and correlation 0.9 under VP (beta
// 0.1 to 20), one of them known to be 1, an exact score and ever smaller steps, predictors alone
// draw the other from N(0.627, 0.311) instead of N(0.9, 0.19); at correlation 0.5 from
// N(0.268, 0.824) instead of N(0.5, 0.75).

#include <optional>

#include "diffusion/control/decoupling.h"
#include "diffusion/samplers/constraint.h"

namespace ito {

/// How the known part is put in.
enum class KnownPart {
  marginal,  ///< drawn from its marginal at the time that the state has; the last mean denoises the
             ///< missing part, and the known part ends as given, to the bit
  published  ///< as in the published code: at the start without noise; after a predictor at the
             ///< time where its step began, so that it ends as mean_scale(eps) known; the mean of
             ///< the missing part is the state itself, so that denoising does nothing to it; and
             ///< only after the last iteration of a corrector
};

class Imputation : public Constraint {
 public:
  /// `known` and `mask` (not 0: known) broadcast to the state [N, item...]; with `decoupling` both
  /// are in its coordinates. What `known` holds outside the mask is not used. Refers to `sde`.
  Imputation(const Sde& sde, Tensor known, Tensor mask, KnownPart part = KnownPart::marginal,
             std::optional<Decoupling> decoupling = {});

  Tensor start(const Tensor& x_T, const Tensor& z) const override;
  Update apply(const Update& state, const Times& t, const Times& s, const Tensor& z) const override;
  bool every_iteration() const override { return part_ == KnownPart::marginal; }

 private:
  Tensor put(const Tensor& known, const Tensor& x) const;

  const Sde& sde_;
  Tensor known_, mask_;
  KnownPart part_;
  std::optional<Decoupling> decoupling_;
};

}  // namespace ito
