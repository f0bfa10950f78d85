#ifdef ITO_CAIRO

#include "diffusion/plot/canvas.h"

#include <numbers>

namespace ito::plot {

Canvas::Canvas(int width, int height)
    : surface_(cairo_image_surface_create(CAIRO_FORMAT_RGB24, width, height)),
      context_(cairo_create(surface_)) {
  color({1, 1, 1});
  cairo_paint(context_);
  cairo_set_line_join(context_, CAIRO_LINE_JOIN_ROUND);
}

Canvas::~Canvas() {
  cairo_destroy(context_);
  cairo_surface_destroy(surface_);
}

void Canvas::path(const std::vector<Point>& points, double width, bool dashed) {
  const double dash[] = {4, 2.5};
  cairo_set_dash(context_, dash, dashed ? 2 : 0, 0);
  cairo_set_line_width(context_, width);
  cairo_new_path(context_);
  for (const Point& p : points) cairo_line_to(context_, p.x, p.y);
  cairo_stroke(context_);
}

void Canvas::line(Point from, Point to, double width, bool dashed) {
  path({from, to}, width, dashed);
}

void Canvas::frame(const Rectangle& box) {
  cairo_set_dash(context_, nullptr, 0, 0);
  cairo_set_line_width(context_, 1);
  cairo_rectangle(context_, box.x, box.y, box.width, box.height);
  cairo_stroke(context_);
}

void Canvas::mark(Marker marker, Point at, double radius) {
  const double r = radius, big = 1.25 * radius;
  std::vector<Point> corners;
  cairo_new_path(context_);
  switch (marker) {
    case Marker::circle:
      cairo_arc(context_, at.x, at.y, r, 0, 2 * std::numbers::pi);
      break;
    case Marker::square:
      cairo_rectangle(context_, at.x - 0.9 * r, at.y - 0.9 * r, 1.8 * r, 1.8 * r);
      break;
    case Marker::triangle:
      corners = {{at.x, at.y - big}, {at.x + big, at.y + 0.8 * r}, {at.x - big, at.y + 0.8 * r}};
      break;
    case Marker::diamond:
      corners = {{at.x, at.y - big}, {at.x + big, at.y}, {at.x, at.y + big}, {at.x - big, at.y}};
      break;
    case Marker::cross:
      line({at.x - r, at.y - r}, {at.x + r, at.y + r}, 1.4);
      line({at.x - r, at.y + r}, {at.x + r, at.y - r}, 1.4);
      return;
  }
  for (const Point& p : corners) cairo_line_to(context_, p.x, p.y);
  cairo_fill(context_);
}

void Canvas::text(const std::string& text, Point at, double size, Align align, bool bold) {
  cairo_select_font_face(context_, "sans-serif", CAIRO_FONT_SLANT_NORMAL,
                         bold ? CAIRO_FONT_WEIGHT_BOLD : CAIRO_FONT_WEIGHT_NORMAL);
  cairo_set_font_size(context_, size);
  cairo_text_extents_t extents;
  cairo_text_extents(context_, text.c_str(), &extents);
  const double share = align == Align::left ? 0 : align == Align::center ? 0.5 : 1;
  cairo_move_to(context_, at.x - share * extents.x_advance, at.y);
  cairo_show_text(context_, text.c_str());
}

void Canvas::text_above_lines(const std::string& text, Point at, double size) {
  cairo_select_font_face(context_, "sans-serif", CAIRO_FONT_SLANT_NORMAL, CAIRO_FONT_WEIGHT_NORMAL);
  cairo_set_font_size(context_, size);
  cairo_move_to(context_, at.x, at.y);
  cairo_text_path(context_, text.c_str());
  cairo_set_dash(context_, nullptr, 0, 0);
  cairo_set_line_width(context_, 3);
  color({1, 1, 1});
  cairo_stroke_preserve(context_);
  color({0.3, 0.3, 0.3});
  cairo_fill(context_);
}

void Canvas::text_upwards(const std::string& written, Point at, double size) {
  cairo_save(context_);
  cairo_translate(context_, at.x, at.y);
  cairo_rotate(context_, -std::numbers::pi / 2);
  text(written, {0, 0}, size, Align::center);
  cairo_restore(context_);
}

void Canvas::clip(const Rectangle& box) {
  cairo_save(context_);
  cairo_rectangle(context_, box.x, box.y, box.width, box.height);
  cairo_clip(context_);
}

void Canvas::check() const {
  const cairo_status_t status = cairo_status(context_);
  if (status != CAIRO_STATUS_SUCCESS) fail("plot", "cairo: ", cairo_status_to_string(status));
}

Bytes Canvas::png() const {
  check();
  Bytes file;
  const auto append = [](void* out, const unsigned char* bytes, unsigned int count) {
    auto& all = *static_cast<Bytes*>(out);
    all.insert(all.end(), bytes, bytes + count);
    return CAIRO_STATUS_SUCCESS;
  };
  if (cairo_surface_write_to_png_stream(surface_, append, &file) != CAIRO_STATUS_SUCCESS)
    fail("plot", "cairo could not encode the picture");
  return file;
}

}  // namespace ito::plot

#endif
