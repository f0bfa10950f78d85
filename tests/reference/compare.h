#pragma once
// Comparison of recomputed tensors with the stored ones, each under a stated rule.

#include <set>
#include <string>
#include <vector>

#include "tests/reference/file.h"

namespace ito::reference {

/// How far a recomputed tensor may be from the stored one, and why that far.
struct Rule {
  std::vector<double>
      allowed;  ///< largest difference: of all elements, or of each row (first axis)
  std::vector<double>
      scale;  ///< as many, what relative errors refer to; none: largest stored value
  std::string why;
};

/// One limit for all elements.
Rule rule(double allowed, std::string why, double scale);
/// `factor` times the recorded error of float against double; where none is recorded, `fallback`
/// relative to the largest value. Never below the rounding of the largest value itself.
Rule floor_rule(double factor, std::optional<double> floor, double fallback, double largest);

/// The largest absolute value.
double largest(const Tensor& x);

/// One tensor's outcome.
struct Comparison {
  std::string name;
  double error = 0, relative = 0;  ///< largest difference; the same relative to the scale
  double allowed = 0;              ///< at the element that comes closest to its limit
  double used = 0;                 ///< share of the allowed difference there; above 1: failed
  std::string why;

  bool ok() const { return used <= 1; }
};

/// What came of a file. Tensors that the file does not hold are not compared.
class Report {
 public:
  explicit Report(const ReferenceFile& file) : file_(file) { recomputed_.source = file.name(); }

  /// `ours` in the stored layout.
  void compare(const std::string& name, const Tensor& ours, const Rule& rule);
  void compare_images(const std::string& name, const Tensor& ours, const Rule& rule);
  /// `ours` are the first rows of the stored tensor, each with a limit of its own.
  void compare_first_rows(const std::string& name, const Tensor& ours, const Rule& rule);
  void compare_integers(const std::string& name, const std::vector<std::int64_t>& ours);
  /// A whole number that is not a tensor; a difference is a failure.
  void expect_equal(const std::string& what, std::int64_t ours, std::int64_t stored);

  /// Runs `run(name, settings)` for every case; a case that throws NotBuilt counts as skipped.
  template <class Run>
  void each_case(Run run) {
    for (const auto& [name, settings] : file_.settings().items()) {
      try {
        run(name, settings);
        ++cases_run_;
      } catch (const NotBuilt& missing) {
        ++cases_skipped_;
        missing_.insert(missing.what);
      }
    }
  }

  /// Of what is replayed in brief the rest counts as done.
  bool brief() const { return file_.brief(); }
  const std::vector<Comparison>& comparisons() const { return comparisons_; }
  const SafeTensors& recomputed() const { return recomputed_; }
  std::size_t cases_run() const { return cases_run_; }
  std::size_t cases_skipped() const { return cases_skipped_; }
  /// What the skipped cases need.
  const std::set<std::string>& missing() const { return missing_; }
  /// Stored results that nothing was compared with.
  std::vector<std::string> not_compared() const;

 private:
  void compare_elements(const std::string& name, const Tensor& ours, const Rule& rule);

  const ReferenceFile& file_;
  std::vector<Comparison> comparisons_;
  SafeTensors recomputed_;
  std::size_t cases_run_ = 0, cases_skipped_ = 0;
  std::set<std::string> missing_;
};

}  // namespace ito::reference
