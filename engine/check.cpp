#include "engine/check.h"

#include <algorithm>
#include <cmath>

#include "engine/autograd.h"
#include "engine/ops.h"

namespace ito {
namespace {

/// With rounding 2^-53 and this step a central difference of a smooth function of size 1 is good to
/// about 1e-10.
constexpr double difference_step = 1e-5;

using Scalar = std::function<double(const std::vector<Tensor>&)>;

/// Fresh leaves with the same values.
std::vector<Tensor> leaves(const std::vector<Tensor>& x) {
  std::vector<Tensor> fresh;
  for (const Tensor& t : x) fresh.push_back(t.clone().require_grad());
  return fresh;
}

/// The function x, c -> <f(x), c>; the last argument is c.
Tensor contract(const Function& f, const std::vector<Tensor>& x_and_c) {
  const std::vector<Tensor> x(x_and_c.begin(), x_and_c.end() - 1);
  return sum(f(x) * x_and_c.back());
}

/// The first `count` gradients of <f(x), c>.
std::vector<Tensor> gradients(const Function& f, const std::vector<Tensor>& x_and_c,
                              std::size_t count, bool create_graph) {
  const std::vector<Tensor> wanted(x_and_c.begin(),
                                   x_and_c.begin() + static_cast<std::ptrdiff_t>(count));
  return grad(contract(f, x_and_c), wanted, {.create_graph = create_graph});
}

/// sum_i <a_i, b_i>
Tensor inner(const std::vector<Tensor>& a, const std::vector<Tensor>& b) {
  Tensor total = Tensor::scalar(0);
  for (std::size_t i = 0; i < a.size(); ++i) total = total + sum(a[i] * b[i]);
  return total;
}

/// Largest difference between `analytic` and central differences of `value`, element by element.
double largest_error(const Scalar& value, std::vector<Tensor> x,
                     const std::vector<Tensor>& analytic) {
  double error = 0, scale = 1;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const std::vector<Real> centre = x[i].to_host(), expected = analytic[i].to_host();
    for (std::size_t k = 0; k < centre.size(); ++k) {
      const auto moved = [&](double by) {
        std::vector<Real> values = centre;
        values[k] = static_cast<Real>(values[k] + by);
        std::vector<Tensor> at = x;
        at[i] = Tensor(x[i].shape(), values);
        return value(at);
      };
      const double quotient =
          (moved(difference_step) - moved(-difference_step)) / (2 * difference_step);
      scale = std::max(scale, std::abs(quotient));
      error = std::max(error, std::abs(quotient - static_cast<double>(expected[k])));
    }
  }
  return error / scale;
}

double largest_difference(const std::vector<Tensor>& a, const std::vector<Tensor>& b) {
  double difference = 0, scale = 1;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const std::vector<Real> p = a[i].to_host(), q = b[i].to_host();
    for (std::size_t k = 0; k < p.size(); ++k) {
      difference = std::max(difference, std::abs(static_cast<double>(p[k] - q[k])));
      scale = std::max(scale, std::abs(static_cast<double>(p[k])));
    }
  }
  return difference / scale;
}

}  // namespace

GradientErrors check_gradients(const Function& f, const std::vector<Tensor>& inputs,
                               std::uint64_t seed) {
  std::uint32_t draw = 0;
  const auto normal = [&](const Shape& shape) {
    const RandomStream stream{.seed = seed, .purpose = Purpose::probe, .sub = draw++};
    return random_normal({1, shape.elements()}, stream).with_shape(shape);
  };
  std::vector<Tensor> x = inputs;
  const std::size_t count = x.size();
  std::vector<Tensor> u;
  for (const Tensor& t : inputs) u.push_back(normal(t.shape()));
  x.push_back(normal(f(inputs).shape()));

  GradientErrors errors;
  const std::vector<Tensor> first = gradients(f, leaves(x), count, false);
  errors.fused = largest_difference(first, gradients(f, leaves(x), count, true));
  // c stays fixed: it is an input only of the second-order check.
  const Scalar value = [&](const std::vector<Tensor>& at) {
    std::vector<Tensor> with_c = at;
    with_c.push_back(x.back());
    return contract(f, with_c).item();
  };
  errors.first = largest_error(value, inputs, first);

  const Scalar slope = [&](const std::vector<Tensor>& at) {
    return inner(gradients(f, leaves(at), count, false), u).item();
  };
  const std::vector<Tensor> at = leaves(x);
  const std::vector<Tensor> second = grad(inner(gradients(f, at, count, true), u), at);
  errors.second = largest_error(slope, x, second);
  return errors;
}

}  // namespace ito
