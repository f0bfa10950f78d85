#pragma once
// A figure of lines: panels with axes, error bars, reference levels, and one legend for all. Drawn
// with cairo as PNG; a build without it says so.

#include <string>
#include <vector>

#include "engine/file.h"

namespace ito::plot {

/// Red, green and blue, 0 to 1.
struct Color {
  double r = 0, g = 0, b = 0;
};

enum class Marker { circle, square, triangle, diamond, cross };

struct Line {
  std::string name, group;  ///< the legend lists a name once, under its group
  Color color;
  Marker marker = Marker::circle;
  bool dashed = false;
  std::vector<double> x,
      y;  ///< points that are not finite, or not positive on a log axis, are left out
  std::vector<double> error = {};  ///< half lengths of the error bars; empty: none
};

/// A dashed grey line across the panel.
struct Level {
  double y;
  std::string name;
};

struct Panel {
  std::string title;
  std::vector<Line> lines;
  std::vector<Level> levels = {};
};

struct Figure {
  std::string title, x_label, y_label;
  bool log_x = false, log_y = false;
  int columns = 1;
  std::vector<Panel> panels;
  int panel_width = 340, panel_height = 250;  ///< in pixels, with their labels
};

/// Whether this build can draw.
bool can_draw();
/// The figure as PNG. Throws in a build without cairo, and for a figure without panels.
Bytes draw_png(const Figure& figure);
void write_figure(const std::string& path, const Figure& figure, Overwrite overwrite);

}  // namespace ito::plot
