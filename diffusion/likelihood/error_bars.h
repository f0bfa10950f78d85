#pragma once
// How sure a mean over images is, and what makes it unsure.

#include <optional>
#include <vector>

#include "kernels/types.h"

namespace ito {

/// Standard errors of a mean. Those that cannot be told apart (one draw, or one probe) are absent.
struct ErrorBars {
  double total = 0;  ///< of all that is random together; of one image, of its draws and probes
  std::optional<double> data, dequantization, probe;
  /// Not random: by how much values change when the solver's tolerances are ten times smaller.
  std::optional<double> solver;
};

/// From values [images, draws, probes], by the nested analysis of variance: draws differ within an
/// image and probes within a draw, all independently. An estimate of a variance below zero counts
/// as zero. With one probe, what probes do counts as dequantization; with one draw and one probe
/// all of it belongs to the total only.
ErrorBars error_bars(const std::vector<double>& values, Index images, Index draws, Index probes);

}  // namespace ito
