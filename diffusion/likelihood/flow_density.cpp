#include "diffusion/likelihood/flow_density.h"

#include "diffusion/ode/probability_flow.h"
#include "engine/autograd.h"

namespace ito {

std::vector<Tensor> draw_probes(ProbeType type, const Shape& batch, Index count, std::uint64_t seed,
                                Index first_sample, Index first_probe) {
  if (count < 1) fail("likelihood", "expected at least 1 probe, got ", count);
  std::vector<Tensor> probes;
  for (Index k = first_probe; k < first_probe + count; ++k) {
    const RandomStream stream{.seed = seed,
                              .purpose = Purpose::probe,
                              .sub = static_cast<std::uint32_t>(k),
                              .first_image = first_sample};
    probes.push_back(draw_probe(type, batch, stream));
  }
  return probes;
}

namespace {

/// sum_d a b of each of n rows, in double.
std::vector<double> row_dots(const Tensor& a, const Tensor& b, std::size_t n) {
  const std::vector<Real> x = a.to_host(), y = b.to_host();
  std::vector<double> dots(n, 0);
  const std::size_t D = x.size() / n;
  for (std::size_t i = 0; i < x.size(); ++i)
    dots[i / D] += static_cast<double>(x[i]) * static_cast<double>(y[i]);
  return dots;
}

/// The d-th unit vector for each of n rows.
Tensor unit_vectors(const Shape& batch, Index d, Device device) {
  std::vector<Real> values(static_cast<std::size_t>(batch.elements()), 0);
  const Index D = batch.elements() / batch[0];
  for (Index n = 0; n < batch[0]; ++n) values[static_cast<std::size_t>(n * D + d)] = 1;
  return Tensor(batch, values, device);
}

/// e^T (f I - g^2 J_s / 2) e of each row, from J_s^T e.
std::vector<double> along_probe(const Sde& sde, const Times& t, const Tensor& e,
                                const Tensor& vjp) {
  std::vector<double> result = row_dots(e, vjp, t.size());
  const std::vector<double> squares = row_dots(e, e, t.size());
  for (std::size_t n = 0; n < t.size(); ++n) {
    const double g = sde.diffusion(t[n]);
    result[n] = sde.drift(t[n]) * squares[n] - 0.5 * g * g * result[n];
  }
  return result;
}

/// The samples `active` of each probe.
std::vector<Tensor> rows_of_probes(const std::vector<Tensor>& probes,
                                   std::span<const Index> active) {
  std::vector<Tensor> result;
  for (const Tensor& e : probes) {
    if (static_cast<Index>(active.size()) == e.size(0)) {
      result.push_back(e);  // all are under way, in their order
      continue;
    }
    std::vector<Tensor> rows;
    for (const Index n : active) rows.push_back(slice(e, 0, n, n + 1));
    result.push_back(concat(rows, 0));
  }
  return result;
}

/// States [n, D] within rows [n, D + K], and back with what belongs behind each.
std::vector<double> leading(const std::vector<double>& rows, std::size_t width, std::size_t D) {
  std::vector<double> x;
  for (std::size_t i = 0; i < rows.size(); i += width)
    x.insert(x.end(), rows.begin() + static_cast<std::ptrdiff_t>(i),
             rows.begin() + static_cast<std::ptrdiff_t>(i + D));
  return x;
}

std::vector<double> interleaved(const std::vector<double>& a, const std::vector<double>& b,
                                std::size_t n) {
  std::vector<double> rows;
  const std::size_t A = a.size() / n, B = b.size() / n;
  for (std::size_t i = 0; i < n; ++i) {
    const auto at = [i](const std::vector<double>& v, std::size_t size) {
      return v.begin() + static_cast<std::ptrdiff_t>(i * size);
    };
    rows.insert(rows.end(), at(a, A), at(a, A) + static_cast<std::ptrdiff_t>(A));
    rows.insert(rows.end(), at(b, B), at(b, B) + static_cast<std::ptrdiff_t>(B));
  }
  return rows;
}

}  // namespace

FlowDerivative flow_derivative(const Sde& sde, const Score& score, const std::vector<double>& x,
                               const Shape& item, const Times& t, const std::vector<Tensor>& probes,
                               Device device) {
  const RecordingScope record(true);
  Tensor state = batch_of_rows(x, item, device);
  state.require_grad();
  const Tensor s = score(state, t);
  FlowDerivative result{.drift = flow_drift(sde, t, x, s), .divergence = {}};

  const Index D = item.elements();
  const Index K = probes.empty() ? D : static_cast<Index>(probes.size());
  std::vector<double> columns;  // [K, n]
  for (Index k = 0; k < K; ++k) {
    const Tensor e = probes.empty() ? unit_vectors(state.shape(), k, device)
                                    : probes[static_cast<std::size_t>(k)];
    const Tensor vjp = grad({s}, {state}, {e}, {.retain_graph = k + 1 < K})[0];
    const std::vector<double> column = along_probe(sde, t, e, vjp);
    columns.insert(columns.end(), column.begin(), column.end());
  }
  const std::size_t n = t.size(), kept = probes.empty() ? 1 : probes.size();
  result.divergence.assign(n * kept, 0);
  for (std::size_t i = 0; i < columns.size(); ++i)
    result.divergence[(i % n) * kept + (probes.empty() ? 0 : i / n)] += columns[i];
  return result;
}

FlowDensity flow_density(const Sde& sde, const Score& score, const Tensor& x,
                         const std::vector<Tensor>& given, const FlowDensityOptions& options) {
  const NoGrad no_grad;
  check_flow_times(sde, options.eps);
  const Shape item = item_of(x);
  std::vector<Tensor> probes;
  for (const Tensor& e : given) {
    if (e.shape() != x.shape())
      fail("likelihood", "expected probes ", x.shape(), ", got ", e.shape());
    probes.push_back(e.to(x.device()));
  }

  const auto N = static_cast<std::size_t>(x.size(0)), D = static_cast<std::size_t>(item.elements());
  const std::size_t K = probes.empty() ? 1 : probes.size();
  const OdeFunction derivative = [&](std::span<const Index> active, const Times& t,
                                     const std::vector<double>& rows) {
    const FlowDerivative d = flow_derivative(sde, score, leading(rows, D + K, D), item, t,
                                             rows_of_probes(probes, active), x.device());
    return interleaved(d.drift, d.divergence, t.size());
  };
  OdeSolution solution =
      solve_ode(derivative, interleaved(rows_of_batch(x), std::vector<double>(N * K, 0), N),
                x.size(0), options.eps, sde.T(), options.ode);

  FlowDensity result{.z = batch_of_rows(leading(solution.y, D + K, D), item),
                     .delta = {},
                     .paths = std::move(solution.paths),
                     .calls = solution.calls,
                     .complete = solution.complete};
  for (std::size_t n = 0; n < N; ++n)
    for (std::size_t k = 0; k < K; ++k) result.delta.push_back(solution.y[n * (D + K) + D + k]);
  return result;
}

std::vector<double> log_density(const Sde& sde, const FlowDensity& flow) {
  const std::vector<double> prior = sde.prior_log_density(flow.z);
  std::vector<double> result = flow.delta;
  const std::size_t K = flow.delta.size() / prior.size();
  for (std::size_t i = 0; i < result.size(); ++i) result[i] += prior[i / K];
  return result;
}

}  // namespace ito
