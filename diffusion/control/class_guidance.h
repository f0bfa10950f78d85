#pragma once
// Class-conditional sampling, from an unconditional score and a classifier of noisy images (Song et
// al. 2021, section 5 and appendix I.1; Dhariwal and Nichol 2021),
//   s(x, t | class) = s(x, t) + scale grad_x log p_t(class | x),
// or from a score that is told the class, without a classifier (Ho and Salimans 2022): their
// difference s_c - s is grad_x log p_t(class | x), by Bayes' rule.

#include "diffusion/sde/sde.h"

namespace ito {

/// log p_t(class | x_t) up to a constant per sample: x [N, ...] -> [N, classes], differentiable in
/// x. A trained network (diffusion/control/noisy_classifier.h) or the exact one of a mixture.
using ClassLogits = std::function<Tensor(const Tensor& x, const Times& t)>;

/// The score of one class, for any sampler. With scale 1 and exact parts it is the exact score of
/// p_t(x | class); a larger scale, which is that of p_t(x) p_t(class | x)^scale, trades variety for
/// certainty and is the score of no diffused distribution. The gradient is taken at x alone: the
/// score is not differentiated, nor is the result. Throws (when called) for a class that the
/// classifier does not have.
Score class_guided(Score score, ClassLogits logits, Index label, double scale = 1);

/// Classifier-free guidance: s + scale (s_c - s), s = `unconditional`, s_c = `conditional`. The
/// scale is that of the classifier above, so that 0 ignores the class and 1 is p(x | class), with
/// s_c alone evaluated; Ho and Salimans write (1 + w) s_c - w s, which is the scale 1 + w.
Score classifier_free(Score unconditional, Score conditional, double scale);

/// (1 - u) a + u b: with the scores of two classes, guided or not, that of p(x | A)^(1 - u)
/// p(x | B)^u; like a large scale no diffused distribution's, but at the ends, where only one of
/// them is evaluated.
Score between(Score a, Score b, double u);

}  // namespace ito
