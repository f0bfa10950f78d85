#include "diffusion/control/projection.h"

#include <algorithm>

namespace ito {

Projection::Projection(const Sde& sde, Measurement measured)
    : sde_(sde), measured_(std::move(measured)) {
  check(measured_);
}

/// x + A^T (A A^T + lambda)^-1 (y - A x).
Tensor Projection::towards(const Tensor& x, const Tensor& y, const Times& at) const {
  const auto lambda = per_sample(at, [&](double t) {
    const double ratio =
        measured_.noise_std == 0 ? 0 : sde_.mean_scale(t) * measured_.noise_std / sde_.std(t);
    return ratio * ratio;
  });
  return x + measured_.A.adjoint(solve_normal(measured_.A, lambda, y - measured_.A.apply(x)));
}

Tensor Projection::start(const Tensor& x_T, const Tensor& z) const {
  const Times T(static_cast<std::size_t>(x_T.size(0)), sde_.T());
  return towards(x_T, sde_.perturb(measured_.y, T, measured_.A.apply(z)), T);
}

Update Projection::apply(const Update& state, const Times&, const Times& s, const Tensor& z) const {
  if (std::all_of(s.begin(), s.end(), [](double s_n) { return s_n == 0; })) {
    if (measured_.noise_std > 0) return state;  // the data need not agree with noise
    return {towards(state.x, measured_.y, s), towards(state.mean, measured_.y, s)};
  }
  const Tensor y_s = sde_.perturb(measured_.y, s, measured_.A.apply(z));
  const Tensor mean = scale_per_sample(
      measured_.y, per_sample(s, [&](double s_n) { return sde_.mean_scale(s_n); }));
  return {towards(state.x, y_s, s), towards(state.mean, mean, s)};
}

}  // namespace ito
