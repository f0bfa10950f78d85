#include <png.h>

#include <algorithm>

#include "diffusion/data/picture.h"
#include "diffusion/data/png_text.h"

namespace ito {
namespace {

/// libpng's simplified interface: it reports errors by return value, never by a jump.
class PngImage {
 public:
  PngImage() { image.version = PNG_IMAGE_VERSION; }
  ~PngImage() { png_image_free(&image); }
  PngImage(const PngImage&) = delete;
  PngImage& operator=(const PngImage&) = delete;
  png_image image{};
};

void check_size(const png_image& image, std::size_t file_bytes, const std::string& source) {
  const Index pixels = Index{image.width} * Index{image.height};
  if (pixels > most_pixels) {
    fail("png", source, ": ", image.height, "x", image.width, " pixels are over the limit of ",
         most_pixels);
  }
  // Deflate packs at most 1032:1, and a pixel takes at least one bit.
  constexpr Index best_ratio = 1032;
  if (pixels / 8 / best_ratio > static_cast<Index>(file_bytes)) {
    fail("png", source, ": truncated: ", file_bytes, " bytes cannot hold ", image.height, "x",
         image.width, " pixels");
  }
}

std::uint8_t on_white(int value, int alpha) {
  return static_cast<std::uint8_t>((value * alpha + 255 * (255 - alpha) + 127) / 255);
}

/// [H, W, C + 1] with opacity last -> [H, W, C].
std::vector<std::uint8_t> flatten(const std::vector<std::uint8_t>& pixels, std::size_t channels) {
  std::vector<std::uint8_t> flat;
  flat.reserve(pixels.size() / (channels + 1) * channels);
  for (std::size_t at = 0; at < pixels.size(); at += channels + 1) {
    for (std::size_t c = 0; c < channels; ++c) {
      flat.push_back(on_white(pixels[at + c], pixels[at + channels]));
    }
  }
  return flat;
}

}  // namespace

bool is_png(std::span<const std::uint8_t> file) {
  return file.size() >= 8 && png_sig_cmp(file.data(), 0, 8) == 0;
}

Picture decode_png(std::span<const std::uint8_t> file, const std::string& source) {
  PngImage png;
  png_image& image = png.image;
  if (png_image_begin_read_from_memory(&image, file.data(), file.size()) == 0) {
    fail("png", source, ": ", image.message);
  }
  check_size(image, file.size(), source);
  const bool colour = (image.format & PNG_FORMAT_FLAG_COLOR) != 0;
  const bool alpha = (image.format & PNG_FORMAT_FLAG_ALPHA) != 0;
  image.format = colour ? PNG_FORMAT_RGB : PNG_FORMAT_GRAY;
  if (alpha) image.format |= PNG_FORMAT_FLAG_ALPHA;
  image.flags |= PNG_IMAGE_FLAG_16BIT_sRGB;  // 16-bit values on the same curve as 8-bit ones
  Picture picture{Index{image.height}, Index{image.width}, colour ? 3 : 1, {}};
  picture.pixels.resize(PNG_IMAGE_SIZE(image));
  if (png_image_finish_read(&image, nullptr, picture.pixels.data(), 0, nullptr) == 0) {
    fail("png", source, ": ", image.message);
  }
  if (alpha) picture.pixels = flatten(picture.pixels, colour ? 3 : 1);
  return picture;
}

Bytes encode_png(const Picture& picture, const PngText& text) {
  if (picture.channels != 1 && picture.channels != 3) {
    fail("png", "expected 1 or 3 channels, got ", picture.channels);
  }
  PngImage png;
  png_image& image = png.image;
  image.width = static_cast<png_uint_32>(picture.width);
  image.height = static_cast<png_uint_32>(picture.height);
  image.format = picture.channels == 3 ? PNG_FORMAT_RGB : PNG_FORMAT_GRAY;
  Bytes bytes(PNG_IMAGE_PNG_SIZE_MAX(image));
  png_alloc_size_t size = bytes.size();
  if (png_image_write_to_memory(&image, bytes.data(), &size, 0, picture.pixels.data(), 0,
                                nullptr) == 0) {
    fail("png", "cannot encode ", picture.height, "x", picture.width, ": ", image.message);
  }
  bytes.resize(size);
  const Bytes chunks = text_chunks(text);
  bytes.insert(bytes.begin() + png_header, chunks.begin(), chunks.end());
  return bytes;
}

}  // namespace ito
