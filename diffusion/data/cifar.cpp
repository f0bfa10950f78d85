#include "diffusion/data/cifar.h"

#include <algorithm>
#include <filesystem>

#include "diffusion/data/gzip.h"

namespace ito {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t side = 32, plane = side * side, record_size = 1 + 3 * plane;

/// Paths of the files of a folder called PREFIX*.bin or PREFIX*.bin.gz, in order of name.
std::vector<std::string> batches(const std::string& folder, const std::string& prefix) {
  std::vector<std::string> paths;
  std::error_code error;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    const bool binary = name.ends_with(".bin") || name.ends_with(".bin.gz");
    if (name.starts_with(prefix) && binary) paths.push_back(entry->path().string());
  }
  if (error) fail("cifar", folder, ": ", error.message());
  std::sort(paths.begin(), paths.end());
  return paths;
}

ImageSet read_batches(const std::vector<std::string>& paths, const std::string& source) {
  ImageSet all;
  for (const std::string& path : paths) {
    const ImageSet part = read_cifar10(path);
    all.count += part.count;
    all.item = part.item;
    all.pixels.insert(all.pixels.end(), part.pixels.begin(), part.pixels.end());
    all.labels.insert(all.labels.end(), part.labels.begin(), part.labels.end());
  }
  all.source = source;
  return all;
}

}  // namespace

ImageSet parse_cifar10(std::span<const std::uint8_t> file, const std::string& source) {
  if (file.empty() || file.size() % record_size != 0) {
    fail("cifar", source, ": ", file.size(), " bytes, expected a multiple of ", record_size,
         " (a label and 3 x 32 x 32 bytes per image; truncated, or not CIFAR-10?)");
  }
  ImageSet set;
  set.source = source;
  set.count = static_cast<Index>(file.size() / record_size);
  set.item = {side, side, 3};
  set.pixels.reserve(file.size());
  for (std::size_t start = 0; start < file.size(); start += record_size) {
    const int label = file[start];
    if (label > 9) {
      fail("cifar", source, ": image ", start / record_size, " has label ", label,
           ", expected 0 to 9");
    }
    set.labels.push_back(label);
    const auto planes = file.subspan(start + 1, 3 * plane);
    for (std::size_t p = 0; p < plane; ++p) {
      for (std::size_t c = 0; c < 3; ++c) set.pixels.push_back(planes[c * plane + p]);
    }
  }
  return set;
}

ImageSet read_cifar10(const std::string& path) { return parse_cifar10(read_unzipped(path), path); }

bool is_cifar10_folder(const std::string& folder) {
  return !batches(folder, "data_batch_").empty();
}

Dataset read_cifar10_folder(const std::string& folder) {
  const std::vector<std::string> train = batches(folder, "data_batch_");
  if (train.empty()) fail("cifar", folder, ": holds no data_batch_*.bin");
  return {read_batches(train, folder), read_batches(batches(folder, "test_batch"), folder)};
}

}  // namespace ito
