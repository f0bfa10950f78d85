#include "diffusion/metrics/digit_classifier.h"

#include "engine/ops.h"

namespace ito {
namespace {

/// Throws unless images are [n, 8, 8, 1] in [0, 1].
void check(const Tensor& images) {
  constexpr Index size = DigitClassifier::size;
  if (images.rank() != 4 || images.shape() != Shape{images.size(0), size, size, 1}) {
    fail("digit_classifier", "expected images [n, 8, 8, 1], got ", images.shape());
  }
  for (const Real value : images.to_host()) {
    if (!(value >= 0 && value <= 1)) {
      fail("digit_classifier", "expected values in [0, 1], got ", value);
    }
  }
}

}  // namespace

DigitClassifier::DigitClassifier() {
  add_child("fine", fine_);
  add_child("coarse", coarse_);
  add_child("feature", feature_);
  add_child("last", last_);
}

DigitClassifier::DigitClassifier(std::span<const std::int16_t> weights) : DigitClassifier() {
  const Index expected = nn::parameter_count(*this);
  if (static_cast<Index>(weights.size()) != expected) {
    fail("digit_classifier", "expected ", expected, " weights, got ", weights.size());
  }
  for (const nn::Parameter& parameter : parameters()) {
    std::vector<Real> values;
    for (const std::int16_t w :
         weights.first(static_cast<std::size_t>(parameter.value->elements())))
      values.push_back(static_cast<Real>(w * weight_unit));
    weights = weights.subspan(values.size());
    parameter.value->assign(values);
  }
}

DigitClassifier DigitClassifier::fixed() {
  return DigitClassifier(detail::digit_classifier_weights);
}

Tensor DigitClassifier::strokes(const Tensor& images) const {
  check(images);
  const Tensor h = silu(coarse_.forward(silu(fine_.forward(images))));
  return reshape(h, {h.size(0), h.size(1) * h.size(2) * h.size(3)});
}

Tensor DigitClassifier::features(const Tensor& images) const {
  return silu(feature_.forward(strokes(images)));
}

Tensor DigitClassifier::logits(const Tensor& images, const RandomStream* dropout) const {
  const Tensor h = stroke_dropout_.forward(strokes(images), dropout);
  const Tensor f = silu(feature_.forward(h));
  return last_.forward(feature_dropout_.forward(f, dropout));
}

Tensor DigitClassifier::classify(const Tensor& images) const { return softmax(logits(images)); }

}  // namespace ito
