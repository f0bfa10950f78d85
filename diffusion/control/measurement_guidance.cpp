#include "diffusion/control/measurement_guidance.h"

#include <cmath>

#include "diffusion/samplers/denoised.h"
#include "engine/autograd.h"

namespace ito {

Score perturbed_measurement(const Sde& sde, Score score, Measurement measured, double scale) {
  check(measured);
  return [=, &sde](const Tensor& x, const Times& t) {
    const Operator& A = measured.A;
    std::vector<double> m, lambda, weight;
    for (const double t_n : t) {
      const double precision = 1 / (sde.std(t_n) * sde.std(t_n));
      m.push_back(sde.mean_scale(t_n));
      lambda.push_back(std::pow(m.back() * measured.noise_std, 2) * precision);
      weight.push_back(scale * precision);
    }
    const Tensor residual = scale_per_sample(measured.y, m) - A.apply(x);
    return score(x, t) + scale_per_sample(A.adjoint(solve_normal(A, lambda, residual)), weight);
  };
}

namespace {

/// The denoised x, differentiable in it.
struct DenoisedPoint {
  Tensor x, score, x_0;

  DenoisedPoint(const Sde& sde, const Score& score_of, const Tensor& at, const Times& t,
                const Bounds& bounds) {
    const RecordingScope on(true);
    x = at.detach();
    x.require_grad();
    score = score_of(x, t);
    x_0 = clamp(denoised(sde, x, t, score), bounds.low, bounds.high);
  }
  /// (dx_0/dx)^T v.
  Tensor pull_back(const Tensor& v) const { return grad({x_0}, {x}, {v})[0]; }
};

}  // namespace

Score pseudo_inverse_guided(const Sde& sde, Score score, Measurement measured, double scale,
                            Bounds bounds) {
  check(measured);
  return [=, &sde](const Tensor& x, const Times& t) {
    const Operator& A = measured.A;
    std::vector<double> lambda, weight;
    for (const double t_n : t) {
      const double m = sde.mean_scale(t_n), std = sde.std(t_n);
      const double r2 = std * std / (m * m + std * std);
      lambda.push_back(measured.noise_std * measured.noise_std / r2);
      weight.push_back(scale / r2);
    }
    const DenoisedPoint denoiser(sde, score, x, t, bounds);
    const NoGrad no_grad;
    const Tensor residual = measured.y - A.apply(denoiser.x_0.detach());
    const Tensor u = A.adjoint(solve_normal(A, lambda, residual));
    return denoiser.score.detach() + denoiser.pull_back(scale_per_sample(u, weight));
  };
}

DiffusionPosterior::DiffusionPosterior(const Sde& sde, Score score,
                                       std::unique_ptr<Predictor> predictor, Measurement measured,
                                       double step, Bounds bounds)
    : sde_(sde),
      score_(std::move(score)),
      predictor_(std::move(predictor)),
      measured_(std::move(measured)),
      step_(step),
      bounds_(bounds) {
  check(measured_);
}

Update DiffusionPosterior::step(const Tensor& x, const Times& t, const Times& s,
                                const Tensor& z) const {
  const Update free = predictor_->step(x, t, s, z);
  const DenoisedPoint denoiser(sde_, score_, x, t, bounds_);
  const NoGrad no_grad;
  const Tensor residual = measured_.y - measured_.A.apply(denoiser.x_0.detach());
  const Tensor squares = sum(reshape(square(residual), {x.size(0), -1}), {1});
  std::vector<double> weight;
  for (const Real norm2 : squares.to_host())
    weight.push_back(norm2 > 0 ? 2 * step_ / std::sqrt(static_cast<double>(norm2)) : 0);
  const Tensor move = denoiser.pull_back(scale_per_sample(measured_.A.adjoint(residual), weight));
  return {free.x + move, free.mean + move};
}

}  // namespace ito
