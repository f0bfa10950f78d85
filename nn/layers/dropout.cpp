#include "nn/layers/dropout.h"

#include "engine/ops.h"

namespace ito::nn {

Dropout::Dropout(double probability, std::uint32_t ordinal)
    : probability_(probability), ordinal_(ordinal) {
  if (!(probability >= 0 && probability < 1)) {
    fail("dropout", "expected a probability in [0, 1), got ", probability);
  }
}

Tensor Dropout::forward(const Tensor& x, const RandomStream* stream) const {
  if (stream == nullptr || probability_ == 0) return x;
  RandomStream mine = *stream;
  mine.sub = ordinal_;
  return dropout(x, probability_, mine);
}

}  // namespace ito::nn
