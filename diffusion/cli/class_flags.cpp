#include "diffusion/cli/class_flags.h"

#include <charconv>
#include <cmath>

#include "diffusion/cli/command.h"
#include "diffusion/cli/interrupt.h"
#include "diffusion/cli/progress.h"
#include "engine/file.h"
#include "nn/device.h"

namespace ito::cli {

namespace {

void check_together(const ClassFlags& flags, const TrainedModel& model) {
  if (flags.names.empty() && !flags.classifier.empty())
    throw UsageError("--class and --classifier belong together");
  if (flags.names.empty() && flags.guidance != 1)
    throw UsageError("--guidance: towards which --class?");
  if (!flags.names.empty() && flags.classifier.empty() && model.classes() == 0)
    throw UsageError(
        "--class and --classifier belong together: this network was trained without classes");
}

Index class_named(const std::string& name, Index classes, const char* who) {
  Index label = -1;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), label);
  if (error != std::errc() || end != name.data() + name.size())
    throw UsageError("--class: expected numbers of classes or all, got " + printable(name));
  if (label < 0 || label >= classes)
    throw UsageError(
        text("--class: there is no class ", label, ", the ", who, " knows 0 to ", classes - 1));
  return label;
}

}  // namespace

void ClassFlags::add_to(CLI::App& command) {
  command
      .add_option("--class", names,
                  "Of these classes (7 or 0,1,2 or all); needs a network that was trained with "
                  "classes, or --classifier")
      ->delimiter(',');
  command.add_option("--classifier", classifier, "What ito train-classifier made");
  command
      .add_option("--guidance", guidance,
                  "How strongly: 1 draws the class, more trades variety for certainty")
      ->check(CLI::Range(0.0, 1e6));
}

void ClassFlags::add_to(Sources& sources) const {
  if (!classifier.empty()) sources.files.push_back({"--classifier", checkpoint_of(classifier)});
}

ClassScores::ClassScores(const ClassFlags& flags, const TrainedModel& model, Index& evaluations)
    : model_(model), evaluations_(evaluations), guidance_(flags.guidance) {
  check_together(flags, model);
  if (!flags.classifier.empty()) {
    const auto classifier =
        std::make_shared<NoisyClassifier>(read_safetensors(checkpoint_of(flags.classifier)));
    check_classifier(*classifier, model.item(), model.config().data.range, model.config().sde);
    nn::move(classifier->network(), nn::device_of(model.network()));
    classifier_ = classifier;
  }
  choose(flags);
}

void ClassScores::choose(const ClassFlags& flags) {
  const Index known = classifier_ ? classifier_->classes() : model_.classes();
  for (const std::string& name : flags.names) {
    if (name != "all") {
      classes_.push_back(class_named(name, known, classifier_ ? "classifier" : "network"));
      continue;
    }
    for (Index label = 0; label < known; ++label) classes_.push_back(label);
  }
}

Score ClassScores::score() const { return counted(model_.score(), evaluations_); }

Score ClassScores::score(Index label) const {
  if (classifier_) {
    const auto logits = [classifier = classifier_](const Tensor& x, const Times& t) {
      return classifier->forward(x, t);
    };
    return class_guided(score(), logits, label, guidance_);
  }
  // Of a soft diffusion these are the clean images h, in which the score is linear.
  return classifier_free(counted(model_.evaluated(), evaluations_),
                         counted(model_.evaluated_as(label), evaluations_), guidance_);
}

std::vector<Score> ClassScores::scores() const {
  if (classes_.empty()) return {counted(model_.evaluated(), evaluations_)};
  std::vector<Score> all;
  for (const Index label : classes_) all.push_back(score(label));
  return all;
}

Samples draw_each(const std::vector<Score>& scores, const TrainedModel& model,
                  const SamplingConfig& sampling, const SampleRange& range,
                  Acceptance* acceptance) {
  Progress progress("sampling", 1000);
  std::vector<Tensor> parts;
  for (const Score& score : scores) {
    const auto before = static_cast<double>(parts.size());
    const auto tell = [&](int done, int total) {
      const double share = before + static_cast<double>(done) / total;
      progress.update(std::lround(1000 * share / static_cast<double>(scores.size())), "");
      return !interrupted_by_user();
    };
    Samples part = model.generator().draw(
        score, sampling, range, {.progress = tell, .observe = {}, .acceptance = acceptance});
    if (!part.complete) return part;
    parts.push_back(part.x);
  }
  return {concat(parts, 0), true};
}

}  // namespace ito::cli
