#pragma once
// Picture: one decoded 8-bit image; PNG and JPEG files; cropping and resizing.

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "engine/file.h"
#include "engine/tensor.h"

namespace ito {

/// Pixels [H, W, C] of bytes: C = 1 grey, 3 RGB.
struct Picture {
  Index height = 0, width = 0, channels = 0;
  std::vector<std::uint8_t> pixels;
};

/// Pictures of more pixels are refused before memory is taken for them.
constexpr Index most_pixels = Index{1} << 26;

bool is_png(std::span<const std::uint8_t> file);
bool is_jpeg(std::span<const std::uint8_t> file);

/// Decodes a PNG: palettes are expanded, 16 bits reduced to 8, transparency is laid on white
/// (round(a v + (1 - a) 255) of the stored values). Throws Error naming `source` when it is
/// damaged.
Picture decode_png(std::span<const std::uint8_t> file, const std::string& source);
/// Decodes a JPEG, grey or colour. Anything that the decoder would only warn of, such as missing
/// data, is an Error too, as is everything in a build without libjpeg.
Picture decode_jpeg(std::span<const std::uint8_t> file, const std::string& source);

/// Reads a file as what its first bytes say.
Picture read_picture(const std::string& path);

/// What a PNG says beside its pixels, by keyword ("Software"), in ASCII: chunks of the type tEXt.
using PngText = std::map<std::string, std::string>;

/// Throws for more than 1 or 3 channels, and for a text of other characters.
Bytes encode_png(const Picture& picture, const PngText& text = {});
/// What the file says; throws Error naming `source` when its chunks are damaged.
PngText read_png_text(std::span<const std::uint8_t> file, const std::string& source);
void write_png(const std::string& path, const Picture& picture, Overwrite overwrite,
               const PngText& text = {});

/// The largest square in the middle, averaged over areas to side x side: each new pixel is the mean
/// of the area that it covers, in integers, rounded to nearest.
Picture crop_and_resize(const Picture& picture, Index side);

}  // namespace ito
