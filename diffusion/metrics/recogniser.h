#pragma once
// A classifier as a ruler for images: what it sees, and the features it sees it by.

#include <functional>
#include <memory>

#include "diffusion/control/noisy_classifier.h"

namespace ito {

/// What a classifier makes of n images.
struct Recognised {
  Tensor features;       ///< [n, D], its last hidden layer
  Tensor probabilities;  ///< [n, classes]
};

/// From images [n, H, W, C] in [0, 1], which it checks.
using Recogniser = std::function<Recognised(const Tensor& images)>;

/// DigitClassifier::fixed(): numbers from different runs and versions compare.
Recogniser digit_recogniser();

/// A classifier of noisy images, asked about clean ones (at the smallest time it was trained for).
/// Throws for images of another shape than it is for.
Recogniser trained_recogniser(std::shared_ptr<const NoisyClassifier> classifier);

}  // namespace ito
