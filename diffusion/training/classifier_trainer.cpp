#include "diffusion/training/classifier_trainer.h"

#include <algorithm>
#include <cmath>
#include <sstream>

#include "diffusion/objectives/draws.h"
#include "diffusion/samplers/denoised.h"
#include "diffusion/training/checkpoint.h"
#include "diffusion/training/optimiser_state.h"
#include "engine/autograd.h"
#include "nn/device.h"

namespace ito {

namespace {

constexpr const char* training_format = "ito classifier training 1";

nn::WideResnet& started(NoisyClassifier& classifier, const ClassifierTraining& training) {
  nn::initialise(classifier.network(), training.seed);
  nn::move(classifier.network(), training.device);
  return classifier.network();
}

void check_images(const NoisyClassifier& classifier, const ImageSet& images) {
  check_classifier(classifier, images.item, classifier.config().range, classifier.config().sde);
  if (classes_of(images) > classifier.classes())
    fail("classifier", images.source, ": the largest label is ", classes_of(images) - 1,
         ", but the classifier has the classes 0 to ", classifier.classes() - 1);
}

/// How many rows of `logits` [N, classes] are largest at their label.
Index right_answers(const Tensor& logits, const std::vector<Index>& labels) {
  const std::vector<Real> values = logits.to_host();
  const auto classes = logits.size(1);
  Index right = 0;
  for (std::size_t n = 0; n < labels.size(); ++n) {
    const auto row = values.begin() + static_cast<Index>(n) * classes;
    right += std::max_element(row, row + classes) - row == labels[n] ? 1 : 0;
  }
  return right;
}

}  // namespace

ClassifierTrainer::ClassifierTrainer(NoisyClassifier& classifier, const ImageSet& images,
                                     const ClassifierTraining& training)
    : classifier_(classifier),
      images_(images),
      training_(training),
      order_(images.count, training.seed),
      adam_(started(classifier, training).parameters(), training.optimiser),
      ema_(classifier.network().parameters(), training.ema) {
  check_images(classifier, images);
}

double ClassifierTrainer::step() {
  const Index k = steps_done(), B = training_.batch;
  const BatchAddress address = {training_.seed, static_cast<std::uint32_t>(k), 0};
  const std::vector<Index> rows = order_.rows(k * B, B);
  const Sde& sde = classifier_.sde();
  const Tensor x_0 = batch(images_, rows, classifier_.config().range).to(training_.device);
  const Times t = draw_times(sde, B, address);
  const Tensor x_t = sde.perturb(x_0, t, draw_noise(x_0.shape(), address, x_0.device()));
  const Tensor loss = cross_entropy(classifier_.forward(x_t, t), labels_of(images_, rows));
  if (!std::isfinite(loss.item()))
    fail("train-classifier", "the loss is ", loss.item(), " in step ", k + 1,
         " (a smaller learning rate may help)");
  std::vector<Tensor> parameters;
  for (const nn::Parameter& p : adam_.parameters()) parameters.push_back(*p.value);
  const std::vector<Tensor> gradients = grad(loss, parameters);
  adam_.step(gradients, nn::gradient_norm(gradients), ema_);
  return loss.item();
}

std::vector<NoisyAccuracy> ClassifierTrainer::accuracy(const ImageSet& set, Index most,
                                                       int levels) {
  const NoGrad no_grad;
  const nn::EmaScope averaged(ema_);
  const Sde& sde = classifier_.sde();
  std::vector<Index> rows(static_cast<std::size_t>(std::min(most, set.count)));
  for (std::size_t i = 0; i < rows.size(); ++i) rows[i] = static_cast<Index>(i);
  std::vector<NoisyAccuracy> result;
  if (rows.empty()) return result;
  const Tensor x_0 = batch(set, rows, classifier_.config().range).to(training_.device);
  const Tensor z = draw_noise(x_0.shape(), {}, x_0.device());
  for (int level = 0; level < levels; ++level) {
    const double t = sde.T() * (level + 0.5) / levels;
    const Times times(rows.size(), t);
    const Index right =
        right_answers(classifier_.forward(sde.perturb(x_0, times, z), times), labels_of(set, rows));
    result.push_back(
        {t, noise_level(sde, t), static_cast<double>(right) / static_cast<double>(rows.size())});
  }
  return result;
}

/// What defines the state after a number of steps.
std::string ClassifierTrainer::definition() const {
  const nn::AdamConfig& o = training_.optimiser;
  return text(classifier_.config_text(), ", images ", describe(images_, true).digest, ", seed ",
              training_.seed, ", batches of ", training_.batch, ", learning rate ", o.learning_rate,
              ", warm-up ", o.warmup, ", ema ", training_.ema);
}

SafeTensors ClassifierTrainer::state() const {
  SafeTensors file;
  add_training_state(file, classifier_.network(), adam_, ema_);
  file.metadata = {
      {"format", training_format}, {"step", text(steps_done())}, {"definition", definition()}};
  return file;
}

void ClassifierTrainer::restore(const SafeTensors& state) {
  const auto format = state.metadata.find("format");
  if (format == state.metadata.end() || format->second != training_format)
    fail("resume", state.source, ": not what ito train-classifier leaves to go on from");
  if (state.meta("definition") != definition())
    fail("resume", state.source, ": was trained as ", state.meta("definition"), "; this is ",
         definition());
  Index step = 0;
  std::istringstream(state.meta("step")) >> step;
  restore_training_state(state, step, classifier_.network(), adam_, ema_);
}

void ClassifierTrainer::finish() {
  for (std::size_t i = 0; i < ema_.averages().size(); ++i)
    adam_.parameters()[i].value->assign(ema_.averages()[i]);
}

}  // namespace ito
