#include "diffusion/ode/dormand_prince.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "diffusion/ode/dormand_prince_table.h"
#include "engine/error.h"

namespace ito {

namespace {

using namespace dormand_prince;

constexpr double safety = 0.9, least_factor = 0.2, largest_factor = 10;
constexpr double error_exponent = -1.0 / 5;

/// Root mean square of f(d) over the D components.
template <class F>
double rms(std::size_t D, F f) {
  double total = 0;
  for (std::size_t d = 0; d < D; ++d) {
    const double value = f(d);
    total += value * value;
  }
  return std::sqrt(total / static_cast<double>(D));
}

/// One system under way.
struct System {
  double t, h = 0;      ///< h: length of the next step
  double t_new = 0;     ///< end of the step that is tried
  bool shrunk = false;  ///< the last attempt was rejected
  std::size_t next_output = 0;
};

class Solver {
 public:
  Solver(const OdeFunction& f, std::vector<double> y, Index N, double t_0, double t_1,
         const OdeOptions& options)
      : f_(f),
        options_(options),
        N_(static_cast<std::size_t>(N)),
        D_(y.size() / N_),
        direction_(t_1 < t_0 ? -1 : 1),
        t_0_(t_0),
        t_1_(t_1),
        y_(std::move(y)),
        y_new_(y_.size()),
        systems_(N_, System{.t = t_0}) {
    for (auto& k_i : k_) k_i.resize(y_.size());
    solution_.paths.assign(N_, OdePath{.t = {t_0}});
    solution_.output.assign(options.output.size(), y_);
    active_.resize(N_);
    std::iota(active_.begin(), active_.end(), Index{0});
  }

  OdeSolution solve() {
    if (t_0_ != t_1_) start();
    while (t_0_ != t_1_ && !active_.empty()) {
      for (const Index n : active_) begin_step(n);
      for (int i = 1; i < stages; ++i) stage(i);
      for (const Index n : active_) finish_step(n);
      std::erase_if(active_, [&](Index n) { return system(n).t == t_1_; });
      if (options_.progress && !options_.progress(done()) && !active_.empty()) {
        solution_.complete = false;
        break;
      }
    }
    solution_.y = std::move(y_);
    return std::move(solution_);
  }

 private:
  System& system(Index n) { return systems_[static_cast<std::size_t>(n)]; }
  OdePath& path(Index n) { return solution_.paths[static_cast<std::size_t>(n)]; }
  double* row(std::vector<double>& rows, Index n) const {
    return rows.data() + static_cast<std::size_t>(n) * D_;
  }

  double done() const {
    double way = 0;
    for (const System& s : systems_) way += (s.t - t_0_) / (t_1_ - t_0_);
    return way / static_cast<double>(N_);
  }

  /// f at time(n) and the state `y` of each active system, into `out`.
  template <class Time>
  void evaluate(Time time, std::vector<double>& y, std::vector<double>& out) {
    std::vector<double> t, gathered;
    for (const Index n : active_) {
      t.push_back(time(n));
      gathered.insert(gathered.end(), row(y, n), row(y, n) + D_);
    }
    const std::vector<double> values = f_(active_, t, gathered);
    ++solution_.calls;
    if (values.size() != gathered.size())
      fail("ode", "expected ", gathered.size(), " derivatives, got ", values.size());
    for (std::size_t i = 0; i < active_.size(); ++i) {
      const auto first = values.begin() + static_cast<std::ptrdiff_t>(i * D_),
                 last = first + static_cast<std::ptrdiff_t>(D_);
      if (!std::all_of(first, last, [](double v) { return std::isfinite(v); }))
        fail("ode", "the derivative of sample ", number(active_[i]), " at t = ", t[i],
             " is not finite");
      std::copy(first, last, row(out, active_[i]));
      ++path(active_[i]).evaluations;
    }
  }

  Index number(Index n) const { return options_.first_sample + n; }

  /// The first steps: small enough that the second derivative, from a trial step, hardly matters.
  void start() {
    evaluate([&](Index) { return t_0_; }, y_, k_[0]);
    std::vector<double> h_0(N_), d_1(N_);
    for (const Index n : active_) {
      const auto i = static_cast<std::size_t>(n);
      const double *y = row(y_, n), *f = row(k_[0], n);
      const auto w = [&](std::size_t d) { return tolerance(y[d]); };
      const double d_0 = rms(D_, [&](std::size_t d) { return y[d] / w(d); });
      d_1[i] = rms(D_, [&](std::size_t d) { return f[d] / w(d); });
      h_0[i] = d_0 < 1e-5 || d_1[i] < 1e-5 ? 1e-6 : 0.01 * d_0 / d_1[i];
      h_0[i] = std::min(h_0[i], std::abs(t_1_ - t_0_));  // beyond the end there may be nothing
      double* trial = row(y_new_, n);
      for (std::size_t d = 0; d < D_; ++d) trial[d] = y[d] + direction_ * h_0[i] * f[d];
    }
    evaluate([&](Index n) { return t_0_ + direction_ * h_0[static_cast<std::size_t>(n)]; }, y_new_,
             k_[1]);
    for (const Index n : active_) {
      const auto i = static_cast<std::size_t>(n);
      system(n).h = first_step(n, h_0[i], d_1[i]);
    }
  }

  double first_step(Index n, double h_0, double d_1) {
    const double *y = row(y_, n), *f_0 = row(k_[0], n), *f_1 = row(k_[1], n);
    const double d_2 =
        rms(D_, [&](std::size_t d) { return (f_1[d] - f_0[d]) / tolerance(y[d]); }) / h_0;
    const double largest = std::max(d_1, d_2);
    const double h_1 =
        largest <= 1e-15 ? std::max(1e-6, h_0 * 1e-3) : std::pow(0.01 / largest, 1.0 / 5);
    return std::min(100 * h_0, h_1);
  }

  double tolerance(double size) const { return options_.atol + options_.rtol * std::abs(size); }

  /// Fixes the end of the step; a step is at least ten times the spacing of the numbers around t.
  void begin_step(Index n) {
    System& s = system(n);
    const double away = direction_ * std::numeric_limits<double>::infinity();
    const double least = 10 * std::abs(std::nextafter(s.t, away) - s.t);
    if (s.h < least && s.shrunk) cannot(n, "its step has shrunk to ");
    s.h = std::max(s.h, least);
    const OdePath& so_far = path(n);
    if (static_cast<Index>(so_far.t.size()) - 1 + so_far.rejected >= options_.max_steps)
      cannot(n, text("after ", options_.max_steps, " steps its step is ").c_str());
    s.t_new = s.t + direction_ * s.h;
    if (direction_ * (s.t_new - t_1_) > 0) s.t_new = t_1_;
    s.h = std::abs(s.t_new - s.t);
  }

  [[noreturn]] void cannot(Index n, const char* why) {
    fail("ode", "sample ", number(n), " cannot meet the tolerances rtol = ", options_.rtol,
         ", atol = ", options_.atol, " at t = ", system(n).t, ": ", why, system(n).h);
  }

  /// k_i = f(t + c_i h, y + h sum_j a_ij k_j); the last stage is the new state itself.
  void stage(int i) {
    const auto& a_i = a[static_cast<std::size_t>(i)];
    for (const Index n : active_) {
      const double h = system(n).t_new - system(n).t;
      double* trial = row(y_new_, n);
      for (std::size_t d = 0; d < D_; ++d) {
        double slope = 0;
        for (std::size_t j = 0; j < static_cast<std::size_t>(i); ++j)
          slope += a_i[j] * row(k_[j], n)[d];
        trial[d] = row(y_, n)[d] + h * slope;
      }
    }
    const double c_i = c[static_cast<std::size_t>(i)];
    const auto time = [&](Index n) {
      const System& s = system(n);
      return c_i == 1 ? s.t_new : s.t + c_i * (s.t_new - s.t);
    };
    evaluate(time, y_new_, k_[static_cast<std::size_t>(i)]);
  }

  double error_norm(Index n) {
    const double h = system(n).t_new - system(n).t;
    const double *y = row(y_, n), *y_new = row(y_new_, n);
    return rms(D_, [&](std::size_t d) {
      double slope = 0;
      for (std::size_t j = 0; j < k_.size(); ++j) slope += e[j] * row(k_[j], n)[d];
      return h * slope / tolerance(std::max(std::abs(y[d]), std::abs(y_new[d])));
    });
  }

  void finish_step(Index n) {
    System& s = system(n);
    const double error = error_norm(n);
    const double factor = error == 0 ? largest_factor : safety * std::pow(error, error_exponent);
    if (!(error < 1)) {
      s.h *= std::max(least_factor, factor);
      s.shrunk = true;
      ++path(n).rejected;
      return;
    }
    write_output(n);
    s.h *= std::min(s.shrunk ? 1 : largest_factor, factor);
    s.shrunk = false;
    s.t = s.t_new;
    path(n).t.push_back(s.t);
    std::copy_n(row(y_new_, n), D_, row(y_, n));
    std::copy_n(row(k_.back(), n), D_, row(k_[0], n));  // the last stage is the next one's first
  }

  /// The states asked for within the accepted step.
  void write_output(Index n) {
    System& s = system(n);
    const double h = s.t_new - s.t;
    for (; s.next_output < options_.output.size(); ++s.next_output) {
      const double t = options_.output[s.next_output];
      if (direction_ * (t - s.t_new) > 0) return;
      const double theta = (t - s.t) / h;
      double* out = row(solution_.output[s.next_output], n);
      for (std::size_t d = 0; d < D_; ++d) {
        double bend = 0;
        for (std::size_t j = 0; j < k_.size(); ++j) bend += dense[j] * row(k_[j], n)[d];
        out[d] = interpolate(theta, h, row(y_, n)[d], row(y_new_, n)[d], row(k_[0], n)[d],
                             row(k_.back(), n)[d], bend);
      }
    }
  }

  const OdeFunction& f_;
  const OdeOptions& options_;
  std::size_t N_, D_;
  double direction_, t_0_, t_1_;
  std::vector<double> y_, y_new_;
  std::array<std::vector<double>, stages> k_;
  std::vector<System> systems_;
  std::vector<Index> active_;
  OdeSolution solution_;
};

void check(const std::vector<double>& y, Index N, double t_0, double t_1, const OdeOptions& o) {
  if (N < 1 || y.empty() || y.size() % static_cast<std::size_t>(N) != 0)
    fail("ode", "expected states of ", N, " systems, got ", y.size(), " numbers");
  if (!(o.rtol > 0 && o.atol > 0 && std::isfinite(o.rtol) && std::isfinite(o.atol)))
    fail("ode", "expected tolerances above 0, got rtol = ", o.rtol, ", atol = ", o.atol);
  if (!std::isfinite(t_0) || !std::isfinite(t_1))
    fail("ode", "expected finite times, got ", t_0, " and ", t_1);
  const double direction = t_1 < t_0 ? -1 : 1;
  double before = t_0;
  for (const double t : o.output) {
    if (direction * (t - before) < 0 || direction * (t_1 - t) < 0)
      fail("ode", "expected output times in order from ", t_0, " to ", t_1, ", got ", t);
    before = t;
  }
}

/// All samples as one system.
OdeSolution solve_together(const OdeFunction& f, std::vector<double> y_0, Index N, double t_0,
                           double t_1, const OdeOptions& options) {
  std::vector<Index> all(static_cast<std::size_t>(N));
  std::iota(all.begin(), all.end(), Index{0});
  const OdeFunction together = [&](std::span<const Index>, const std::vector<double>& t,
                                   const std::vector<double>& y) {
    return f(all, std::vector<double>(all.size(), t[0]), y);
  };
  return Solver(together, std::move(y_0), 1, t_0, t_1, options).solve();
}

}  // namespace

OdeSolution solve_ode(const OdeFunction& f, std::vector<double> y_0, Index N, double t_0,
                      double t_1, const OdeOptions& options) {
  check(y_0, N, t_0, t_1, options);
  if (options.control == ErrorControl::whole_batch)
    return solve_together(f, std::move(y_0), N, t_0, t_1, options);
  return Solver(f, std::move(y_0), N, t_0, t_1, options).solve();
}

}  // namespace ito
