#include "diffusion/objectives/sliced.h"

#include "diffusion/objectives/score_jacobian.h"

namespace ito {

Loss sliced_loss(const Score& score, const Tensor& x, const Times& t, const std::vector<Tensor>& v,
                 Variance variance) {
  if (v.empty()) fail("sliced_loss", "expected at least 1 projection");
  const ScoreJacobian s(score, x, t);
  const Tensor norm = dot_per_sample(s.value(), s.value());
  Tensor total;
  for (const Tensor& v_k : v) {
    const Tensor squares =
        variance == Variance::reduced ? norm : square(dot_per_sample(v_k, s.value()));
    const Tensor loss = s.along(v_k) + 0.5 * squares;
    total = total.defined() ? total + loss : loss;
  }
  const Tensor loss = total / static_cast<double>(v.size());
  return {loss, mean(loss)};
}

std::vector<Tensor> draw_projections(ProbeType type, const Shape& shape, Index count,
                                     const BatchAddress& address, Device device) {
  RandomStream stream = address.stream(Purpose::probe);
  std::vector<Tensor> v;
  for (Index k = 0; k < count; ++k, ++stream.sub)
    v.push_back(draw_probe(type, shape, stream, device));
  return v;
}

}  // namespace ito
