#include "diffusion/ode/probability_flow.h"

namespace ito {

Tensor batch_of_rows(const std::vector<double>& rows, const Shape& item, Device device) {
  Shape shape = item;
  shape.insert(shape.begin(), static_cast<Index>(rows.size()) / item.elements());
  return Tensor(shape, std::vector<Real>(rows.begin(), rows.end()), device);
}

std::vector<double> rows_of_batch(const Tensor& x) {
  const std::vector<Real> values = x.to_host();
  return {values.begin(), values.end()};
}

Shape item_of(const Tensor& x) {
  if (x.rank() < 1 || x.elements() == 0)
    fail("probability_flow", "expected a batch [N, ...], got ", x.shape());
  return {x.shape().begin() + 1, x.shape().end()};
}

std::vector<double> flow_drift(const Sde& sde, const Times& t, const std::vector<double>& x,
                               const Tensor& s) {
  if (static_cast<std::size_t>(s.elements()) != x.size())
    fail("probability_flow", "expected a score of ", x.size(), " numbers, got ", s.shape());
  const std::vector<Real> score = s.to_host();
  std::vector<double> drift(x.size());
  const std::size_t D = x.size() / t.size();
  for (std::size_t n = 0; n < t.size(); ++n) {
    const double f = sde.drift(t[n]), g = sde.diffusion(t[n]);
    for (std::size_t i = n * D; i < (n + 1) * D; ++i)
      drift[i] = f * x[i] - 0.5 * g * g * static_cast<double>(score[i]);
  }
  return drift;
}

OdeFunction probability_flow(const Sde& sde, const Score& score, const Shape& item, Device device) {
  return [&sde, &score, item, device](std::span<const Index>, const Times& t,
                                      const std::vector<double>& x) {
    return flow_drift(sde, t, x, score(batch_of_rows(x, item, device), t));
  };
}

void check_flow_times(const Sde& sde, double eps) {
  if (!(eps > 0 && eps < sde.T()))
    fail("probability_flow", "expected 0 < eps < ", sde.T(), ", got eps = ", eps);
}

}  // namespace ito
