#include "diffusion/metrics/recogniser.h"

#include "diffusion/metrics/digit_classifier.h"
#include "diffusion/objectives/draws.h"
#include "diffusion/training/sampling.h"
#include "engine/ops.h"

namespace ito {

Recogniser digit_recogniser() {
  return [classifier = std::make_shared<const DigitClassifier>(detail::digit_classifier_weights)](
             const Tensor& images) {
    return Recognised{classifier->features(images), classifier->classify(images)};
  };
}

Recogniser trained_recogniser(std::shared_ptr<const NoisyClassifier> classifier) {
  return [classifier](const Tensor& images) {
    const ClassifierConfig& config = classifier->config();
    const Shape item = {config.model.image_size, config.model.image_size, config.model.channels};
    if (images.rank() != 4 || Shape(images.shape().begin() + 1, images.shape().end()) != item)
      fail("recogniser", "is for images ", item, ", got ", images.shape());
    const Times clean(static_cast<std::size_t>(images.size(0)), training_eps);
    const Tensor features = classifier->features(from_unit(images, config.range), clean);
    return Recognised{features, softmax(classifier->network().logits(features))};
  };
}

}  // namespace ito
