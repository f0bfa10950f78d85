#include "diffusion/truth/report.h"

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
  for (const auto& [target, sde] : result.problems()) {
    head(out, target, sde, result.floor(target), budgets);
    for (const auto& points : result.by_sampler(target, sde)) row(out, points, budgets);
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

}  // namespace ito
