#include "diffusion/sde/general.h"

#include <cmath>

#include "engine/autograd.h"

namespace ito {

namespace {

/// A v for each sample: A [N, D, K], v [N, K] -> [N, D].
Tensor matrix_times(const Tensor& A, const Tensor& v) {
  if (A.rank() != 3 || v.rank() != 2 || A.size(0) != v.size(0) || A.size(2) != v.size(1))
    fail("general_sde", "expected a matrix [N, D, K] for vectors [N, K], got ", A.shape(), " for ",
         v.shape());
  return reshape(matmul(A, reshape(v, {v.size(0), v.size(1), 1})), {A.size(0), A.size(1)});
}

/// div Sigma. The gradient in w of F(w) = sum_j d/dx_j sum_i w_i Sigma_ij(x), which is linear in w.
Tensor differentiated_divergence(const GeneralSde& sde, const Tensor& x, const Times& t) {
  const bool differentiable = recording();
  const RecordingScope record(true);
  Tensor point = x;
  if (!point.requires_grad()) point.require_grad();
  const Index N = x.size(0), D = x.size(1);
  Tensor w = Tensor::full({N, D, 1}, 1, x.device());
  w.require_grad();
  const Tensor weighted = sum(w * sde.covariance(point, t), {1});  // [N, D], over j
  const Tensor ones = Tensor::full({N, 1}, 1, x.device());
  Tensor F = Tensor::zeros({N, 1}, x.device());
  for (Index j = 0; j < D; ++j) {
    const Tensor column = slice(weighted, 1, j, j + 1);
    const Tensor in_x = grad({column}, {point}, {ones}, {.create_graph = true})[0];
    F = F + slice(in_x, 1, j, j + 1);
  }
  return reshape(grad({F}, {w}, {ones}, {.create_graph = differentiable})[0], {N, D});
}

}  // namespace

Tensor GeneralSde::covariance(const Tensor& x, const Times& t) const {
  const Tensor s = sigma(x, t);
  return matmul(s, s, false, true);
}

Tensor GeneralSde::covariance_divergence(const Tensor& x, const Times& t) const {
  return divergence ? divergence(x, t) : differentiated_divergence(*this, x, t);
}

Tensor GeneralSde::corrected_drift(const Tensor& x, const Times& t, const Score& score,
                                   double share) const {
  const Tensor correction =
      covariance_divergence(x, t) + matrix_times(covariance(x, t), score(x, t));
  return drift(x, t) - share * correction;
}

Tensor GeneralSde::reverse_drift(const Tensor& x, const Times& t, const Score& score) const {
  return corrected_drift(x, t, score, 1);
}

Tensor GeneralSde::flow_drift(const Tensor& x, const Times& t, const Score& score) const {
  return corrected_drift(x, t, score, 0.5);
}

Tensor GeneralSde::noise(const Tensor& x, const Times& t, const Tensor& z) const {
  return matrix_times(sigma(x, t), z);
}

Tensor GeneralSde::step(const Tensor& x, const Times& t, double dt, const Tensor& z) const {
  return x + dt * drift(x, t) + std::sqrt(dt) * noise(x, t, z);
}

Tensor GeneralSde::reverse_step(const Tensor& x, const Times& t, double dt, const Tensor& z,
                                const Score& score) const {
  return x - dt * reverse_drift(x, t, score) + std::sqrt(dt) * noise(x, t, z);
}

}  // namespace ito
