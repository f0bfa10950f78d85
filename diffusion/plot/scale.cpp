#include "diffusion/plot/scale.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <sstream>

#include "engine/error.h"

namespace ito::plot {

double Scale::place(double value) const {
  if (log) return std::log(value / low) / std::log(high / low);
  return (value - low) / (high - low);
}

std::string tick_label(double value) {
  std::ostringstream out;
  const double size = std::abs(value);
  if (value != 0 && (size < 0.00999 || size >= 99999)) {
    const int exponent = static_cast<int>(std::floor(std::log10(size) + 1e-9));
    const double digits = value / std::pow(10, exponent);
    out << std::round(digits * 10) / 10 << "e" << exponent;
  } else {
    out << value + 0.0;  // -0 becomes 0
  }
  return out.str();
}

namespace {

std::vector<Tick> linear_ticks(double low, double high) {
  const double raw = (high - low) / 5, power = std::pow(10, std::floor(std::log10(raw)));
  double step = 10 * power;
  for (const double digit : {5.0, 2.0, 1.0})
    if (digit * power >= raw) step = digit * power;
  std::vector<Tick> ticks;
  for (double k = std::ceil(low / step); k * step <= high * (1 + 1e-12); ++k)
    ticks.push_back({k * step, tick_label(k * step)});
  return ticks;
}

std::vector<Tick> log_ticks(double low, double high) {
  const auto first = static_cast<int>(std::floor(std::log10(low)));
  const auto last = static_cast<int>(std::ceil(std::log10(high)));
  const bool few = std::floor(std::log10(high)) - std::ceil(std::log10(low)) < 1;
  std::vector<Tick> ticks;
  for (int exponent = first; exponent <= last; ++exponent)
    for (int digit = 1; digit <= 9; ++digit) {
      const double value = digit * std::pow(10, exponent);
      if (value < low * (1 - 1e-9) || value > high * (1 + 1e-9)) continue;
      const bool named = digit == 1 || (few && (digit == 2 || digit == 5));
      ticks.push_back({value, named ? tick_label(value) : ""});
    }
  return ticks;
}

}  // namespace

std::vector<Tick> Scale::ticks() const {
  return log ? log_ticks(low, high) : linear_ticks(low, high);
}

Scale scale_of(const std::vector<double>& values, bool log) {
  double low = std::numeric_limits<double>::infinity(), high = -low;
  for (const double value : values) {
    if (!std::isfinite(value) || (log && value <= 0)) continue;
    low = std::min(low, value);
    high = std::max(high, value);
  }
  if (low > high) fail("plot", "expected a value that can be drawn, got none of ", values.size());
  if (log) {
    const double room = std::max(std::pow(high / low, 0.06), 1.05);
    return {low / room, high * room, true};
  }
  const double room = high > low ? 0.06 * (high - low) : std::max(std::abs(high), 1.0) * 0.06;
  return {low - room, high + room, false};
}

}  // namespace ito::plot
