#include "diffusion/score.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <optional>
#include <span>

#include "engine/autograd.h"
#include "engine/graph.h"

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

Score graphed(Score score) {
  const auto graphs = std::make_shared<std::map<Shape, Graph>>();
  return [graphs, score = std::move(score)](const Tensor& x, const Times& t) {
    if (x.device() == Device::cpu || recording() || Graph::running()) return score(x, t);
    return (*graphs)[x.shape()].run(x, [&](const Tensor& same) { return score(same, t); });
  };
}

ScoreError::ScoreError(Index sample, double t, bool finite_state)
    : Error(text("[score] the score of sample ", sample, " at t = ", t, " is not finite",
                 finite_state ? "" : ", and neither is the sample: its last step was too large")),
      sample_(sample),
      t_(t),
      finite_state_(finite_state) {}

namespace {

bool is_finite(std::span<const Real> values) {
  return std::ranges::all_of(values, [](Real value) { return std::isfinite(value); });
}

void check_times(const Tensor& x, const Times& t, double T) {
  if (static_cast<Index>(t.size()) != x.size(0))
    fail("score", "expected a time for each sample of ", x.shape(), ", got ", t.size());
  for (std::size_t n = 0; n < t.size(); ++n)
    if (!(t[n] > 0 && t[n] <= T))
      fail("score", "expected times in (0, ", T, "], got t = ", t[n], " for sample ", n);
}

}  // namespace

void check_finite(const Tensor& x, const Times& t, const Tensor& result) {
  const std::vector<Real> values = result.to_host();
  if (is_finite(values)) return;
  const std::vector<Real> states = x.to_host();
  const std::size_t D = values.size() / t.size();
  for (std::size_t n = 0; n < t.size(); ++n)
    if (!is_finite(std::span(values).subspan(n * D, D)))
      throw ScoreError(static_cast<Index>(n), t[n], is_finite(std::span(states).subspan(n * D, D)));
}

Score checked(Score score, const Sde& sde) { return checked(std::move(score), sde.T()); }

Score checked(Score score, double T) {
  return [score = std::move(score), T](const Tensor& x, const Times& t) {
    check_times(x, t, T);
    Tensor value = score(x, t);
    if (value.shape() != x.shape())
      fail("score", "expected a score like x, ", x.shape(), ", got ", value.shape());
    if (!Graph::running()) check_finite(x, t, value);
    return value;
  };
}

}  // namespace ito
