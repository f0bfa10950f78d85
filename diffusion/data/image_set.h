#pragma once
// ImageSet: the images of a data set in host memory, and their conversion to batches.

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "engine/tensor.h"

namespace ito {

/// How stored values become the numbers that a network sees. A stored 8-bit value v of a set with L
/// levels is v / (L - 1) in `unit` and 2 v / (L - 1) - 1 in `centered` (computed in double, rounded
/// once). Real-valued images are taken to be in [0, 1] already (checked). `stored` changes nothing:
/// for vectors of any range.
enum class Range { unit, centered, stored };

/// N images [H, W, C] (channels last) or N vectors [D], all of one shape.
struct ImageSet {
  Index count = 0;  ///< N
  Shape item;       ///< [H, W, C] or [D]
  /// Number of values that a pixel can take: 256, or 17 for the embedded digits; 0 when the values
  /// are real numbers. Likelihoods of dequantised data depend on it.
  int levels = 256;
  std::vector<std::uint8_t> pixels;  ///< [N, item...], when levels > 0
  std::vector<Real> reals;           ///< [N, item...], when levels == 0
  std::vector<int> labels;           ///< one per image, or none
  std::string source;                ///< where it came from, for messages

  bool is_image() const { return item.rank() == 3; }
  Index height() const { return is_image() ? item[0] : 1; }
  Index width() const { return is_image() ? item[1] : 1; }
  Index channels() const { return item.empty() ? 0 : item.back(); }
};

/// The images of the given rows as a CPU tensor [n, item...]. Where `flips` (empty, or one entry
/// per row) is not zero the image is mirrored left to right. Throws when a row is not there, a
/// vector should be flipped, or a real value outside [0, 1] should be scaled.
Tensor batch(const ImageSet& set, std::span<const Index> rows, Range range,
             std::span<const std::uint8_t> flips = {});
/// Rows first, ..., first + n - 1.
Tensor batch(const ImageSet& set, Index first, Index n, Range range);

/// The labels of the given rows; throws when the set has none.
std::vector<Index> labels_of(const ImageSet& set, std::span<const Index> rows);
/// 1 + the largest label of a set; throws when it has none.
Index classes_of(const ImageSet& set);

/// A set of the chosen rows, in their order.
ImageSet subset(const ImageSet& set, std::span<const Index> rows);

/// Training images and those kept apart from training, to measure on; the latter may be empty.
struct Dataset {
  ImageSet train;
  ImageSet held_out;
};

/// Holds out `n` images, spread evenly over the set (whatever order it is in): row i is held out
/// when (i + 1) n / N and i n / N, rounded down, differ.
Dataset hold_out(const ImageSet& set, Index n);

}  // namespace ito
