#pragma once
// Any data set by its name or path.

#include <string>

#include "diffusion/data/image_set.h"

namespace ito {

struct OpenOptions {
  /// Pictures of a folder are cropped and resized to size x size; 0: they must be of one size.
  Index size = 0;
  /// Images held out of training where the data has no part of its own for that.
  Index held_out = 0;
};

/// Reads what `path` is:
///   digits                   the embedded digits (297 held out)
///   a folder of IDX files    train-images-idx3-ubyte[.gz]; held out: t10k-images-idx3-ubyte[.gz]
///   a folder of CIFAR-10     data_batch_*.bin[.gz]; held out: test_batch.bin[.gz]
///   another folder           its PNG and JPEG files
///   a file                   IDX images, .npy, CIFAR-10 .bin (each also as .gz), or one picture
/// Files are known by their first bytes (CIFAR-10, which has none, by its name). Throws Error, for
/// an unknown kind with this list.
Dataset open_images(const std::string& path, const OpenOptions& options = {});

}  // namespace ito
