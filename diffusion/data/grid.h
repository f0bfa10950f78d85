#pragma once
// Many images in one picture.

#include <string>

#include "diffusion/data/image_set.h"
#include "diffusion/data/picture.h"

namespace ito {

struct GridOptions {
  Index columns = 0;  ///< 0: as square as possible, ceil(sqrt(n))
  Index zoom = 1;     ///< each pixel becomes zoom x zoom
  Index padding = 1;  ///< white pixels between images and around them, after zooming
  /// How the values were scaled: [0, 1] or [-1, 1].
  Range range = Range::unit;
};

/// Images x [n, H, W, C], row by row, as one picture: values are clamped to the range and rounded
/// to 8 bits. C is 1 or 3.
Picture image_grid(const Tensor& x, const GridOptions& options = {});

/// `text` goes into the file beside the pixels.
void write_image_grid(const std::string& path, const Tensor& x, const GridOptions& options,
                      Overwrite overwrite, const PngText& text = {});

}  // namespace ito
