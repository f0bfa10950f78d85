#pragma once
// IDX, the format of MNIST: bytes 0, 0, type, rank; the sizes, 32-bit big-endian; the elements.

#include <span>
#include <string>
#include <vector>

#include "diffusion/data/image_set.h"

namespace ito {

/// Does it begin like an IDX file of bytes with 1 to 4 axes?
bool is_idx(std::span<const std::uint8_t> file);

/// Images of bytes: [N, H, W] (one channel) or [N, H, W, C]. Throws Error naming `source` when the
/// type or rank is another or when the sizes and the bytes that are there disagree.
ImageSet parse_idx_images(std::span<const std::uint8_t> file, const std::string& source);
/// Labels: bytes [N].
std::vector<int> parse_idx_labels(std::span<const std::uint8_t> file, const std::string& source);

/// Reads images, gzip or not, and the labels beside them.
ImageSet read_idx(const std::string& path);

/// Reads labels for the images of `path` if that is called "...images-idx3..." (or idx4) and a file
/// with "labels-idx1" in that place is beside it. Throws unless there is one label an image.
void attach_idx_labels(ImageSet& set, const std::string& path);

}  // namespace ito
