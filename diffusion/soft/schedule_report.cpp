#include "diffusion/soft/schedule_report.h"

#include <cmath>
#include <iomanip>
#include <sstream>

namespace ito {

namespace {

constexpr plot::Color schedule_colors[] = {
    {0.84, 0.15, 0.16}, {0.12, 0.47, 0.71}, {0.55, 0.55, 0.55}, {0.17, 0.63, 0.17}};
constexpr double widest_gap = 0.04;  ///< in time, between points that are drawn

/// The knots, and times between them where they are far apart.
std::vector<double> drawn_times(const Schedule& schedule) {
  std::vector<double> times = {0};
  for (const Schedule::Knot& knot : schedule.knots()) {
    const double from = times.back(), parts = std::ceil((knot.t - from) / widest_gap);
    for (double part = 1; part < parts; ++part)
      times.push_back(from + (knot.t - from) * part / parts);
    if (knot.t > 0) times.push_back(knot.t);
  }
  return times;
}

plot::Line schedule_line(const NamedSchedule& named, double CorruptionLevel::*what) {
  plot::Line line;
  line.name = named.name;
  line.x = drawn_times(named.schedule);
  for (const double t : line.x) line.y.push_back(named.schedule(t).*what);
  return line;
}

plot::Panel schedule_panel(const std::string& title, const std::vector<NamedSchedule>& schedules,
                           double CorruptionLevel::*what) {
  plot::Panel panel;
  panel.title = title;
  for (std::size_t i = 0; i < schedules.size(); ++i) {
    panel.lines.push_back(schedule_line(schedules[i], what));
    panel.lines.back().color = schedule_colors[i % std::size(schedule_colors)];
    panel.lines.back().dashed = i > 0;
  }
  return panel;
}

}  // namespace

std::string schedule_table(const FoundSchedule& found) {
  std::ostringstream out;
  out << "       t  parameter      sigma   to the next\n" << std::fixed;
  const std::vector<Schedule::Knot>& knots = found.schedule.knots();
  const std::size_t before = knots.size() - found.path.levels.size();  // the noise's beginning
  for (std::size_t k = 0; k < knots.size(); ++k) {
    const auto& [t, level] = knots[k];
    out << std::setprecision(4) << std::setw(8) << t << std::setw(11) << level.parameter
        << std::setw(11) << level.sigma;
    if (k >= before && k - before < found.steps.size())
      out << std::setw(14) << found.steps[k - before];
    out << "\n";
  }
  return out.str();
}

plot::Figure schedule_figure(const std::vector<NamedSchedule>& schedules,
                             const std::string& parameter) {
  plot::Figure figure;
  figure.title = "Levels of corruption against time";
  figure.x_label = "t";
  figure.columns = 2;
  figure.panels = {schedule_panel(parameter, schedules, &CorruptionLevel::parameter),
                   schedule_panel("noise sigma", schedules, &CorruptionLevel::sigma)};
  return figure;
}

}  // namespace ito
