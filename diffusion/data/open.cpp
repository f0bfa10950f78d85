#include "diffusion/data/open.h"

#include <filesystem>
#include <system_error>
#include <utility>

#include "diffusion/data/cifar.h"
#include "diffusion/data/digits.h"
#include "diffusion/data/folder.h"
#include "diffusion/data/gzip.h"
#include "diffusion/data/idx.h"
#include "diffusion/data/npy.h"
#include "diffusion/data/picture.h"

namespace ito {
namespace {

namespace fs = std::filesystem;

constexpr const char* understood =
    "understood are: the name \"digits\"; IDX images, .npy arrays and CIFAR-10 .bin files, also "
    "compressed with gzip; a folder of those of MNIST or CIFAR-10; a folder of PNG or JPEG files";

/// PATH or PATH.gz, whichever exists; "" for none.
std::string plain_or_gz(const std::string& path) {
  for (const std::string& candidate : {path, path + ".gz"}) {
    std::error_code error;
    if (fs::exists(candidate, error)) return candidate;
  }
  return "";
}

bool is_named_cifar(const std::string& path) {
  return path.ends_with(".bin") || path.ends_with(".bin.gz");
}

ImageSet read_one_picture(const std::string& path, Index size) {
  Picture picture = read_picture(path);
  if (size > 0) picture = crop_and_resize(picture, size);
  ImageSet set;
  set.count = 1;
  set.item = {picture.height, picture.width, picture.channels};
  set.pixels = std::move(picture.pixels);
  set.source = path;
  return set;
}

ImageSet read_one_file(const std::string& path, Index size) {
  const Bytes file = read_unzipped(path);
  if (is_idx(file)) {
    ImageSet set = parse_idx_images(file, path);
    attach_idx_labels(set, path);
    return set;
  }
  if (is_npy(file)) return to_image_set(parse_npy(file, path), path);
  if (is_png(file) || is_jpeg(file)) return read_one_picture(path, size);
  if (is_named_cifar(path)) return parse_cifar10(file, path);
  fail("data", path, ": unknown kind of file; ", understood);
}

Dataset read_any_folder(const std::string& folder, Index size) {
  const std::string train = plain_or_gz(folder + "/train-images-idx3-ubyte");
  if (!train.empty()) {
    const std::string test = plain_or_gz(folder + "/t10k-images-idx3-ubyte");
    return {read_idx(train), test.empty() ? ImageSet{} : read_idx(test)};
  }
  if (is_cifar10_folder(folder)) return read_cifar10_folder(folder);
  if (picture_paths(folder).empty()) {
    fail("data", folder, ": nothing in this folder can be read; ", understood);
  }
  return {read_folder(folder, size), {}};
}

/// Held-out images must be like those for training.
void check_parts(const Dataset& data) {
  const bool differ = data.held_out.count > 0 && data.held_out.item != data.train.item;
  if (differ) {
    fail("data", data.held_out.source, ": images ", data.held_out.item, ", the training images of ",
         data.train.source, " are ", data.train.item);
  }
}

}  // namespace

Dataset open_images(const std::string& path, const OpenOptions& options) {
  std::error_code error;
  Dataset data;
  if (path == "digits") {
    data = digits_split();
  } else if (fs::is_directory(path, error)) {
    data = read_any_folder(path, options.size);
  } else if (fs::exists(path, error)) {
    data.train = read_one_file(path, options.size);
  } else {
    fail("data", path, ": there is no such file or folder; ", understood);
  }
  check_parts(data);
  if (data.held_out.count == 0 && options.held_out > 0) {
    data = hold_out(data.train, options.held_out);
  }
  return data;
}

}  // namespace ito
