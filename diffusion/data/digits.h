#pragma once
// The embedded data set: 1,797 handwritten digits of 8x8 pixels with 17 levels.
//
// "Optical Recognition of Handwritten Digits", E. Alpaydin and C. Kaynak, UCI Machine Learning
// Repository (the test part), licence CC BY 4.0.

#include "diffusion/data/image_set.h"

namespace ito {

/// All 1,797 images [8, 8, 1] with labels, 17 levels, in the original order.
ImageSet digits();

/// The fixed split: 297 images, spread evenly over the set, are held out, the other 1,500 train.
/// (The tail of the set differs measurably from its head, so it would be a poor held-out part.)
Dataset digits_split();

namespace detail {
/// 65 characters an image: the label '0'..'9', then 64 values 'A' (0) to 'Q' (16), row by row.
extern const char* const digits_text;
}  // namespace detail

}  // namespace ito
