// conv2d and its two adjoints are the derivatives of one trilinear form
//   t(x, w, y) = sum y[n,p,q,o] x[n, p s + kh d - pad, q s + kw d - pad, c] w[kh,kw,c,o],
// so the vjp of each is made of the other two, to any order.

#include "engine/autograd.h"
#include "engine/ops.h"
#include "engine/ops/add_shift.h"
#include "engine/ops/device_of.h"
#include "kernels/kernels.h"

namespace ito {
namespace {

using Gradients = std::vector<Tensor>;

Index output_size(const char* where, Index n, Index taps, const Conv2dOptions& options) {
  const Index reach =
      n + options.pad_before + options.pad_after - options.dilation * (taps - 1) - 1;
  if (reach < 0) {
    fail(where, "a kernel of ", taps, " with dilation ", options.dilation, " does not fit size ", n,
         " padded by ", options.pad_before, " and ", options.pad_after);
  }
  return reach / options.stride + 1;
}

/// The geometry for x of the given shape and weight sizes, checked.
kernels::Conv geometry(const char* where, const Shape& x, const Shape& w,
                       const Conv2dOptions& options) {
  if (x.rank() != 4 || w.rank() != 4 || x(3) != w(2)) {
    fail(where, "expected input [N, H, W, ", w.rank() == 4 ? w(2) : 0, "] for weight ", w, ", got ",
         x);
  }
  if (options.stride < 1 || options.dilation < 1) {
    fail(where, "expected positive stride and dilation, got ", options.stride, " and ",
         options.dilation);
  }
  kernels::Conv s;
  s.N = x(0), s.H = x(1), s.W = x(2), s.C = x(3);
  s.KH = w(0), s.KW = w(1), s.O = w(3);
  s.P = output_size(where, s.H, s.KH, options);
  s.Q = output_size(where, s.W, s.KW, options);
  s.stride = options.stride;
  s.pad = options.pad_before;
  s.dilation = options.dilation;
  return s;
}

void check_output(const char* where, const Shape& y, const kernels::Conv& s) {
  const Shape expected{s.N, s.P, s.Q, s.O};
  if (y != expected) fail(where, "expected output ", expected, ", got ", y);
}

}  // namespace

Tensor conv2d(const Tensor& x, const Tensor& w, Conv2dOptions options) {
  const kernels::Conv s = geometry("conv2d", x.shape(), w.shape(), options);
  Tensor y({s.N, s.P, s.Q, s.O}, device_of("conv2d", x, w));
  kernels::conv2d(x.device(), s, x.data(), w.data(), y.mutable_data());
  const Vjp vjp = [s, options](const Backward& v) {
    Gradients gradients(2);
    if (v.needs[0]) gradients[0] = conv2d_input_grad(v.g, v.x[1], s.H, s.W, options);
    if (v.needs[1]) gradients[1] = conv2d_weight_grad(v.x[0], v.g, s.KH, s.KW, options);
    return gradients;
  };
  return record("conv2d", y, {x, w}, vjp, keep_inputs);
}

Tensor conv2d_add(const Tensor& x, const Tensor& w, const Tensor& shift, const Tensor& residual,
                  Conv2dOptions options, double scale) {
  const kernels::Conv s = geometry("conv2d_add", x.shape(), w.shape(), options);
  Tensor y({s.N, s.P, s.Q, s.O}, device_of("conv2d_add", x, w, shift, residual));
  kernels::conv2d_add(x.device(), s, x.data(), w.data(),
                      addend("conv2d_add", y, shift, residual, scale), y.mutable_data());
  const Vjp vjp = [s, options, scale](const Backward& v) {
    const Tensor g = scale == 1 ? v.g : v.g * scale;
    Gradients gradients(v.x.size());
    if (v.needs[0]) gradients[0] = conv2d_input_grad(g, v.x[1], s.H, s.W, options);
    if (v.needs[1]) gradients[1] = conv2d_weight_grad(v.x[0], g, s.KH, s.KW, options);
    if (v.needs[2]) gradients[2] = shift_grad(g, v.x[2].shape());
    if (v.x.size() > 3) gradients[3] = g;
    return gradients;
  };
  std::vector<Tensor> inputs = {x, w, shift};
  if (residual.defined()) inputs.push_back(residual);
  return record("conv2d_add", y, inputs, vjp, {.inputs = 3, .output = false});
}

Tensor conv2d_input_grad(const Tensor& y, const Tensor& w, Index H, Index W,
                         Conv2dOptions options) {
  if (y.rank() != 4 || w.rank() != 4) {
    fail("conv2d_input_grad", "expected [N, P, Q, O] and [KH, KW, C, O], got ", y.shape(), " and ",
         w.shape());
  }
  const Shape shape{y.size(0), H, W, w.size(2)};
  const kernels::Conv s = geometry("conv2d_input_grad", shape, w.shape(), options);
  check_output("conv2d_input_grad", y.shape(), s);
  Tensor x(shape, device_of("conv2d_input_grad", y, w));
  kernels::conv2d_input_grad(y.device(), s, y.data(), w.data(), x.mutable_data());
  const Vjp vjp = [s, options](const Backward& v) {
    Gradients gradients(2);
    if (v.needs[0]) gradients[0] = conv2d(v.g, v.x[1], options);
    if (v.needs[1]) gradients[1] = conv2d_weight_grad(v.g, v.x[0], s.KH, s.KW, options);
    return gradients;
  };
  return record("conv2d_input_grad", x, {y, w}, vjp, keep_inputs);
}

Tensor conv2d_weight_grad(const Tensor& x, const Tensor& y, Index KH, Index KW,
                          Conv2dOptions options) {
  if (x.rank() != 4 || y.rank() != 4) {
    fail("conv2d_weight_grad", "expected [N, H, W, C] and [N, P, Q, O], got ", x.shape(), " and ",
         y.shape());
  }
  const Shape shape{KH, KW, x.size(3), y.size(3)};
  const kernels::Conv s = geometry("conv2d_weight_grad", x.shape(), shape, options);
  check_output("conv2d_weight_grad", y.shape(), s);
  Tensor w(shape, device_of("conv2d_weight_grad", x, y));
  kernels::conv2d_weight_grad(x.device(), s, x.data(), y.data(), w.mutable_data());
  const Vjp vjp = [s, options](const Backward& v) {
    Gradients gradients(2);
    if (v.needs[0]) gradients[0] = conv2d_input_grad(v.x[1], v.g, s.H, s.W, options);
    if (v.needs[1]) gradients[1] = conv2d(v.x[0], v.g, options);
    return gradients;
  };
  return record("conv2d_weight_grad", w, {x, y}, vjp, keep_inputs);
}

}  // namespace ito
