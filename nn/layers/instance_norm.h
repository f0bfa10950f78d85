#pragma once
// Instance normalisation as the NCSN networks use it (Song and Ermon 2019, appendix A), with a
// scale and a shift that may depend on the noise level.

#include <string>

#include "nn/module.h"

namespace ito::nn {

struct InstanceNormOptions {
  enum class Kind {
    plus,     ///< InstanceNorm++: gamma (h + alpha mu) + beta
    plain,    ///< gamma h + beta
    variance  ///< alpha x / sqrt(unbiased variance of x over the pixels + eps)
  };
  Kind kind = Kind::plus;
  Index classes = 0;  ///< rows of the table of gamma, alpha, beta; 0: they are the same for all
  bool bias = true;   ///< with beta, which `variance` never has
};

/// h: x with zero mean and unit variance over the pixels of each image and channel. mu: the means
/// that h has lost, themselves normalised over the channels (by their unbiased variance). eps is
/// 1e-5 in both, as published. At the start gamma, alpha ~ N(1, 0.02^2), beta = 0.
class InstanceNorm : public Module {
 public:
  /// Throws for fewer than two channels, whose means have no variance.
  InstanceNorm(Index channels, const InstanceNormOptions& options);

  /// x [N, H, W, C], one class per image (unused without classes) -> like x.
  Tensor forward(const Tensor& x, const std::vector<Index>& classes) const;

 private:
  struct Factors {
    Tensor gamma, alpha, beta;  ///< that broadcast to [N, H, W, C]; those that the kind has
  };
  Factors factors(const std::vector<Index>& classes) const;

  Index channels_;
  InstanceNormOptions options_;
  Tensor table_;  ///< [classes, gamma | alpha | beta]
  Tensor gamma_, alpha_, beta_;
};

}  // namespace ito::nn
