#include "diffusion/data/picture.h"

#include <algorithm>

namespace ito {

Picture read_picture(const std::string& path) {
  const Bytes file = read_file(path);
  if (is_png(file)) return decode_png(file, path);
  if (is_jpeg(file)) return decode_jpeg(file, path);
  fail("picture", path, ": is neither PNG nor JPEG");
}

void write_png(const std::string& path, const Picture& picture, Overwrite overwrite,
               const PngText& text) {
  write_file(path, encode_png(picture, text), overwrite);
}

namespace {

/// Sum over the part of an S x S square (its corner at (top, left)) that the new pixel (y, x) of
/// side x side covers. Lengths are counted in 1/side of an old pixel, so that all weights are whole
/// and sum to S * S.
std::int64_t covered_sum(const Picture& from, Index top, Index left, Index S, Index side, Index y,
                         Index x, Index c) {
  const auto overlap = [&](Index old_pixel, Index new_pixel) {
    const Index begin = std::max(old_pixel * side, new_pixel * S);
    const Index end = std::min((old_pixel + 1) * side, (new_pixel + 1) * S);
    return end - begin;
  };
  std::int64_t sum = 0;
  for (Index i = y * S / side; i * side < (y + 1) * S; ++i) {
    for (Index j = x * S / side; j * side < (x + 1) * S; ++j) {
      const Index at = ((top + i) * from.width + left + j) * from.channels + c;
      sum += overlap(i, y) * overlap(j, x) * from.pixels[static_cast<std::size_t>(at)];
    }
  }
  return sum;
}

}  // namespace

Picture crop_and_resize(const Picture& picture, Index side) {
  if (side < 1 || side * side > most_pixels) fail("picture", "cannot resize to size ", side);
  const Index S = std::min(picture.height, picture.width);
  const Index top = (picture.height - S) / 2, left = (picture.width - S) / 2;
  Picture out{side, side, picture.channels, {}};
  out.pixels.reserve(static_cast<std::size_t>(side * side * picture.channels));
  for (Index y = 0; y < side; ++y) {
    for (Index x = 0; x < side; ++x) {
      for (Index c = 0; c < picture.channels; ++c) {
        const std::int64_t sum = covered_sum(picture, top, left, S, side, y, x, c);
        out.pixels.push_back(static_cast<std::uint8_t>((sum + S * S / 2) / (S * S)));
      }
    }
  }
  return out;
}

}  // namespace ito
