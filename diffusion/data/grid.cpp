#include "diffusion/data/grid.h"

#include <algorithm>
#include <cmath>

namespace ito {
namespace {

/// To 8 bits; what is not a number becomes 0.
std::uint8_t to_byte(Real value, Range range) {
  const auto v = static_cast<double>(value);
  const double unit = range == Range::centered ? (v + 1) / 2 : v;
  return unit > 0 ? static_cast<std::uint8_t>(std::lround(255 * std::min(unit, 1.0))) : 0;
}

/// Draws one image, zoomed, with its corner at (top, left).
void draw(Picture& onto, Index top, Index left, const Real* image, Index H, Index W,
          const GridOptions& options) {
  const Index C = onto.channels, zoom = options.zoom;
  for (Index y = 0; y < H * zoom; ++y) {
    for (Index x = 0; x < W * zoom; ++x) {
      const Real* from = image + ((y / zoom) * W + x / zoom) * C;
      const Index at = ((top + y) * onto.width + left + x) * C;
      for (Index c = 0; c < C; ++c) {
        onto.pixels[static_cast<std::size_t>(at + c)] = to_byte(from[c], options.range);
      }
    }
  }
}

void check(const Tensor& x, const GridOptions& options) {
  const bool drawable = x.rank() == 4 && (x.size(3) == 1 || x.size(3) == 3) && x.elements() > 0;
  if (!drawable) fail("grid", "expected images [n, H, W, 1 or 3], got ", x.shape());
  if (options.range == Range::stored) fail("grid", "values need a range, unit or centered");
  if (options.zoom < 1 || options.padding < 0 || options.columns < 0) {
    fail("grid", "zoom ", options.zoom, ", padding ", options.padding, ", columns ",
         options.columns, ": expected at least 1, 0 and 0");
  }
}

}  // namespace

Picture image_grid(const Tensor& x, const GridOptions& options) {
  check(x, options);
  const Index n = x.size(0), H = x.size(1), W = x.size(2), C = x.size(3);
  const auto square = static_cast<Index>(std::ceil(std::sqrt(static_cast<double>(n))));
  const Index columns = std::min(n, options.columns > 0 ? options.columns : square);
  const Index rows = (n + columns - 1) / columns;
  const Index cell_h = H * options.zoom + options.padding;
  const Index cell_w = W * options.zoom + options.padding;
  Picture grid{rows * cell_h + options.padding, columns * cell_w + options.padding, C, {}};
  grid.pixels.assign(static_cast<std::size_t>(grid.height * grid.width * C), 255);
  const std::vector<Real> values = x.to_host();
  for (Index i = 0; i < n; ++i) {
    draw(grid, options.padding + i / columns * cell_h, options.padding + i % columns * cell_w,
         values.data() + i * H * W * C, H, W, options);
  }
  return grid;
}

void write_image_grid(const std::string& path, const Tensor& x, const GridOptions& options,
                      Overwrite overwrite, const PngText& text) {
  write_png(path, image_grid(x, options), overwrite, text);
}

}  // namespace ito
