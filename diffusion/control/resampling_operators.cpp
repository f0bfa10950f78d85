#include "diffusion/control/resampling_operators.h"

#include <cmath>
#include <functional>

namespace ito {

SeparableOperator::SeparableOperator(const Shape& item, Tensor rows, Tensor columns)
    : Operator(item, {rows.size(0), columns.size(0), item(2)}),
      rows_(std::move(rows)),
      columns_(std::move(columns)) {}

Tensor SeparableOperator::apply(const Tensor& x) const {
  const Index N = x.size(0), H = domain()[0], W = domain()[1], C = domain()[2], P = range()[0],
              Q = range()[1];
  const Tensor down = matmul(rows_, reshape(x, {N, H, W * C}));                  // [N, P, W C]
  return reshape(matmul(columns_, reshape(down, {N * P, W, C})), {N, P, Q, C});  // [N P, Q, C]
}

namespace {

void check_image(const char* name, const Shape& item) {
  if (item.rank() != 3) fail(name, "expected images [H, W, C], the model's are ", item);
}

void check_factor(const char* name, const Shape& item, Index factor) {
  check_image(name, item);
  if (factor < 2 || item[0] % factor != 0 || item[1] % factor != 0)
    fail(name, "expected a factor of at least 2 that divides ", item[0], " and ", item[1], ", got ",
         factor);
}

/// [out, in]: row i holds kernel(distance of input j from the centre of output i, in outputs'
/// widths), normalised to sum 1.
Tensor weights(Index out, Index in, const std::function<double(double)>& kernel) {
  const double factor = static_cast<double>(in) / static_cast<double>(out);
  std::vector<Real> values;
  for (Index i = 0; i < out; ++i) {
    std::vector<double> row;
    double total = 0;
    for (Index j = 0; j < in; ++j) {
      const double centre = (static_cast<double>(i) + 0.5) * factor - 0.5;
      row.push_back(kernel((static_cast<double>(j) - centre) / factor));
      total += row.back();
    }
    for (const double w : row) values.push_back(static_cast<Real>(w / total));
  }
  return Tensor({out, in}, values);
}

std::unique_ptr<Operator> separable(const Shape& item, Index factor,
                                    const std::function<double(double)>& kernel) {
  return std::make_unique<SeparableOperator>(item, weights(item[0] / factor, item[0], kernel),
                                             weights(item[1] / factor, item[1], kernel));
}

double keys(double x) {
  const double a = -0.5, d = std::abs(x);
  if (d < 1) return ((a + 2) * d - (a + 3)) * d * d + 1;
  return d < 2 ? a * (((d - 5) * d + 8) * d - 4) : 0;
}

}  // namespace

std::unique_ptr<Operator> box_downsampling(const Shape& item, Index factor) {
  check_factor("box", item, factor);
  return separable(item, factor, [](double x) { return std::abs(x) < 0.5 ? 1 : 0; });
}

std::unique_ptr<Operator> bicubic_downsampling(const Shape& item, Index factor) {
  check_factor("bicubic", item, factor);
  return separable(item, factor, keys);
}

std::unique_ptr<Operator> gaussian_blur(const Shape& item, double sigma) {
  check_image("gaussian", item);
  if (!(sigma > 0)) fail("gaussian", "expected a blur of more than 0 pixels, got ", sigma);
  return separable(item, 1, [sigma](double x) { return std::exp(-x * x / (2 * sigma * sigma)); });
}

}  // namespace ito
