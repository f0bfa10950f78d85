#include "diffusion/objectives/score_jacobian.h"

#include "engine/autograd.h"

namespace ito {

namespace {

/// The d-th unit vector for each sample of x.
Tensor coordinate_direction(const Tensor& x, Index d) {
  std::vector<Real> values(static_cast<std::size_t>(x.elements()), 0);
  const Index D = x.elements() / x.size(0);
  for (Index i = d; i < x.elements(); i += D) values[static_cast<std::size_t>(i)] = 1;
  return Tensor(x.shape(), values, x.device());
}

}  // namespace

ScoreJacobian::ScoreJacobian(const Score& score, const Tensor& x, const Times& t)
    : differentiable_(recording()), x_(x.detach()) {
  const RecordingScope record(true);
  x_.require_grad();
  s_ = score(x_, t);
  if (s_.shape() != x.shape())
    fail("score_jacobian", "expected a score ", x.shape(), ", got ", s_.shape());
}

Tensor ScoreJacobian::along(const Tensor& v) const {
  const GradOptions options = {.create_graph = differentiable_, .retain_graph = true};
  return dot_per_sample(grad({s_}, {x_}, {v}, options)[0], v);
}

Tensor ScoreJacobian::trace() const {
  const Index D = x_.elements() / x_.size(0);
  Tensor total = along(coordinate_direction(x_, 0));
  for (Index d = 1; d < D; ++d) total = total + along(coordinate_direction(x_, d));
  return total;
}

Tensor dot_per_sample(const Tensor& a, const Tensor& b) {
  return sum(reshape(a * b, {a.size(0), -1}), {1});
}

}  // namespace ito
