#pragma once
// What can be said in numbers about generated 8x8 digits, each number beside the same one for real
// digits.

#include <array>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "diffusion/data/image_set.h"

namespace ito {

/// All numbers are of images in [0, 1]. Generated values are clamped to it, but not rounded to the
/// 17 levels that real digits have, so what noise is left in them counts.
struct DigitReport {
  Index generated = 0;  ///< how many were given
  Index held_out = 0;   ///< how many real ones they stand beside
  Index training = 0;

  /// Frechet distance, in the features of DigitClassifier::fixed(), to all held-out digits: of the
  /// first `held_out` generated ones, and of as many training digits (mean of `draws` draws).
  double frechet_generated = 0, frechet_real = 0;
  /// Mean Euclidean distance, over 64 pixels in [0, 1], to the nearest training digit: of all
  /// generated, and of the held-out digits.
  double nearest_generated = 0, nearest_real = 0;
  /// Share whose largest class probability is above 0.9: of all generated, and of the held-out.
  double classified_confidently = 0, classified_confidently_real = 0;
  /// How many are classified as 0, ..., 9: of all generated, and of the held-out digits.
  std::array<Index, 10> classes_generated{}, classes_real{};

  /// Of digits that were drawn as a class: the share recognised as that, and how many of each class
  /// were drawn and recognised. Beside them the share of held-out digits recognised as their label.
  /// Not measured (-1) where the generated have no class, or the real no label.
  double recognised = -1, recognised_real = -1;
  std::array<Index, 10> drawn_as{}, recognised_as{};

  static constexpr int draws = 20;
  static constexpr double confident = 0.9;
};

/// Measures generated [n, 8, 8, 1], in the unit of `digits` as Range::unit, against the two parts
/// of `digits` (normally digits_split()). The training digits of frechet_real are drawn without
/// replacement from permutations seeded with `seed`. `classes` are those that the generated were
/// drawn as, one each, or none. Throws when the shape is another, when a value is not a number,
/// when n is below the number of held-out digits or training digits are fewer.
DigitReport report_digits(const Tensor& generated, const Dataset& digits, std::uint64_t seed = 0,
                          const std::vector<Index>& classes = {});

/// The fields by name.
nlohmann::json to_json(const DigitReport& report);

/// A table for people, of lines of at most 80 characters: one number a line, generated and real.
std::string table(const DigitReport& report);

}  // namespace ito
