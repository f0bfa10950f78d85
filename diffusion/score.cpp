#include "diffusion/score.h"

#include <optional>

namespace ito {

Score network_score(const nn::ScoreNetwork& network, const Sde& sde, Labels labels,
                    const RandomStream* dropout) {
  std::optional<RandomStream> masks;
  if (dropout) masks = *dropout;
  return [&network, &sde, labels, masks](const Tensor& x, const Times& t) {
    std::vector<double> label, output_scale;
    for (double t_n : t) {
      Parametrisation p = sde.parametrise(t_n, labels);
      label.push_back(p.label);
      output_scale.push_back(p.output_scale);
    }
    return scale_per_sample(network.forward(x, label, masks ? &*masks : nullptr), output_scale);
  };
}

Score counted(Score score, Index& count) {
  return [score = std::move(score), &count](const Tensor& x, const Times& t) {
    ++count;
    return score(x, t);
  };
}

}  // namespace ito
