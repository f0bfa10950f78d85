#pragma once
// An axis: from values to places along it, and where its ticks stand.

#include <string>
#include <vector>

namespace ito::plot {

struct Tick {
  double value;
  std::string label;  ///< empty: a small tick
};

/// From `low` to `high`, evenly or (both positive) in the logarithm.
struct Scale {
  double low = 0, high = 1;
  bool log = false;

  /// 0 at `low`, 1 at `high`; beyond them outside of that.
  double place(double value) const;
  /// Linear: about five at 1, 2 or 5 times a power of ten. Logarithmic: labels at powers of ten, or
  /// also at 2 and 5 times those where there are fewer than two; small ticks at the other digits.
  std::vector<Tick> ticks() const;
};

/// The scale that holds all values with a little room. On a logarithmic one values that are not
/// positive do not count. Throws when no value is finite.
Scale scale_of(const std::vector<double>& values, bool log);

/// A number as people write it: "0.05", "30", "1e-4".
std::string tick_label(double value);

}  // namespace ito::plot
