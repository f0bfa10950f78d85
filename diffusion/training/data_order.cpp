#include "diffusion/training/data_order.h"

namespace ito {

DataOrder::DataOrder(Index images, std::uint64_t seed) : images_(images), seed_(seed) {
  if (images < 1) fail("train", "there are no training images");
}

std::vector<Index> DataOrder::rows(Index first, Index n) {
  std::vector<Index> out;
  for (Index place = first; place < first + n; ++place) {
    if (place / images_ != epoch_) {
      epoch_ = place / images_;
      permutation_ = permutation(
          images_,
          {.seed = seed_, .purpose = Purpose::order, .step = static_cast<std::uint32_t>(epoch_)});
    }
    out.push_back(permutation_[static_cast<std::size_t>(place % images_)]);
  }
  return out;
}

std::vector<std::uint8_t> draw_flips(Index images, const BatchAddress& address) {
  std::vector<std::uint8_t> out;
  for (const double u : uniform_per_image(images, address.stream(Purpose::flip))) {
    out.push_back(u < 0.5 ? 1 : 0);
  }
  return out;
}

}  // namespace ito
