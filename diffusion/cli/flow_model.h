#pragma once
// What `ito encode`, `decode` and `interpolate` share: a trained network whose probability flow
// carries images to codes and back.

#include <CLI/CLI.hpp>
#include <optional>
#include <string>
#include <vector>

#include "diffusion/latent/codes.h"
#include "diffusion/training/trained_model.h"

namespace ito::cli {

struct FlowArguments {
  std::string run;
  CodeOptions code;
  Device device = Device::cpu;
  double tolerance = 1e-5;
  Index threads = 0;
  bool raw = false, exact = false;

  void add_to(CLI::App& command);
};

class FlowModel {
 public:
  explicit FlowModel(const FlowArguments& arguments);

  const TrainedModel& model() const { return model_; }
  Range range() const { return model_.config().data.range; }
  /// encode and decode, by the flow of a score of the model, with a bar of progress; nothing when
  /// the user interrupted.
  std::optional<Carried> to_codes(const Tensor& x, const Score& score) const;
  std::optional<Carried> to_images(const Tensor& z, const Score& score) const;

 private:
  CodeOptions options_;
  TrainedModel model_;
};

/// Codes of a file as `encode` writes them, for this model; throws for other shapes.
Tensor read_codes(const std::string& path, const TrainedModel& model);

/// The rows of x [N, ...] with these numbers; throws for those that are not there.
Tensor rows_of(const Tensor& x, const std::vector<Index>& numbers, const std::string& source);

}  // namespace ito::cli
