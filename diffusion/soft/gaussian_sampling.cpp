#include "diffusion/soft/gaussian_sampling.h"

#include "diffusion/soft/dense.h"

namespace ito {

namespace {

/// x -> A x + B z + b, each matrix transposed: one row for each x_i, or z_i.
struct AffineStep {
  dense::Matrix A, B, b;
};

/// 0 and the basis e_i, as items: for x the rows 0, e_1..e_D, 0..0; for z the rows 0, 0..0,
/// e_1..e_D.
Tensor affine_probes(const Shape& item, bool of_state) {
  const Index D = item.elements();
  Tensor rows = Tensor::zeros({2 * D + 1, D});
  for (Index i = 0; i < D; ++i) rows.mutable_data()[((of_state ? 1 : D + 1) + i) * D + i] = 1;
  Shape shape = {2 * D + 1};
  shape.insert(shape.end(), item.begin(), item.end());
  return reshape(rows, shape);
}

/// What became of the probes.
AffineStep read_step(const Tensor& out) {
  const std::vector<Real> rows = out.to_host();
  const std::size_t D = rows.size() / static_cast<std::size_t>(out.size(0));
  AffineStep step;
  step.b.assign(rows.begin(), rows.begin() + static_cast<Index>(D));
  for (std::size_t i = D; i < rows.size(); ++i)
    (i < (D + 1) * D ? step.A : step.B).push_back(static_cast<double>(rows[i]) - step.b[i % D]);
  return step;
}

/// Moments of x' = A x + B z + b.
void move_moments(SampledGaussian& state, const AffineStep& step) {
  const std::size_t D = step.b.size();
  const dense::Matrix A = dense::transposed(step.A, D);
  Gaussian& x = state.result;
  x.mean = dense::times(A, x.mean, D);
  for (std::size_t i = 0; i < D; ++i) x.mean[i] += step.b[i];
  x.covariance = dense::times(dense::times(A, x.covariance, D), step.A, D);
  const dense::Matrix BB = dense::times(dense::transposed(step.B, D), step.B, D);
  for (std::size_t i = 0; i < D * D; ++i) x.covariance[i] += BB[i];
  state.cross = dense::times(A, state.cross, D);
}

}  // namespace

SampledGaussian sample_gaussian(const Predictor& sampler, const Denoiser& h, const Gaussian& prior,
                                const Shape& item, const SoftSamplingOptions& options) {
  SampledGaussian state = {prior, prior.covariance};
  const Tensor x = affine_probes(item, true), z = affine_probes(item, false);
  // Each step starts from the probes again instead of from what became of them.
  const struct Restarting : Predictor {
    const Predictor& sampler;
    const Tensor& x;
    SampledGaussian& state;
    Restarting(const Predictor& p, const Tensor& probe, SampledGaussian& s)
        : sampler(p), x(probe), state(s) {}
    Update step(const Tensor&, const Times& t, const Times& s, const Tensor& noise) const override {
      move_moments(state, read_step(sampler.step(x, t, s, noise).x));
      return {x, x};
    }
  } restarting(sampler, x, state);
  const auto unit_noise = [&z](Purpose, std::uint32_t, std::uint32_t) { return z; };
  const Samples last = soft_sample(restarting, h, x, unit_noise, options);
  move_moments(state, read_step(last.x));  // the denoiser's step, or none: then A = I
  return state;
}

}  // namespace ito
