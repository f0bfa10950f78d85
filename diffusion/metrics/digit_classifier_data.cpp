#include "diffusion/metrics/digit_classifier.h"
namespace ito::detail {
static constexpr std::int16_t weights[] = {0};
const std::span<const std::int16_t> digit_classifier_weights = weights;
}  // namespace ito::detail
