#pragma once
// What figures are drawn with: a white picture, lines, marks and text, by cairo. Places are in
// pixels from the upper left corner.

#ifdef ITO_CAIRO

#include <cairo/cairo.h>

#include "diffusion/plot/figure.h"

namespace ito::plot {

struct Point {
  double x, y;
};

struct Rectangle {
  double x, y, width, height;
};

enum class Align { left, center, right };

class Canvas {
 public:
  Canvas(int width, int height);
  ~Canvas();
  Canvas(const Canvas&) = delete;
  Canvas& operator=(const Canvas&) = delete;

  void color(const Color& color) { cairo_set_source_rgb(context_, color.r, color.g, color.b); }
  void line(Point from, Point to, double width, bool dashed = false);
  void path(const std::vector<Point>& points, double width, bool dashed);
  void frame(const Rectangle& box);
  void mark(Marker marker, Point at, double radius);
  /// `at` is on the baseline.
  void text(const std::string& text, Point at, double size, Align align, bool bold = false);
  /// Dark grey with a white rim, so that it can be read before lines.
  void text_above_lines(const std::string& text, Point at, double size);
  /// Reads upwards, centred on `at`.
  void text_upwards(const std::string& text, Point at, double size);
  /// Nothing is drawn outside until `unclip`.
  void clip(const Rectangle& box);
  void unclip() { cairo_restore(context_); }

  Bytes png() const;

 private:
  void check() const;

  cairo_surface_t* surface_;
  cairo_t* context_;
};

}  // namespace ito::plot

#endif
