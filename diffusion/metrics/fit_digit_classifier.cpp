// Fits the classifier of digit_classifier.h to the 1,500 training digits and writes its weights as
// a source file. It is not part of the library. To run it again, from the source folder:
//   ninja -C build fit_digit_classifier
//   build/fit_digit_classifier diffusion/metrics/digit_classifier_data.cpp
// It takes a few seconds, and prints the accuracies that digit_classifier.h states.

#include <algorithm>
#include <cmath>
#include <fstream>
#include <iostream>

#include "diffusion/data/digits.h"
#include "diffusion/metrics/digit_classifier.h"
#include "engine/autograd.h"
#include "engine/ops.h"
#include "nn/adam.h"
#include "nn/ema.h"

namespace ito {
namespace {

constexpr std::uint64_t seed = 1;
constexpr Index batch_size = 100, steps = 3000;
constexpr double largest_shift = 0.8;  // in pixels
constexpr nn::AdamConfig optimiser{.learning_rate = 3e-3, .weight_decay = 3e-4, .warmup = 100};
constexpr double ema_decay = 0.998;

RandomStream stream(Purpose purpose, Index step, std::uint32_t sub = 0) {
  return {.seed = seed, .purpose = purpose, .step = static_cast<std::uint32_t>(step), .sub = sub};
}

/// Image n moved along `axis` by amounts[n] in (-1, 1) pixels: a linear interpolation between
/// itself and its neighbour, with zeros beyond the border.
Tensor shifted(const Tensor& images, int axis, const std::vector<double>& amounts) {
  const Index N = images.size(0), size = images.size(axis);
  std::vector<std::pair<Index, Index>> border(4, {0, 0});
  border[static_cast<std::size_t>(axis)] = {1, 1};
  const Tensor padded = pad(images, border);
  std::vector<Real> forth, back, stay;
  for (const double amount : amounts) {
    forth.push_back(static_cast<Real>(std::max(amount, 0.0)));
    back.push_back(static_cast<Real>(std::max(-amount, 0.0)));
    stay.push_back(static_cast<Real>(1 - std::abs(amount)));
  }
  const Shape one_each = {N, 1, 1, 1};
  return slice(padded, axis, 0, size) * Tensor(one_each, forth) +
         slice(padded, axis, 2, size + 2) * Tensor(one_each, back) +
         images * Tensor(one_each, stay);
}

/// Shifted along both axes.
Tensor augmented(Tensor images, Index step) {
  for (const int axis : {1, 2}) {
    const RandomStream place = stream(Purpose::noise, step, static_cast<std::uint32_t>(axis));
    std::vector<double> amounts = uniform_per_image(images.size(0), place);
    for (double& amount : amounts) amount = largest_shift * (2 * amount - 1);
    images = shifted(images, axis, amounts);
  }
  return clamp(images, 0, 1);  // the factors sum to 1 up to rounding
}

/// The rows of batch number `step`: a new order every epoch.
std::vector<Index> batch_rows(const ImageSet& train, Index step) {
  const Index per_epoch = train.count / batch_size;
  const std::vector<Index> order =
      permutation(train.count, stream(Purpose::order, step / per_epoch));
  const auto first = order.begin() + step % per_epoch * batch_size;
  return {first, first + batch_size};
}

double training_step(const DigitClassifier& classifier, nn::Adam& adam, const ImageSet& train,
                     Index step) {
  const std::vector<Index> rows = batch_rows(train, step);
  std::vector<Index> labels;
  for (const Index row : rows) labels.push_back(train.labels[static_cast<std::size_t>(row)]);
  const Tensor images = augmented(batch(train, rows, Range::unit), step);
  const RandomStream dropout = stream(Purpose::dropout, step);
  const Tensor loss = cross_entropy(classifier.logits(images, &dropout), labels);
  std::vector<Tensor> parameters;
  for (const nn::Parameter& parameter : adam.parameters()) parameters.push_back(*parameter.value);
  adam.step(grad(loss, parameters));
  return loss.item();
}

/// Trains anew and returns the average weights of the last steps in units of weight_unit.
std::vector<std::int16_t> fit(const ImageSet& train) {
  DigitClassifier classifier;
  nn::initialise(classifier, seed);
  for (const nn::Parameter& parameter : classifier.parameters()) parameter.value->require_grad();
  nn::Adam adam(classifier.parameters(), optimiser);
  nn::Ema ema(classifier.parameters(), ema_decay);
  for (Index step = 0; step < steps; ++step) {
    const double loss = training_step(classifier, adam, train, step);
    ema.update();
    if ((step + 1) % 500 == 0) std::cout << "step " << step + 1 << ": loss " << loss << std::endl;
  }
  std::vector<std::int16_t> weights;
  for (const Tensor& average : ema.averages()) {
    for (const Real weight : average.to_host()) {
      const double units = std::round(static_cast<double>(weight) / DigitClassifier::weight_unit);
      if (!(std::abs(units) <= 32767))
        fail("fit_digit_classifier", "weight ", weight, " too large");
      weights.push_back(static_cast<std::int16_t>(units));
    }
  }
  return weights;
}

Index correct(const DigitClassifier& classifier, const ImageSet& set) {
  const std::vector<Real> p = classifier.classify(batch(set, 0, set.count, Range::unit)).to_host();
  Index right = 0;
  for (std::size_t i = 0; i < set.labels.size(); ++i) {
    const auto first = p.begin() + static_cast<std::ptrdiff_t>(i) * DigitClassifier::classes;
    right += std::max_element(first, first + DigitClassifier::classes) - first == set.labels[i];
  }
  return right;
}

void write(const std::vector<std::int16_t>& weights, const std::string& path) {
  std::ofstream out(path);
  out << "// Written by fit_digit_classifier.cpp; the meaning is in digit_classifier.h.\n\n"
         "#include \"diffusion/metrics/digit_classifier.h\"\n\n"
         "namespace ito::detail {\n\n"
         "static constexpr std::int16_t weights[] = {";
  for (std::size_t i = 0; i < weights.size(); ++i) {
    out << (i % 20 == 0 ? "\n" : "") << weights[i] << ',';
  }
  out << "};\n\nconst std::span<const std::int16_t> digit_classifier_weights = weights;\n\n"
         "}  // namespace ito::detail\n";
  if (!out.flush()) fail("fit_digit_classifier", "cannot write ", path);
}

void run(const std::string& path) {
  const Dataset digits = digits_split();
  const std::vector<std::int16_t> weights = fit(digits.train);
  const DigitClassifier classifier{std::span<const std::int16_t>(weights)};
  std::cout << correct(classifier, digits.train) << " of " << digits.train.count
            << " training digits right\n"
            << correct(classifier, digits.held_out) << " of " << digits.held_out.count
            << " held-out digits right\n";
  write(weights, path);
}

}  // namespace
}  // namespace ito

int main(int count, char** arguments) {
  if (count != 2) {
    std::cerr << "usage: fit_digit_classifier OUTPUT.cpp\n";
    return 2;
  }
  try {
    ito::run(arguments[1]);
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
}
