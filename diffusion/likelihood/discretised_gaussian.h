#pragma once
// The probability that a Gaussian gives to a level of a pixel (Ho et al. 2020, equation 13).

namespace ito {

/// The values that an element takes as a network sees them: low, low + spacing, ..., high. A
/// spacing of 0 stands for real numbers.
struct LevelGrid {
  double low = 0, high = 0, spacing = 0;
};

/// log of the integral of the standard normal density from a to b, a < b; either may be infinite.
/// Exact to rounding also far out, where the integral itself is too small for a double.
double log_normal_interval(double a, double b);

/// log of the mass of N(mean, std^2) in [x - spacing/2, x + spacing/2], where the interval of the
/// lowest level begins at minus infinity and that of the highest ends at infinity: the masses of
/// all levels sum to 1. For real numbers, log of the density at x.
double log_level_mass(double x, double mean, double std, const LevelGrid& grid);

}  // namespace ito
