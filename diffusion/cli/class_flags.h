#pragma once
// --class, --classifier and --guidance of the subcommands that draw samples.

#include <CLI/CLI.hpp>
#include <memory>
#include <string>
#include <vector>

#include "diffusion/cli/image_output.h"
#include "diffusion/control/noisy_classifier.h"
#include "diffusion/training/sampling.h"
#include "diffusion/training/trained_model.h"

namespace ito::cli {

struct ClassFlags {
  std::vector<std::string> names;  ///< "7", or "all"
  std::string classifier;
  double guidance = 1;

  void add_to(CLI::App& command);
  /// The classifier's file, where there is one.
  void add_to(Sources& sources) const;
};

/// The classes that are asked for, and the score of each: that of a classifier's guidance, or
/// classifier-free where the network is told classes.
class ClassScores {
 public:
  /// Adds the evaluations of the network to `evaluations`. It and its scores refer to that and to
  /// `model`. Throws UsageError for what does not go together and for classes that are not there,
  /// and what check_classifier throws.
  ClassScores(const ClassFlags& flags, const TrainedModel& model, Index& evaluations);

  /// Those of --class; empty where there is none.
  const std::vector<Index>& classes() const { return classes_; }
  /// Of a class.
  Score score(Index label) const;
  /// Of the data, whatever its class.
  Score score() const;
  /// Of each of classes(); where there is none, what the model's own samples are drawn by.
  std::vector<Score> scores() const;

 private:
  void choose(const ClassFlags& flags);

  const TrainedModel& model_;
  Index& evaluations_;
  double guidance_;
  std::shared_ptr<const NoisyClassifier> classifier_;
  std::vector<Index> classes_;
};

/// Draws the range for each score, one after another and from the same noise, with a bar of
/// progress: [scores * count, item...]; not complete when the user interrupted.
Samples draw_each(const std::vector<Score>& scores, const TrainedModel& model,
                  const SamplingConfig& sampling, const SampleRange& range,
                  Acceptance* acceptance = nullptr);

}  // namespace ito::cli
