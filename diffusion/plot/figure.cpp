#include "diffusion/plot/figure.h"

#ifdef ITO_CAIRO

#include <algorithm>
#include <cmath>

#include "diffusion/plot/canvas.h"
#include "diffusion/plot/scale.h"

namespace ito::plot {

namespace {

constexpr Color ink = {0.15, 0.15, 0.15}, pale = {0.9, 0.9, 0.9}, grey = {0.45, 0.45, 0.45};
constexpr double left_margin = 56, right_margin = 10, top_margin = 24, bottom_margin = 40;
constexpr double header = 34, legend_width = 232, legend_row = 17, label_size = 11;

/// A panel's box and the way from values to places in it.
struct Axes {
  Rectangle box;
  Scale x, y;

  Point at(double x_value, double y_value) const {
    return {box.x + x.place(x_value) * box.width, box.y + (1 - y.place(y_value)) * box.height};
  }
};

bool is_drawn(const Figure& figure, double x, double y) {
  return std::isfinite(x) && std::isfinite(y) && (!figure.log_x || x > 0) &&
         (!figure.log_y || y > 0);
}

Axes axes_of(const Figure& figure, const Panel& panel, const Rectangle& box) {
  std::vector<double> x, y;
  for (const Line& line : panel.lines)
    for (std::size_t i = 0; i < line.x.size(); ++i)
      if (is_drawn(figure, line.x[i], line.y[i])) x.push_back(line.x[i]), y.push_back(line.y[i]);
  for (const Level& level : panel.levels) y.push_back(level.y);
  return {box, scale_of(x, figure.log_x), scale_of(y, figure.log_y)};
}

void draw_ticks(Canvas& canvas, const Axes& axes) {
  const Rectangle& box = axes.box;
  for (const Tick& tick : axes.x.ticks()) {
    const double x = axes.at(tick.value, axes.y.low).x;
    canvas.color(pale);
    if (!tick.label.empty()) canvas.line({x, box.y}, {x, box.y + box.height}, 1);
    canvas.color(ink);
    canvas.line({x, box.y + box.height}, {x, box.y + box.height - (tick.label.empty() ? 3 : 5)}, 1);
    canvas.text(tick.label, {x, box.y + box.height + 14}, label_size, Align::center);
  }
  for (const Tick& tick : axes.y.ticks()) {
    const double y = axes.at(axes.x.low, tick.value).y;
    canvas.color(pale);
    if (!tick.label.empty()) canvas.line({box.x, y}, {box.x + box.width, y}, 1);
    canvas.color(ink);
    canvas.line({box.x, y}, {box.x + (tick.label.empty() ? 3 : 5), y}, 1);
    canvas.text(tick.label, {box.x - 5, y + 4}, label_size, Align::right);
  }
}

/// The bar about y, on a log axis no lower than its end.
void draw_error(Canvas& canvas, const Axes& axes, double x, double y, double error) {
  const double low = axes.y.log ? std::max(y - error, axes.y.low) : y - error;
  const Point top = axes.at(x, y + error), bottom = axes.at(x, low);
  canvas.line(top, bottom, 0.8);
  canvas.line({top.x - 2, top.y}, {top.x + 2, top.y}, 0.8);
  canvas.line({top.x - 2, bottom.y}, {top.x + 2, bottom.y}, 0.8);
}

void draw_line(Canvas& canvas, const Figure& figure, const Axes& axes, const Line& line) {
  canvas.color(line.color);
  std::vector<Point> points;
  for (std::size_t i = 0; i < line.x.size(); ++i) {
    if (!is_drawn(figure, line.x[i], line.y[i])) continue;
    points.push_back(axes.at(line.x[i], line.y[i]));
    if (!line.error.empty()) draw_error(canvas, axes, line.x[i], line.y[i], line.error[i]);
  }
  if (points.empty()) return;
  canvas.path(points, 1.5, line.dashed);
  for (const Point& point : points) canvas.mark(line.marker, point, 2.8);
}

void draw_panel(Canvas& canvas, const Figure& figure, const Panel& panel, const Rectangle& box) {
  const Axes axes = axes_of(figure, panel, box);
  draw_ticks(canvas, axes);
  canvas.clip(box);
  for (const Level& level : panel.levels) {
    canvas.color(grey);
    canvas.line(axes.at(axes.x.low, level.y), axes.at(axes.x.high, level.y), 1.2, true);
  }
  for (const Line& line : panel.lines) draw_line(canvas, figure, axes, line);
  for (const Level& level : panel.levels) {
    const Point end = axes.at(axes.x.low, level.y);
    const bool low = end.y + 16 > box.y + box.height;  // no room below the level
    canvas.text_above_lines(level.name, {end.x + 8, end.y + (low ? -4 : 12)}, 10);
  }
  canvas.unclip();
  canvas.color(ink);
  canvas.frame(box);
  canvas.text(panel.title, {box.x + box.width / 2, box.y - 7}, 12.5, Align::center, true);
}

/// Each name once, group by group in the order of first appearance.
std::vector<Line> legend_lines(const Figure& figure) {
  std::vector<Line> lines;
  const auto find = [&](auto same) { return std::ranges::find_if(lines, same); };
  for (const Panel& panel : figure.panels)
    for (const Line& line : panel.lines) {
      if (find([&](const Line& l) { return l.name == line.name; }) != lines.end()) continue;
      const auto last = std::ranges::find_if(lines.rbegin(), lines.rend(),
                                             [&](const Line& l) { return l.group == line.group; });
      lines.insert(last == lines.rend() ? lines.end() : last.base(), line);
    }
  return lines;
}

void draw_legend(Canvas& canvas, const Figure& figure, double x, double y) {
  std::string group;
  for (const Line& line : legend_lines(figure)) {
    if (line.group != group) {
      y += 8;
      canvas.color(ink);
      canvas.text(line.group, {x, y + 4}, 12, Align::left, true);
      group = line.group;
      y += legend_row;
    }
    canvas.color(line.color);
    canvas.line({x, y}, {x + 30, y}, 1.6, line.dashed);
    canvas.mark(line.marker, {x + 15, y}, 3.2);
    canvas.color(ink);
    canvas.text(line.name, {x + 37, y + 4}, 11.5, Align::left);
    y += legend_row;
  }
}

int rows_of(const Figure& figure) {
  return (static_cast<int>(figure.panels.size()) + figure.columns - 1) / figure.columns;
}

}  // namespace

bool can_draw() { return true; }

Bytes draw_png(const Figure& figure) {
  if (figure.panels.empty() || figure.columns < 1)
    fail("plot", "expected a figure of at least one panel and column");
  const int width = figure.columns * figure.panel_width,
            height = rows_of(figure) * figure.panel_height;
  Canvas canvas(width + static_cast<int>(legend_width), height + static_cast<int>(header));
  canvas.color(ink);
  canvas.text(figure.title, {left_margin, 21}, 14, Align::left, true);
  for (std::size_t i = 0; i < figure.panels.size(); ++i) {
    const int column = static_cast<int>(i) % figure.columns,
              row = static_cast<int>(i) / figure.columns;
    const Rectangle box = {column * figure.panel_width + left_margin,
                           row * figure.panel_height + header + top_margin,
                           figure.panel_width - left_margin - right_margin,
                           figure.panel_height - top_margin - bottom_margin};
    draw_panel(canvas, figure, figure.panels[i], box);
    const double middle = box.x + box.width / 2;
    canvas.text(figure.x_label, {middle, box.y + box.height + 29}, label_size, Align::center);
    if (column == 0) canvas.text_upwards(figure.y_label, {13, box.y + box.height / 2}, label_size);
  }
  draw_legend(canvas, figure, width + 12, header + top_margin);
  return canvas.png();
}

}  // namespace ito::plot

#else

namespace ito::plot {

bool can_draw() { return false; }

Bytes draw_png(const Figure&) {
  fail("plot", "this program was built without cairo (Debian: libcairo2-dev), it cannot draw");
}

}  // namespace ito::plot

#endif

namespace ito::plot {

void write_figure(const std::string& path, const Figure& figure, Overwrite overwrite) {
  write_file(path, draw_png(figure), overwrite);
}

}  // namespace ito::plot
