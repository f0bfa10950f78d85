#include "diffusion/samplers/graphed_predictor.h"

#include <algorithm>

#include "diffusion/score.h"

namespace ito {

GraphedPredictor::GraphedPredictor(std::unique_ptr<Predictor> predictor)
    : predictor_(std::move(predictor)) {
  if (predictor_->multistep()) fail("graph", "a step of a multistep predictor is no graph");
}

Update GraphedPredictor::step(const Tensor& x, const Times& t, const Times& s,
                              const Tensor& z) const {
  return advance(
      x, t, s, [&](std::uint32_t k) { return k == 0 ? z : Tensor::zeros(z.shape(), z.device()); });
}

Update GraphedPredictor::advance(const Tensor& x, const Times& t, const Times& s,
                                 const PredictorDraws& draw) const {
  Graph::Tensors given = {x};
  for (std::uint32_t k = 0; k < predictor_->draws(); ++k) given.push_back(draw(k));
  const bool last = std::ranges::find(s, 0.0) != s.end();
  const Graph::Tensors result =
      graphs_[{x.shape(), last}].run(given, [&](const Graph::Tensors& same) {
        Update update =
            predictor_->advance(same[0], t, s, [&](std::uint32_t k) { return same[k + 1]; });
        return Graph::Tensors{update.x, update.mean};
      });
  check_finite(x, t, result[1]);
  return {result[0], result[1]};
}

std::unique_ptr<Predictor> graphed(std::unique_ptr<Predictor> predictor) {
  if (!predictor || predictor->multistep()) return predictor;
  return std::make_unique<GraphedPredictor>(std::move(predictor));
}

}  // namespace ito
