#include "diffusion/truth/report.h"

#include <algorithm>
#include <iomanip>
#include <sstream>

namespace ito {

namespace {

constexpr int name_width = 30;

/// Three figures.
std::string short_number(double value) {
  std::ostringstream out;
  out << std::setprecision(value < 1 ? 2 : 3) << value;
  return out.str();
}

/// Each target with each SDE that it has points of, in their order.
std::vector<std::pair<std::string, std::string>> problems(const BenchResult& result) {
  std::vector<std::pair<std::string, std::string>> all;
  for (const BenchPoint& p : result.points)
    if (std::ranges::find(all, std::pair(p.target, p.sde)) == all.end())
      all.emplace_back(p.target, p.sde);
  return all;
}

/// The samplers' points of one problem, sampler by sampler.
std::vector<std::vector<const BenchPoint*>> by_sampler(const BenchResult& result,
                                                       const std::string& target,
                                                       const std::string& sde) {
  std::vector<std::vector<const BenchPoint*>> samplers;
  for (const BenchPoint& p : result.points) {
    if (p.target != target || p.sde != sde) continue;
    if (samplers.empty() || samplers.back()[0]->sampler.name != p.sampler.name)
      samplers.emplace_back();
    samplers.back().push_back(&p);
  }
  return samplers;
}

/// Its point of this budget; of the adaptive ODE the last one within it.
const BenchPoint* within(const std::vector<const BenchPoint*>& points, int budget, int before) {
  const BenchPoint* last = nullptr;
  for (const BenchPoint* p : points)
    if (p->sampler.adaptive ? p->evaluations <= budget && p->evaluations > before
                            : p->budget == budget)
      last = p;
  return last;
}

void head(std::ostringstream& out, const std::string& target, const std::string& sde,
          const Measured& floor, const std::vector<int>& budgets) {
  out << "\n"
      << target << " under " << sde << ": sliced W2 at evaluations (exact samples: "
      << short_number(estimate(floor.wasserstein).mean)
      << "); KL and weights at the last (exact: " << short_number(estimate(floor.kl).mean) << ", "
      << short_number(estimate(floor.weight_error).mean) << ")\n"
      << std::left << std::setw(name_width) << "" << std::right;
  for (const int budget : budgets) out << std::setw(8) << budget;
  out << std::setw(11) << "KL" << std::setw(9) << "weights" << std::setw(9) << "seconds"
      << "\n";
}

void row(std::ostringstream& out, const std::vector<const BenchPoint*>& points,
         const std::vector<int>& budgets) {
  out << std::left << std::setw(name_width) << points[0]->sampler.name << std::right;
  int before = 0;
  for (const int budget : budgets) {
    const BenchPoint* p = within(points, budget, before);
    out << std::setw(8) << (p ? short_number(estimate(p->measured.wasserstein).mean) : "");
    before = budget;
  }
  const BenchPoint& last = *points.back();
  out << std::setw(10) << short_number(estimate(last.measured.kl).mean)
      << (last.measured.exact_kl ? "=" : " ") << std::setw(9)
      << short_number(estimate(last.measured.weight_error).mean) << std::setw(9)
      << short_number(last.seconds) << "\n";
}

}  // namespace

std::string bench_table(const BenchResult& result, const std::vector<int>& budgets) {
  std::ostringstream out;
  for (const auto& [target, sde] : problems(result)) {
    head(out, target, sde, result.floor(target), budgets);
    for (const auto& points : by_sampler(result, target, sde)) row(out, points, budgets);
  }
  out << "\nKL in nats: exact where followed by =, else of Gaussians fitted to the modes\n";
  return out.str();
}

std::string bench_csv(const BenchResult& result) {
  std::ostringstream out;
  out << std::setprecision(8)
      << "target,sde,sampler,family,budget,steps,evaluations,sliced_w2,sliced_w2_error,"
         "sliced_w2_of_exact_samples,kl,kl_error,kl_kind,kl_of_exact_samples,weight_error,"
         "weight_error_of_exact_samples,seconds\n";
  for (const BenchPoint& p : result.points) {
    const Measured& floor = result.floor(p.target);
    const Estimate w2 = estimate(p.measured.wasserstein), kl = estimate(p.measured.kl);
    out << p.target << "," << p.sde << "," << p.sampler.name << "," << p.sampler.family << ","
        << p.budget << "," << p.steps << "," << p.evaluations << "," << w2.mean << ","
        << w2.standard_error << "," << estimate(floor.wasserstein).mean << "," << kl.mean << ","
        << kl.standard_error << "," << (p.measured.exact_kl ? "exact" : "mode_fit") << ","
        << (p.measured.exact_kl ? 0 : estimate(floor.kl).mean) << ","
        << estimate(p.measured.weight_error).mean << "," << estimate(floor.weight_error).mean << ","
        << p.seconds << "\n";
  }
  return out.str();
}

std::string claims_table(const std::vector<Finding>& findings) {
  std::ostringstream out;
  std::string last;
  for (const Finding& f : findings) {
    const Claim& c = f.claim;
    const std::string title =
        c.text + ", " + c.sde + ", " + std::to_string(c.budget) + " evaluations (" + c.source + ")";
    if (title != last) out << "\n" << title << "\n  " << c.better << " over " << c.worse << "\n";
    last = title;
    out << "  " << std::left << std::setw(14) << f.target << std::setw(11) << to_string(f.verdict())
        << "ratio of errors " << short_number(f.ratio) << " [" << short_number(f.low) << ", "
        << short_number(f.high) << "]\n";
  }
  return out.str();
}

std::string claims_csv(const std::vector<Finding>& findings) {
  std::ostringstream out;
  out << "claim,source,better,worse,sde,evaluations,target,verdict,ratio,low,high\n";
  for (const Finding& f : findings) {
    const Claim& c = f.claim;
    out << "\"" << c.text << "\",\"" << c.source << "\"," << c.better << "," << c.worse << ","
        << c.sde << "," << c.budget << "," << f.target << "," << to_string(f.verdict()) << ","
        << f.ratio << "," << f.low << "," << f.high << "\n";
  }
  return out.str();
}

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
  for (const auto& [target, sde] : problems(result)) {
    columns = target == last ? columns + 1 : 1;
    last = target;
    figure.columns = std::max(figure.columns, columns);
    plot::Panel panel{.title = target + ", " + sde, .lines = {}};
    panel.levels = {{estimate(result.floor(target).*value).mean, floor}};
    for (const auto& points : by_sampler(result, target, sde)) {
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
