#include "diffusion/control/class_guidance.h"

#include "engine/autograd.h"

namespace ito {

Score class_guided(Score score, ClassLogits logits, Index label, double scale) {
  return [=](const Tensor& x_t, const Times& t) {
    const RecordingScope on(true);
    Tensor x = x_t.detach();
    x.require_grad();
    const Tensor log_p = log_softmax(logits(x, t));  // [N, classes]
    if (label < 0 || label >= log_p.size(1))
      fail("guidance", "there is no class ", label, ": the classifier knows 0 to ",
           log_p.size(1) - 1);
    const Tensor gradient = grad(sum(slice(log_p, 1, label, label + 1)), {x})[0];
    const NoGrad no_grad;
    return score(x_t, t) + gradient * scale;
  };
}

Score classifier_free(Score unconditional, Score conditional, double scale) {
  return between(std::move(unconditional), std::move(conditional), scale);
}

Score between(Score a, Score b, double u) {
  if (u == 0) return a;
  if (u == 1) return b;
  return [=](const Tensor& x, const Times& t) { return a(x, t) * (1 - u) + b(x, t) * u; };
}

}  // namespace ito
