#pragma once
// The chunks of a PNG that hold text. libpng's simplified interface, which png.cpp is made of,
// knows none of them, and its full one reports errors by long jumps.

#include "diffusion/data/picture.h"

namespace ito {

/// Bytes of a PNG before its second chunk: the signature and the header.
constexpr std::ptrdiff_t png_header = 8 + 25;

/// The chunks of a text, to stand behind the header.
Bytes text_chunks(const PngText& text);

}  // namespace ito
