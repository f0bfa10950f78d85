#pragma once
// A predictor's steps as CUDA graphs.

#include <map>
#include <memory>
#include <utility>

#include "diffusion/samplers/update.h"
#include "engine/graph.h"

namespace ito {

/// A predictor each of whose steps on the CUDA device is one launch: the evaluations of the score,
/// what is made of them, and the new state, given the noise. The bits are the same.
class GraphedPredictor : public Predictor {
 public:
  /// Throws for a multistep predictor, as memory of a graph holds nothing from step to step.
  explicit GraphedPredictor(std::unique_ptr<Predictor> predictor);

  /// Throws ScoreError, as a checked score does, where the new state's mean is not finite.
  Update step(const Tensor& x, const Times& t, const Times& s, const Tensor& z) const override;
  Update advance(const Tensor& x, const Times& t, const Times& s,
                 const PredictorDraws& draw) const override;
  std::uint32_t draws() const override { return predictor_->draws(); }

 private:
  std::unique_ptr<Predictor> predictor_;
  /// By the shape of x and whether the step is the one to the data, which some do otherwise.
  mutable std::map<std::pair<Shape, bool>, Graph> graphs_;
};

/// `predictor` with its steps as graphs, or itself where that cannot be: a multistep one, or null.
std::unique_ptr<Predictor> graphed(std::unique_ptr<Predictor> predictor);

}  // namespace ito
