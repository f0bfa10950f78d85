#include "diffusion/control/operator_named.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <filesystem>

#include "diffusion/control/matrix_operator.h"
#include "diffusion/control/motion_blur.h"
#include "diffusion/control/pixel_operators.h"
#include "diffusion/control/resampling_operators.h"
#include "diffusion/data/picture.h"
#include "engine/file.h"

namespace ito {

namespace {

/// "kind:details".
struct Named {
  std::string kind, details;

  explicit Named(const std::string& name)
      : kind(name.substr(0, name.find(':'))),
        details(name.size() > kind.size() ? name.substr(kind.size() + 1) : "") {}

  /// The details as `count` numbers with commas between; throws.
  std::vector<double> numbers(std::size_t count) const {
    std::vector<double> values;
    const char *at = details.data(), *const end = at + details.size();
    while (at < end) {
      double value = 0;
      const auto [next, error] = std::from_chars(at, end, value);
      if (error != std::errc() || (next < end && *next != ',')) break;
      values.push_back(value);
      at = next < end ? next + 1 : next;
    }
    if (at != end || values.size() != count)
      fail(kind.c_str(), "expected ", count, count == 1 ? " number" : " numbers", " as in ", kind,
           count == 1 ? ":4" : ":4,4", ", got \"", printable(details), "\"");
    return values;
  }
  std::vector<Index> whole_numbers(std::size_t count) const {
    std::vector<Index> whole;
    for (const double value : numbers(count)) {
      if (!(std::abs(value) < 1e9) || value != std::floor(value))
        fail(kind.c_str(), "expected whole numbers, got ", value);
      whole.push_back(static_cast<Index>(value));
    }
    return whole;
  }
};

struct Rectangle {
  Index top, left, height, width;
};

/// All known but the rectangle.
Tensor without(const Rectangle& hole, const Shape& item) {
  const Index H = item[0], W = item[1], C = item[2];
  if (hole.top < 0 || hole.left < 0 || hole.height < 1 || hole.width < 1 ||
      hole.top + hole.height > H || hole.left + hole.width > W)
    fail("mask", "the box of ", hole.height, " x ", hole.width, " at ", hole.top, ", ", hole.left,
         " is not inside an image of ", H, " x ", W);
  Tensor mask = Tensor::full(item, 1);
  for (Index r = hole.top; r < hole.top + hole.height; ++r)
    for (Index c = hole.left * C; c < (hole.left + hole.width) * C; ++c)
      mask.mutable_data()[r * W * C + c] = 0;
  return mask;
}

Rectangle half_of(const std::string& side, const Shape& item) {
  const Index H = item[0], W = item[1];
  if (side == "upper") return {0, 0, H / 2, W};
  if (side == "lower") return {H / 2, 0, H - H / 2, W};
  if (side == "left") return {0, 0, H, W / 2};
  if (side == "right") return {0, W / 2, H, W - W / 2};
  fail("mask", "expected half:upper, half:lower, half:left or half:right, got \"", printable(side),
       "\"");
}

Rectangle box_of(const Named& name, const Shape& item) {
  if (name.details.find(',') == std::string::npos) {
    const Index size = name.whole_numbers(1)[0];
    return {(item[0] - size) / 2, (item[1] - size) / 2, size, size};
  }
  const std::vector<Index> n = name.whole_numbers(4);
  return {n[0], n[1], n[2], n[3]};
}

Tensor random_mask(double share, const Shape& item, std::uint64_t seed) {
  if (!(share > 0 && share < 1))
    fail("mask", "expected a share of missing pixels between 0 and 1, got ", share);
  const Index pixels = item[0] * item[1], C = item[2];
  const std::vector<Index> order = permutation(pixels, {.seed = seed, .purpose = Purpose::probe});
  const Index missing =
      std::clamp<Index>(std::llround(share * static_cast<double>(pixels)), 1, pixels - 1);
  Tensor mask = Tensor::full(item, 1);
  for (Index i = 0; i < missing; ++i)
    std::fill_n(mask.mutable_data() + order[static_cast<std::size_t>(i)] * C, C, Real{0});
  return mask;
}

Tensor picture_mask(const std::string& path, const Shape& item) {
  const Picture picture = read_picture(path);
  if (picture.height != item[0] || picture.width != item[1])
    fail("mask", printable(path), ": the mask is of ", picture.height, " x ", picture.width,
         " pixels, the model's images are of ", item[0], " x ", item[1]);
  Tensor mask(item);
  for (Index i = 0; i < mask.elements(); ++i) {
    const auto at = static_cast<std::size_t>(i / item[2] * picture.channels);
    const std::uint8_t value = picture.pixels[at];
    for (Index c = 0; c < picture.channels; ++c) {
      if (picture.pixels[at + static_cast<std::size_t>(c)] != value || (value != 0 && value != 255))
        fail("mask", printable(path), ": expected white (known) and black (missing) only");
    }
    mask.mutable_data()[i] = value == 0 ? 0 : 1;
  }
  return mask;
}

}  // namespace

Tensor mask_named(const std::string& name, const Shape& item, std::uint64_t seed) {
  if (item.rank() != 3) fail("mask", "expected images [H, W, C], the model's are ", item);
  const Named parts(name);
  if (parts.kind == "half") return without(half_of(parts.details, item), item);
  if (parts.kind == "box") return without(box_of(parts, item), item);
  if (parts.kind == "random") return random_mask(parts.numbers(1)[0], item, seed);
  std::error_code error;
  if (std::filesystem::exists(name, error)) return picture_mask(name, item);
  fail("mask", "expected half:SIDE, box:SIZE, random:SHARE or a picture file, got ",
       printable(name));
}

std::unique_ptr<Operator> operator_named(const std::string& name, const Shape& item,
                                         std::uint64_t seed) {
  const Named parts(name);
  if (parts.kind == "mask")
    return std::make_unique<MaskOperator>(mask_named(parts.details, item, seed));
  if (name == "grey") return std::make_unique<GreyOperator>(item);
  if (parts.kind == "box") return box_downsampling(item, parts.whole_numbers(1)[0]);
  if (parts.kind == "bicubic") return bicubic_downsampling(item, parts.whole_numbers(1)[0]);
  if (parts.kind == "gaussian") return gaussian_blur(item, parts.numbers(1)[0]);
  if (parts.kind == "motion") {
    const std::vector<double> n = parts.numbers(2);
    return std::make_unique<MotionBlur>(item, n[0], n[1]);
  }
  if (parts.kind == "radon") return std::make_unique<Radon>(item, parts.whole_numbers(1)[0]);
  if (parts.kind == "random") return random_projections(item, parts.whole_numbers(1)[0], seed);
  fail("operator",
       "expected mask:MASK, grey, box:FACTOR, bicubic:FACTOR, gaussian:SIGMA, "
       "motion:LENGTH,DEGREES, radon:ANGLES or random:NUMBER, got ",
       printable(name));
}

}  // namespace ito
