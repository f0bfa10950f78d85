#include "diffusion/data/idx.h"

#include <filesystem>
#include <system_error>
#include <utility>

#include "diffusion/data/gzip.h"

namespace ito {
namespace {

constexpr std::uint8_t type_byte = 8;

/// Sizes of the axes and the elements behind the header.
struct Idx {
  Shape sizes;
  std::span<const std::uint8_t> elements;
};

Index big_endian(std::span<const std::uint8_t> bytes) {
  return Index{bytes[0]} << 24 | Index{bytes[1]} << 16 | Index{bytes[2]} << 8 | Index{bytes[3]};
}

Idx parse_header(std::span<const std::uint8_t> file, const std::string& source) {
  if (file.size() < 4 || file[0] != 0 || file[1] != 0) {
    fail("idx", source, ": is not an IDX file (expected it to begin with two zero bytes)");
  }
  if (file[2] != type_byte) {
    fail("idx", source, ": elements of type ", int{file[2]}, ", expected bytes (type 8)");
  }
  const std::size_t rank = file[3];
  const std::size_t header = 4 + 4 * rank;
  if (rank < 1 || rank > 4) fail("idx", source, ": ", rank, " axes, expected 1 to 4");
  if (file.size() < header) {
    fail("idx", source, ": truncated: the header should have ", header, " bytes, the file has ",
         file.size());
  }
  Idx idx;
  for (std::size_t axis = 0; axis < rank; ++axis) {
    idx.sizes.push_back(big_endian(file.subspan(4 + 4 * axis, 4)));
  }
  idx.elements = file.subspan(header);
  return idx;
}

/// Compares the promised number of elements with those that are there. The product of four 32-bit
/// sizes does not fit 64 bits, so the division goes the other way.
void check_elements(const Idx& idx, const std::string& source) {
  const auto present = static_cast<Index>(idx.elements.size());
  Index expected = 1;
  for (const Index size : idx.sizes) {
    if (size == 0) fail("idx", source, ": an axis of size 0 in ", idx.sizes);
    if (expected > present / size) {
      fail("idx", source, ": truncated: the header promises ", idx.sizes, ", the file has ",
           present, " bytes of data");
    }
    expected *= size;
  }
  if (expected != present) {
    fail("idx", source, ": the header promises ", idx.sizes, ", which is ", expected,
         " bytes, the file has ", present);
  }
}

/// "train-images-idx3-ubyte.gz" -> "train-labels-idx1-ubyte.gz", or with the other compression; ""
/// when there is none.
std::string labels_beside(const std::string& path) {
  for (const char* part : {"images-idx3", "images-idx4"}) {
    const std::size_t at = path.rfind(part);
    if (at == std::string::npos) continue;
    std::string labels = path;
    labels.replace(at, 11, "labels-idx1");
    const std::string bare = labels.ends_with(".gz") ? labels.substr(0, labels.size() - 3) : labels;
    for (const std::string& candidate : {labels, bare, bare + ".gz"}) {
      std::error_code error;
      if (std::filesystem::exists(candidate, error)) return candidate;
    }
  }
  return "";
}

}  // namespace

bool is_idx(std::span<const std::uint8_t> file) {
  return file.size() >= 4 && file[0] == 0 && file[1] == 0 && file[2] == type_byte && file[3] >= 1 &&
         file[3] <= 4;
}

ImageSet parse_idx_images(std::span<const std::uint8_t> file, const std::string& source) {
  const Idx idx = parse_header(file, source);
  if (idx.sizes.rank() < 3) {
    fail("idx", source, ": ", idx.sizes.rank(), idx.sizes.rank() == 1 ? " axis" : " axes",
         ", expected images [N, H, W] or [N, H, W, C]");
  }
  check_elements(idx, source);
  ImageSet set;
  set.source = source;
  set.count = idx.sizes[0];
  set.item = {idx.sizes[1], idx.sizes[2], idx.sizes.rank() == 4 ? idx.sizes[3] : 1};
  set.pixels.assign(idx.elements.begin(), idx.elements.end());
  return set;
}

std::vector<int> parse_idx_labels(std::span<const std::uint8_t> file, const std::string& source) {
  const Idx idx = parse_header(file, source);
  if (idx.sizes.rank() != 1) {
    fail("idx", source, ": ", idx.sizes.rank(), " axes, expected labels [N]");
  }
  check_elements(idx, source);
  return {idx.elements.begin(), idx.elements.end()};
}

ImageSet read_idx(const std::string& path) {
  ImageSet set = parse_idx_images(read_unzipped(path), path);
  attach_idx_labels(set, path);
  return set;
}

void attach_idx_labels(ImageSet& set, const std::string& path) {
  const std::string labels_path = labels_beside(path);
  if (labels_path.empty()) return;
  set.labels = parse_idx_labels(read_unzipped(labels_path), labels_path);
  if (static_cast<Index>(set.labels.size()) != set.count) {
    fail("idx", labels_path, ": ", set.labels.size(), " labels for the ", set.count, " images of ",
         path);
  }
}

}  // namespace ito
