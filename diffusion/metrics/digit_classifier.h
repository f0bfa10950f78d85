#pragma once
// A small classifier of the embedded 8x8 digits: the fixed ruler that generated digits are measured
// with. Its weights are committed (digit_classifier_data.cpp), so numbers from different runs and
// versions compare.
//
// Fitted by fit_digit_classifier.cpp with seed 1 on the 1,500 training digits alone. Its form,
// shifts and weight decay were chosen earlier under another split (the last 297 held out), which
// shares images with today's held-out part: the accuracy below is not free of that choice. Accuracy
// of the committed weights: 294 of the 297 held-out digits (99.0 %), all of the 1,500 training
// digits.

#include <cstdint>
#include <span>

#include "nn/layers/conv2d.h"
#include "nn/layers/dropout.h"
#include "nn/layers/linear.h"

namespace ito {

/// Two 3x3 convolutions, to [8, 8, 16] and with stride 2 to [4, 4, 32], and two linear layers, to
/// 32 and to 10; SiLU between them. Images are [n, 8, 8, 1] in [0, 1] (Range::unit); every function
/// throws for another shape or for a value outside [0, 1].
class DigitClassifier : public nn::Module {
 public:
  static constexpr Index size = 8, feature_size = 32, classes = 10;
  /// Committed weights are whole multiples of this.
  static constexpr double weight_unit = 1.0 / 4096;

  /// All parameters zero until initialised.
  DigitClassifier();
  /// From weights in units of `weight_unit`, in the order of parameters(). Throws unless their
  /// number fits.
  explicit DigitClassifier(std::span<const std::int16_t> weights);
  /// With the committed weights.
  static DigitClassifier fixed();

  /// The last hidden layer [n, 32]: unbounded above, so it does not saturate.
  Tensor features(const Tensor& images) const;
  /// [n, 10]; with a stream, after dropout on both hidden layers.
  Tensor logits(const Tensor& images, const RandomStream* dropout = nullptr) const;
  /// Probabilities [n, 10].
  Tensor classify(const Tensor& images) const;

 private:
  /// [n, 512], what the convolutions see.
  Tensor strokes(const Tensor& images) const;

  static constexpr nn::Conv2d::Options halving = {
      .kernel = 3, .init_scale = 1, .geometry = {.stride = 2, .pad_before = 1, .pad_after = 1}};
  nn::Conv2d fine_{1, 16}, coarse_{16, 32, halving};
  nn::Linear feature_{512, feature_size}, last_{feature_size, classes};
  nn::Dropout stroke_dropout_{0.3, 0}, feature_dropout_{0.3, 1};
};

namespace detail {
extern const std::span<const std::int16_t> digit_classifier_weights;
}  // namespace detail

}  // namespace ito
