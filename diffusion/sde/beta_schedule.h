#pragma once
// The noise schedules beta(t), t in [0, 1], of VP and sub-VP, as values. Each knows its integral,
// from which the marginals follow, and its published discrete form.

#include <functional>
#include <vector>

namespace ito {

/// Grows linearly (Song et al. 2021, equation 32).
struct LinearBeta {
  double min = 0.1, max = 20;

  double operator()(double t) const { return min + t * (max - min); }
  /// log of the mean's scale: -1/2 integral of beta from 0 to t.
  double log_mean_scale(double t) const { return -t * t * (max - min) / 4 - t * min / 2; }
  /// beta_i, i from 0: N values spaced evenly from min/N to max/N. Throws unless N > max.
  std::vector<double> discrete(int N) const;
  /// Throws unless 0 <= min <= max.
  void check() const;
};

/// The mean's scale is a cosine (Nichol and Dhariwal 2021, equation 17),
///   mean_scale(t) = cos(a(t)) / cos(a(0)),  a(t) = pi/2 (t + s) / (1 + s),
/// whose beta grows without bound; it is cut off at `max`. The default is what their 1000 steps
/// with beta_i <= 0.999 amount to.
struct CosineBeta {
  double s = 0.008, max = 999;

  double operator()(double t) const;
  double log_mean_scale(double t) const;
  /// beta_i = 1 - mean_scale^2((i + 1)/N) / mean_scale^2(i/N), at most 0.999, before the cut.
  std::vector<double> discrete(int N) const;
  /// Throws unless s > 0 and max > 0.
  void check() const;

 private:
  double uncut_log_mean_scale(double t) const;
  double cut() const;  ///< the time from which on beta is `max`
};

/// Any of them, or another type with the same functions.
class BetaSchedule {
 public:
  template <class Beta>
  requires requires(const Beta& beta) { beta.check(); }
  BetaSchedule(const Beta& beta)
      : beta_(beta),
        log_mean_scale_([beta](double t) { return beta.log_mean_scale(t); }),
        discrete_([beta](int N) { return beta.discrete(N); }) {
    beta.check();
  }

  double operator()(double t) const { return beta_(t); }
  double log_mean_scale(double t) const { return log_mean_scale_(t); }
  std::vector<double> discrete(int N) const { return discrete_(N); }

 private:
  std::function<double(double)> beta_, log_mean_scale_;
  std::function<std::vector<double>(int)> discrete_;
};

}  // namespace ito
