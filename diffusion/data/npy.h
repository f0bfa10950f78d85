#pragma once
// NumPy's array files (.npy, versions 1 to 3).

#include <span>
#include <string>
#include <vector>

#include "diffusion/data/image_set.h"
#include "engine/file.h"

namespace ito {

/// An array, row-major. One of the two is filled.
struct NpyArray {
  Shape shape;
  std::vector<std::uint8_t> bytes;  ///< of an array of u1
  std::vector<Real> reals;          ///< of an array of f4 or f8
};

bool is_npy(std::span<const std::uint8_t> file);

/// Types |u1, <f4 and <f8, row-major. Throws Error naming `source` for other types and for Fortran
/// order (with the NumPy call that mends it), for a damaged header, and when shape and bytes
/// disagree.
NpyArray parse_npy(std::span<const std::uint8_t> file, const std::string& source);
NpyArray read_npy(const std::string& path);

/// The array as a data set: [N, H, W, C] or [N, H, W] (one channel) are images, [N, D] vectors.
/// Bytes have 256 levels; real numbers must be finite.
ImageSet to_image_set(NpyArray array, const std::string& source);

/// Writes <f4 (in the double build <f8).
void write_npy(const std::string& path, const Tensor& values, Overwrite overwrite);
void write_npy(const std::string& path, const Shape& shape, std::span<const Real> values,
               Overwrite overwrite);

}  // namespace ito
