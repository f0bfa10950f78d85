#include "nn/layers/fir.h"

#include <numeric>

#include "engine/ops.h"

namespace ito::nn {

namespace {

std::vector<double> taps_of(const FirFilter& filter) {
  if (filter.factor < 1) fail("fir", "expected a factor of at least 1, got ", filter.factor);
  if (!filter.taps.empty()) return filter.taps;
  return std::vector<double>(static_cast<std::size_t>(filter.factor), 1);
}

Index length(const FirFilter& filter) { return static_cast<Index>(taps_of(filter).size()); }

/// The outer product of the taps with itself, scaled to the given sum: [K, K].
Tensor kernel_of(const FirFilter& filter, double sum, Device device) {
  const std::vector<double> taps = taps_of(filter);
  const double total = std::accumulate(taps.begin(), taps.end(), 0.0);
  if (total == 0) fail("fir", "expected taps whose sum is not 0");
  std::vector<Real> kernel;
  for (const double a : taps) {
    for (const double b : taps) kernel.push_back(static_cast<Real>(a * b / (total * total) * sum));
  }
  const auto K = static_cast<Index>(taps.size());
  return Tensor({K, K}, kernel, device);
}

Index half_below(Index n) { return n >= 0 ? n / 2 : -((1 - n) / 2); }  ///< floor(n / 2)

/// The padding that a filter of a resampling wants, `surplus` pixels more than it removes.
FirOptions centred(Index surplus) {
  return {.pad_before = half_below(surplus + 1), .pad_after = half_below(surplus)};
}

void check_weight(const Tensor& w) {
  if (w.rank() != 4 || w.size(0) != w.size(1)) {
    fail("fir", "expected a square convolution [K, K, C, O], got ", w.shape());
  }
}

double squared(Index factor) { return static_cast<double>(factor * factor); }

}  // namespace

Tensor fir_upsample(const Tensor& x, const FirFilter& filter) {
  FirOptions options = centred(length(filter) - filter.factor);
  options.up = filter.factor;
  options.pad_before += filter.factor - 1;
  return upfirdn2d(x, kernel_of(filter, filter.gain * squared(filter.factor), x.device()), options);
}

Tensor fir_downsample(const Tensor& x, const FirFilter& filter) {
  FirOptions options = centred(length(filter) - filter.factor);
  options.down = filter.factor;
  return upfirdn2d(x, kernel_of(filter, filter.gain, x.device()), options);
}

Tensor fir_upsample_conv(const Tensor& x, const Tensor& w, const FirFilter& filter) {
  check_weight(w);
  const Index f = filter.factor, reach = w.size(0) - 1;
  const Tensor sparse = upfirdn2d(x, Tensor::full({1, 1}, 1, x.device()), {.up = f});
  // Zeros were inserted behind the last pixel too: the transposed convolution does not see them.
  const Tensor dense = conv2d(sparse, w, {.pad_before = reach, .pad_after = reach - (f - 1)});
  FirOptions options = centred(length(filter) - f - reach);
  options.pad_before += f - 1;
  options.pad_after += 1;
  return upfirdn2d(dense, kernel_of(filter, filter.gain * squared(f), x.device()), options);
}

Tensor fir_conv_downsample(const Tensor& x, const Tensor& w, const FirFilter& filter) {
  check_weight(w);
  const FirOptions options = centred(length(filter) - filter.factor + w.size(0) - 1);
  const Tensor smooth = upfirdn2d(x, kernel_of(filter, filter.gain, x.device()), options);
  return conv2d(smooth, w, {.stride = filter.factor});
}

}  // namespace ito::nn
