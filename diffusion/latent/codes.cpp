#include "diffusion/latent/codes.h"

#include <algorithm>
#include <cmath>

#include "diffusion/ode/probability_flow.h"
#include "engine/autograd.h"

namespace ito {

namespace {

Carried carry(const Sde& sde, const Score& score, const Tensor& x, double from, double to,
              const CodeOptions& options) {
  const NoGrad no_grad;
  check_flow_times(sde, options.eps);
  if (options.batch < 1) fail("latent", "expected a batch of at least 1, got ", options.batch);
  const Shape item = item_of(x);
  const Index N = x.size(0);
  Carried result;
  std::vector<double> carried;
  for (Index first = 0; first < N; first += options.batch) {
    const Index n = std::min(options.batch, N - first);
    OdeOptions ode = options.ode;
    ode.first_sample += first;
    ode.progress = [&](double done) {
      const double all = static_cast<double>(first) + done * static_cast<double>(n);
      return !options.ode.progress || options.ode.progress(all / static_cast<double>(N));
    };
    OdeSolution part = solve_ode(probability_flow(sde, score, item, x.device()),
                                 rows_of_batch(slice(x, 0, first, first + n)), n, from, to, ode);
    if (!part.complete) return {.x = {}, .paths = {}, .complete = false};
    carried.insert(carried.end(), part.y.begin(), part.y.end());
    std::ranges::move(part.paths, std::back_inserter(result.paths));
  }
  result.x = batch_of_rows(carried, item, x.device());
  return result;
}

}  // namespace

double Carried::evaluations() const {
  double total = 0;
  for (const OdePath& path : paths) total += static_cast<double>(path.evaluations);
  return total / static_cast<double>(std::max<std::size_t>(paths.size(), 1));
}

Carried encode(const Sde& sde, const Score& score, const Tensor& x, const CodeOptions& options) {
  return carry(sde, score, x, options.eps, sde.T(), options);
}

Carried decode(const Sde& sde, const Score& score, const Tensor& z, const CodeOptions& options) {
  return carry(sde, score, z, sde.T(), options.eps, options);
}

Difference difference(const Tensor& a, const Tensor& b) {
  if (a.shape() != b.shape())
    fail("latent", "expected batches of one shape, got ", a.shape(), " and ", b.shape());
  const std::vector<Real> x = a.to_host(), y = b.to_host();
  Difference result;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double d = static_cast<double>(x[i]) - static_cast<double>(y[i]);
    result.rms += d * d / static_cast<double>(x.size());
    result.largest = std::max(result.largest, std::abs(d));
  }
  result.rms = std::sqrt(result.rms);
  return result;
}

}  // namespace ito
