#pragma once
// CIFAR-10, binary version: records of a label byte and 3 x 32 x 32 bytes, plane by plane.

#include <span>
#include <string>

#include "diffusion/data/image_set.h"

namespace ito {

/// Images [N, 32, 32, 3] with labels 0..9. Throws Error naming `source` when the bytes are not
/// whole records or a label is over 9.
ImageSet parse_cifar10(std::span<const std::uint8_t> file, const std::string& source);

/// Reads one file, gzip or not.
ImageSet read_cifar10(const std::string& path);

/// Reads a folder of data_batch_*.bin[.gz] as training images, in order of name, and of
/// test_batch.bin[.gz], if it is there, as held-out images.
Dataset read_cifar10_folder(const std::string& folder);

/// Does the folder hold a data_batch_*.bin[.gz]?
bool is_cifar10_folder(const std::string& folder);

}  // namespace ito
