#pragma once
// From a network to a score function. Samplers, likelihood and control see only the score.

#include "diffusion/sde/sde.h"
#include "nn/networks/score_network.h"

namespace ito {

/// s(x, t) = output_scale(t) * network(x, label(t)), with the parametrisation of the SDE (Song et
/// al. 2021, appendix G). Refers to `network` and `sde`, which must outlive the result. With
/// `dropout` the network is in training mode and draws its masks from that stream.
Score network_score(const nn::ScoreNetwork& network, const Sde& sde,
                    Labels labels = Labels::continuous, const RandomStream* dropout = nullptr);

/// `score`, adding the number of its evaluations to `count` (a batch is one evaluation). Refers to
/// `count`.
Score counted(Score score, Index& count);

/// `score`, whose evaluations on the CUDA device are launched as one (engine/graph.h), one graph
/// for each shape of x; on the CPU, where a gradient through it is wanted and where a larger graph
/// has it in itself, `score`.
/// Throws for a score whose evaluations differ in more than numbers handed to the device.
Score graphed(Score score);

/// A score that is not finite.
class ScoreError : public Error {
 public:
  /// `finite_state`: whether the x that it was asked for is.
  ScoreError(Index sample, double t, bool finite_state);

  Index sample() const { return sample_; }  ///< in its batch
  double t() const { return t_; }
  bool finite_state() const { return finite_state_; }

 private:
  Index sample_;
  double t_;
  bool finite_state_;
};

/// `score`, with what it is asked for and what it answers looked at: throws for a time outside
/// (0, T] and for a score that is not like x, and ScoreError for one that is not finite, except
/// within a graph, which may not wait for it: then check_finite is for what comes of it.
Score checked(Score score, const Sde& sde);
Score checked(Score score, double T);

/// ScoreError where `result` [N, ...], which came of the score at x and t, is not finite.
void check_finite(const Tensor& x, const Times& t, const Tensor& result);

}  // namespace ito
