#pragma once
// DPM-Solver++ multistep (Lu et al. 2022, "DPM-Solver++", algorithm 2 and appendix A): with
// l = log(m / std) as time the probability flow is
//   x_s = std(s)/std(t) x_t + std(s) integral of e^l x_0(l) dl from l(t) to l(s),
// and the expected data x_0(l) is extrapolated from the last evaluations. One evaluation a step.

#include <deque>

#include "diffusion/samplers/update.h"

namespace ito {

class DpmSolver : public Predictor {
 public:
  /// `order` 2 or 3; the first steps, which have too little behind them, are of lower order, and so
  /// is the one to the data.
  DpmSolver(const Sde& sde, Score score, int order);

  /// With h = l(s) - l(t) and h x_0', h^2 x_0'' estimated by divided differences,
  ///   x_s = std(s)/std(t) x_t - m(s) [phi_1 x_0 - phi_2 h x_0' + phi_3 h^2 x_0''],
  ///   phi_1 = e^-h - 1,  phi_2 = phi_1 / h + 1,  phi_3 = phi_2 / h - 1/2.
  /// Remembers x_0 for the next step of the same chain (the one that begins at this step's end), so
  /// that one solver serves one chain at a time.
  Update step(const Tensor& x, const Times& t, const Times& s, const Tensor& z) const override;
  bool multistep() const override { return true; }

 private:
  struct Past {
    Times t;
    Tensor x_0;
  };

  const Sde& sde_;
  Score score_;
  std::size_t order_;
  mutable std::deque<Past> past_;  ///< latest first
  mutable Times end_;              ///< of the last step
};

}  // namespace ito
