#pragma once
// Which training images a step sees, in which order, and which of them mirrored: functions of the
// seed and of where the image stands, so that nothing of it needs to be stored.

#include <vector>

#include "diffusion/data/image_set.h"
#include "diffusion/objectives/draws.h"

namespace ito {

/// The endless sequence of training images: epoch after epoch, each a permutation of all images
/// that follows from (seed, epoch).
class DataOrder {
 public:
  /// Throws unless there is an image.
  DataOrder(Index images, std::uint64_t seed);

  /// The images at places first, ..., first + n - 1 of the sequence.
  std::vector<Index> rows(Index first, Index n);

 private:
  Index images_;
  std::uint64_t seed_;
  Index epoch_ = -1;  ///< that of `permutation_`
  std::vector<Index> permutation_;
};

/// A fair coin for each image of a batch.
std::vector<std::uint8_t> draw_flips(Index images, const BatchAddress& address);

}  // namespace ito
