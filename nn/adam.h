#pragma once
// Adam (Kingma and Ba 2015) with what the published training adds: linear warm-up of the learning
// rate and clipping of the gradient's global norm.

#include <vector>

#include "nn/ema.h"

namespace ito::nn {

/// The defaults are those of Song et al. (2021).
struct AdamConfig {
  double learning_rate = 2e-4;
  double beta1 = 0.9, beta2 = 0.999, eps = 1e-8;
  double weight_decay = 0;  ///< L2: its multiple of the parameter joins the clipped gradient
  Index warmup = 5000;      ///< steps until the full learning rate; 0: at once
  double clip = 1;          ///< largest norm of the whole gradient; negative: no clipping
};

class Adam {
 public:
  /// What a step did.
  struct Report {
    double learning_rate;
    double gradient_norm;  ///< before clipping, over all parameters
  };
  /// All that is needed to go on; the moments are in the order of the parameters.
  struct State {
    Index step = 0;  ///< steps done
    std::vector<Tensor> first, second;
  };

  /// Throws for rates that are not finite and not negative, and betas outside of [0, 1).
  Adam(std::vector<Parameter> parameters, const AdamConfig& config);

  /// Step k = 0, 1, ... changes the parameters p with gradients g, in the order of the parameters:
  ///   g <- g min(1, clip / (|g| + 1e-6)) + weight_decay p
  ///   m <- beta1 m + (1 - beta1) g,  v <- beta2 v + (1 - beta2) g^2
  ///   p <- p - lr min(k / warmup, 1) m' / (sqrt(v') + eps)
  /// with m' = m / (1 - beta1^(k+1)), v' = v / (1 - beta2^(k+1)): the first step of a warm-up moves
  /// nothing. Throws, with nothing changed, when the norm of the gradient is not finite.
  Report step(const std::vector<Tensor>& gradients);
  /// The same and then average.update(), in one pass over the parameters. `norm` is that of the
  /// gradients (gradient_norm). Throws also when the average is of other parameters.
  Report step(const std::vector<Tensor>& gradients, double norm, Ema& average);

  const std::vector<Parameter>& parameters() const { return parameters_; }
  const State& state() const { return state_; }
  /// Copies the given state. Throws unless its shapes are those of the parameters.
  void restore(const State& state);

 private:
  double warmed_up_rate() const;
  Report step(const std::vector<Tensor>& gradients, double norm, Ema* average);

  std::vector<Parameter> parameters_;
  AdamConfig config_;
  State state_;
};

/// Norm of all gradients together.
double gradient_norm(const std::vector<Tensor>& gradients);

}  // namespace ito::nn
