#include "diffusion/truth/figures.h"

#include <algorithm>

namespace ito {

namespace {

/// Shades of one colour for each family, and another mark for each member.
plot::Color shade(const std::string& family, std::size_t member) {
  static const std::vector<std::pair<std::string, std::vector<plot::Color>>> shades = {
      {"Reverse SDE",
       {{0.03, 0.19, 0.42},
        {0.13, 0.44, 0.71},
        {0.26, 0.65, 0.85},
        {0.45, 0.35, 0.85},
        {0.55, 0.75, 0.95}}},
      {"Probability flow",
       {{0.35, 0.10, 0.05},
        {0.65, 0.15, 0.05},
        {0.85, 0.25, 0.05},
        {0.95, 0.45, 0.05},
        {0.98, 0.65, 0.15},
        {0.85, 0.10, 0.35},
        {0.75, 0.60, 0.10}}},
      {"Predictor and corrector",
       {{0.00, 0.30, 0.12}, {0.10, 0.52, 0.25}, {0.40, 0.72, 0.35}, {0.10, 0.65, 0.60}}},
      {"Corrector alone", {{0.45, 0.15, 0.55}, {0.72, 0.45, 0.80}}},
      {"Chain at one time", {{0.30, 0.30, 0.30}, {0.50, 0.50, 0.50}, {0.68, 0.68, 0.68}}}};
  for (const auto& [name, colors] : shades)
    if (name == family) return colors[member % colors.size()];
  return {};
}

/// The look of each contestant.
plot::Line styled(const Contestant& sampler) {
  constexpr plot::Marker marks[] = {plot::Marker::circle, plot::Marker::square,
                                    plot::Marker::triangle, plot::Marker::diamond,
                                    plot::Marker::cross};
  std::size_t member = 0;
  for (const Contestant& other : contestants()) {
    if (other.name == sampler.name) break;
    member += other.family == sampler.family;
  }
  return {.name = sampler.name,
          .group = sampler.family,
          .color = shade(sampler.family, member),
          .marker = marks[member % std::size(marks)],
          .dashed = sampler.family == "Corrector alone" || sampler.family == "Chain at one time",
          .x = {},
          .y = {}};
}

plot::Figure figure_of(const BenchResult& result, Repeats Measured::*value,
                       const std::string& title, const std::string& y_label,
                       const std::string& floor) {
  plot::Figure figure{.title = title,
                      .x_label = "score evaluations",
                      .y_label = y_label,
                      .log_x = true,
                      .log_y = true,
                      .columns = 1,
                      .panels = {}};
  std::string last;
  int columns = 0;
  for (const auto& [target, sde] : result.problems()) {
    columns = target == last ? columns + 1 : 1;
    last = target;
    figure.columns = std::max(figure.columns, columns);
    plot::Panel panel{.title = target + ", " + sde, .lines = {}};
    panel.levels = {{estimate(result.floor(target).*value).mean, floor}};
    for (const auto& points : result.by_sampler(target, sde)) {
      plot::Line line = styled(points[0]->sampler);
      for (const BenchPoint* p : points) {
        const Estimate e = estimate(p->measured.*value);
        line.x.push_back(p->evaluations);
        line.y.push_back(e.mean);
        line.error.push_back(2 * e.standard_error);
      }
      panel.lines.push_back(std::move(line));
    }
    figure.panels.push_back(std::move(panel));
  }
  return figure;
}

}  // namespace

plot::Figure wasserstein_figure(const BenchResult& result) {
  return figure_of(result, &Measured::wasserstein,
                   "Sliced Wasserstein-2 distance from the truth, by score evaluations",
                   "sliced W2", "exact samples");
}

plot::Figure kl_figure(const BenchResult& result) {
  return figure_of(result, &Measured::kl, "KL divergence from the truth, by score evaluations",
                   "KL (nats)", "exact samples, fitted");
}

}  // namespace ito
