#include "diffusion/latent/interpolate.h"

#include <algorithm>
#include <cmath>
#include <span>

#include "engine/error.h"
#include "engine/ops.h"

namespace ito {

namespace {

/// What rows a and b contribute.
struct SlerpWeights {
  double a, b;
};

double dot(std::span<const Real> x, std::span<const Real> y) {
  double total = 0;
  for (std::size_t i = 0; i < x.size(); ++i)
    total += static_cast<double>(x[i]) * static_cast<double>(y[i]);
  return total;
}

SlerpWeights slerp_weights(std::span<const Real> a, std::span<const Real> b, double u) {
  const double lengths = std::sqrt(dot(a, a) * dot(b, b));
  const double cosine = lengths > 0 ? std::clamp(dot(a, b) / lengths, -1.0, 1.0) : 1;
  const double theta = std::acos(cosine);
  constexpr double parallel = 1e-6;  // below it sin(theta) is theta to all digits that Real has
  if (theta < parallel) return {1 - u, u};
  if (std::sin(theta) < parallel)
    fail("slerp", "two codes are opposite to each other: no way between them is the shortest");
  return {std::sin((1 - u) * theta) / std::sin(theta), std::sin(u * theta) / std::sin(theta)};
}

}  // namespace

Tensor slerp(const Tensor& a, const Tensor& b, double u) {
  if (a.rank() < 1 || a.elements() == 0 || a.shape() != b.shape())
    fail("slerp", "expected two batches [N, ...] of one shape, got ", a.shape(), " and ",
         b.shape());
  std::vector<Real> x = a.to_host(), y = b.to_host();
  const std::size_t D = x.size() / static_cast<std::size_t>(a.size(0));
  for (std::size_t begin = 0; begin < x.size(); begin += D) {
    const SlerpWeights w = slerp_weights({x.data() + begin, D}, {y.data() + begin, D}, u);
    for (std::size_t i = begin; i < begin + D; ++i)
      x[i] = static_cast<Real>(w.a * static_cast<double>(x[i]) + w.b * static_cast<double>(y[i]));
  }
  return Tensor(a.shape(), x);
}

Tensor interpolations(const Tensor& a, const Tensor& b, Index frames) {
  if (frames < 2) fail("interpolate", "expected at least 2 frames, got ", frames);
  std::vector<Tensor> at;  // one for each frame
  for (Index k = 0; k < frames; ++k)
    at.push_back(slerp(a, b, static_cast<double>(k) / static_cast<double>(frames - 1)));
  std::vector<Tensor> rows;
  for (Index n = 0; n < a.size(0); ++n)
    for (const Tensor& frame : at) rows.push_back(slice(frame, 0, n, n + 1));
  return concat(rows, 0);
}

}  // namespace ito
