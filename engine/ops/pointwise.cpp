// Elementwise operations and their vjps, side by side. The formulas are kernels/pointwise.def.

#include <cmath>
#include <numbers>

#include "engine/autograd.h"
#include "engine/ops.h"
#include "engine/ops/broadcast.h"
#include "engine/ops/device_of.h"
#include "kernels/kernels.h"

namespace ito {
namespace {

using kernels::Binary;
using kernels::Unary;
using Gradients = std::vector<Tensor>;

Tensor unary_value(Unary f, const Tensor& x, double p = 0, double q = 0) {
  Tensor y(x.shape(), x.device());
  kernels::unary(x.device(), f, x.data(), y.mutable_data(), x.elements(), static_cast<Real>(p),
                 static_cast<Real>(q));
  return y;
}

Tensor unary(const char* name, Unary f, const Tensor& x, Keep keep, Vjp vjp, double p = 0,
             double q = 0) {
  if (!x.defined()) fail(name, "the input is empty");
  return record(name, unary_value(f, x, p, q), {x}, std::move(vjp), keep);
}

Tensor binary_value(const char* name, Binary f, const Tensor& a, const Tensor& b) {
  if (!a.defined() || !b.defined()) fail(name, "an input is empty");
  const Shape shape = broadcast_shape(name, a.shape(), b.shape());
  Tensor y(shape, device_of(name, a, b));
  kernels::binary(a.device(), f, a.data(), b.data(), y.mutable_data(),
                  broadcast_loops(shape, a.shape(), b.shape()));
  return y;
}

/// A constant 0/1 tensor of where f holds: its derivative is zero almost everywhere.
Tensor indicator(Unary f, const Tensor& x, double p = 0, double q = 0) {
  return unary_value(f, x.detach(), p, q);
}

}  // namespace

Tensor add(const Tensor& a, const Tensor& b) {
  const Vjp vjp = [](const Backward& v) {
    return Gradients{v.needs[0] ? sum_to(v.g, v.x[0].shape()) : Tensor(),
                     v.needs[1] ? sum_to(v.g, v.x[1].shape()) : Tensor()};
  };
  return record("add", binary_value("add", Binary::add, a, b), {a, b}, vjp, keep_shapes);
}

Tensor sub(const Tensor& a, const Tensor& b) {
  const Vjp vjp = [](const Backward& v) {
    return Gradients{v.needs[0] ? sum_to(v.g, v.x[0].shape()) : Tensor(),
                     v.needs[1] ? -sum_to(v.g, v.x[1].shape()) : Tensor()};
  };
  return record("sub", binary_value("sub", Binary::sub, a, b), {a, b}, vjp, keep_shapes);
}

Tensor mul(const Tensor& a, const Tensor& b) {
  const Vjp vjp = [](const Backward& v) {
    return Gradients{v.needs[0] ? sum_to(v.g * v.x[1], v.x[0].shape()) : Tensor(),
                     v.needs[1] ? sum_to(v.g * v.x[0], v.x[1].shape()) : Tensor()};
  };
  const Keep keep = {.inputs = (b.requires_grad() ? 1U : 0U) | (a.requires_grad() ? 2U : 0U),
                     .output = false};
  return record("mul", binary_value("mul", Binary::mul, a, b), {a, b}, vjp, keep);
}

Tensor div(const Tensor& a, const Tensor& b) {
  const Vjp vjp = [](const Backward& v) {
    const Tensor da = v.g / v.x[1];
    return Gradients{v.needs[0] ? sum_to(da, v.x[0].shape()) : Tensor(),
                     v.needs[1] ? -sum_to(da * v.y, v.x[1].shape()) : Tensor()};
  };
  const Keep keep = {.inputs = 2, .output = b.requires_grad()};
  return record("div", binary_value("div", Binary::div, a, b), {a, b}, vjp, keep);
}

Tensor affine(const Tensor& x, double scale, double shift) {
  return unary(
      "affine", Unary::affine, x, keep_shapes,
      [scale](const Backward& v) { return Gradients{v.g * scale}; }, scale, shift);
}

Tensor exp(const Tensor& x) {
  return unary("exp", Unary::exp, x, keep_output,
               [](const Backward& v) { return Gradients{v.g * v.y}; });
}

Tensor log(const Tensor& x) {
  return unary("log", Unary::log, x, keep_inputs,
               [](const Backward& v) { return Gradients{v.g / v.x[0]}; });
}

Tensor sqrt(const Tensor& x) {
  return unary("sqrt", Unary::sqrt, x, keep_output,
               [](const Backward& v) { return Gradients{v.g * 0.5 / v.y}; });
}

Tensor pow(const Tensor& x, double exponent) {
  return unary(
      "pow", Unary::pow, x, keep_inputs,
      [exponent](const Backward& v) {
        if (exponent == 0) return Gradients{Tensor()};
        return Gradients{v.g * pow(v.x[0], exponent - 1) * exponent};
      },
      exponent);
}

Tensor square(const Tensor& x) { return x * x; }

Tensor tanh(const Tensor& x) {
  return unary("tanh", Unary::tanh, x, keep_output,
               [](const Backward& v) { return Gradients{v.g - v.g * square(v.y)}; });
}

Tensor sigmoid(const Tensor& x) {
  return unary("sigmoid", Unary::sigmoid, x, keep_output,
               [](const Backward& v) { return Gradients{v.g * (v.y - square(v.y))}; });
}

namespace {

/// d silu / dx = s (1 + x (1 - s)), s = sigmoid(x); `a` is x, `b` the cotangent.
Tensor silu_grad(const Tensor& x, const Tensor& g) {
  if (!recording()) return binary_value("silu_grad", Binary::silu_grad, x, g);
  const Tensor s = sigmoid(x);
  return g * (s + x * (s - square(s)));
}

}  // namespace

Tensor silu(const Tensor& x) {
  return unary("silu", Unary::silu, x, keep_inputs,
               [](const Backward& v) { return Gradients{silu_grad(v.x[0], v.g)}; });
}

Tensor elu(const Tensor& x, double alpha) {
  return unary(
      "elu", Unary::elu, x, Keep{},
      [alpha](const Backward& v) {  // 1 where x > 0, else alpha e^x = y + alpha
        return Gradients{v.g * select(indicator(Unary::positive, v.x[0]),
                                      Tensor::full(v.y.shape(), 1, v.y.device()), v.y + alpha)};
      },
      alpha);
}

Tensor leaky_relu(const Tensor& x, double slope) {
  return unary(
      "leaky_relu", Unary::leaky_relu, x, keep_inputs,
      [slope](const Backward& v) {
        return Gradients{v.g * affine(indicator(Unary::positive, v.x[0]), 1 - slope, slope)};
      },
      slope);
}

Tensor relu(const Tensor& x) { return leaky_relu(x, 0); }

Tensor erf(const Tensor& x) {
  return unary("erf", Unary::erf, x, keep_inputs, [](const Backward& v) {
    return Gradients{v.g * exp(-square(v.x[0])) * (2 * std::numbers::inv_sqrtpi)};
  });
}

Tensor gelu(const Tensor& x) {  // x Phi(x), Phi(x) = (1 + erf(x / sqrt 2)) / 2
  return x * affine(erf(x * (1 / std::numbers::sqrt2)), 0.5, 0.5);
}

Tensor softplus(const Tensor& x) {
  return unary("softplus", Unary::softplus, x, keep_inputs,
               [](const Backward& v) { return Gradients{v.g * sigmoid(v.x[0])}; });
}

Tensor sin(const Tensor& x) {
  return unary("sin", Unary::sin, x, keep_inputs,
               [](const Backward& v) { return Gradients{v.g * cos(v.x[0])}; });
}

Tensor cos(const Tensor& x) {
  return unary("cos", Unary::cos, x, keep_inputs,
               [](const Backward& v) { return Gradients{-(v.g * sin(v.x[0]))}; });
}

Tensor abs(const Tensor& x) {
  return unary("abs", Unary::abs, x, keep_inputs,
               [](const Backward& v) { return Gradients{v.g * indicator(Unary::sign, v.x[0])}; });
}

Tensor clamp(const Tensor& x, double low, double high) {
  if (low > high) fail("clamp", "expected low <= high, got ", low, " and ", high);
  return unary(
      "clamp", Unary::clamp, x, keep_inputs,
      [low, high](const Backward& v) {
        return Gradients{v.g * indicator(Unary::inside, v.x[0], low, high)};
      },
      low, high);
}

Tensor select(const Tensor& mask, const Tensor& a, const Tensor& b) {
  if (mask.shape() != a.shape() || a.shape() != b.shape()) {
    fail("select", "expected three equal shapes, got ", mask.shape(), ", ", a.shape(), " and ",
         b.shape());
  }
  Tensor y(a.shape(), device_of("select", a, b, mask));
  kernels::select(a.device(), mask.data(), a.data(), b.data(), y.mutable_data(), a.elements());
  const Tensor where = mask.detach();
  const Vjp vjp = [where](const Backward& v) {
    const Tensor zero = Tensor::zeros(v.g.shape(), v.g.device());
    return Gradients{select(where, v.g, zero), select(where, zero, v.g)};
  };
  return record("select", y, {a, b}, vjp, keep_shapes);
}

}  // namespace ito
