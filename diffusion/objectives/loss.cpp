#include "diffusion/objectives/loss.h"

#include "diffusion/sde/sde.h"

namespace ito {

Loss squared_loss(const Tensor& r, Reduction reduction, const std::vector<double>& weight) {
  Tensor squares = reshape(square(r), {r.size(0), -1});  // [N, D]
  Tensor loss = reduction == Reduction::mean ? mean(squares, {1}) : 0.5 * sum(squares, {1});
  if (!weight.empty()) loss = scale_per_sample(loss, weight);
  return {loss, mean(loss)};
}

}  // namespace ito
