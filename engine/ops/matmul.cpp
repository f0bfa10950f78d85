// Matrix products. The family is closed under vjp: with C = op(A) op(B), every derivative is a
// matmul again.

#include <algorithm>

#include "engine/autograd.h"
#include "engine/ops.h"
#include "engine/ops/add_shift.h"
#include "engine/ops/device_of.h"
#include "kernels/kernels.h"

namespace ito {
namespace {

using Gradients = std::vector<Tensor>;

/// Leading axes (all but the last two).
Shape batch_shape(const Tensor& x) { return Shape(x.shape().begin(), x.shape().end() - 2); }

/// m, n, k and batch of a product, checked.
kernels::Gemm geometry(const Tensor& a, const Tensor& b, bool transpose_a, bool transpose_b) {
  const auto reject = [&] {
    fail("matmul", "shapes ", a.shape(), transpose_a ? "^T" : "", " and ", b.shape(),
         transpose_b ? "^T" : "", " do not multiply");
  };
  if (a.rank() < 2 || b.rank() < 2) reject();
  const Shape batch_a = batch_shape(a), batch_b = batch_shape(b);
  if (!batch_a.empty() && !batch_b.empty() && batch_a != batch_b) reject();
  kernels::Gemm g;
  g.transpose_a = transpose_a;
  g.transpose_b = transpose_b;
  g.m = a.size(transpose_a ? -1 : -2);
  g.k = a.size(transpose_a ? -2 : -1);
  g.n = b.size(transpose_b ? -2 : -1);
  if (b.size(transpose_b ? -1 : -2) != g.k) reject();
  g.batch = batch_a.empty() ? batch_b.elements() : batch_a.elements();
  g.stride_a = batch_a.empty() ? 0 : g.m * g.k;
  g.stride_b = batch_b.empty() ? 0 : g.k * g.n;
  g.stride_c = g.m * g.n;
  // Rows of a batch times one matrix are the rows of one product.
  if (!transpose_a && batch_b.empty()) {
    g.m *= g.batch;
    g.batch = 1;
  }
  return g;
}

}  // namespace

Tensor matmul(const Tensor& a, const Tensor& b, bool transpose_a, bool transpose_b) {
  if (!a.defined() || !b.defined()) fail("matmul", "an input is empty");
  const kernels::Gemm g = geometry(a, b, transpose_a, transpose_b);
  Shape shape = a.rank() >= b.rank() ? batch_shape(a) : batch_shape(b);
  shape.push_back(a.size(transpose_a ? -1 : -2));
  shape.push_back(g.n);
  Tensor y(shape, device_of("matmul", a, b));
  kernels::gemm(a.device(), g, a.data(), b.data(), y.mutable_data());
  const Vjp vjp = [transpose_a, transpose_b](const Backward& v) {
    const Tensor &A = v.x[0], &B = v.x[1];
    Gradients gradients(2);
    if (v.needs[0]) {
      const Tensor dA =
          transpose_a ? matmul(B, v.g, transpose_b, true) : matmul(v.g, B, false, !transpose_b);
      gradients[0] = sum_to(dA, A.shape());
    }
    if (v.needs[1] && B.rank() == 2 && !transpose_a && A.rank() > 2) {
      // One product over all rows instead of one a batch element and a sum.
      const Tensor rows_A = reshape(A, {-1, A.size(-1)}), rows_g = reshape(v.g, {-1, v.g.size(-1)});
      gradients[1] =
          transpose_b ? matmul(rows_g, rows_A, true, false) : matmul(rows_A, rows_g, true, false);
    } else if (v.needs[1]) {
      const Tensor dB =
          transpose_b ? matmul(v.g, A, true, transpose_a) : matmul(A, v.g, !transpose_a, false);
      gradients[1] = sum_to(dB, B.shape());
    }
    return gradients;
  };
  return record("matmul", y, {a, b}, vjp, keep_inputs);
}

Tensor matmul_add(const Tensor& x, const Tensor& w, const Tensor& shift, const Tensor& residual,
                  double scale) {
  if (x.rank() < 2 || w.rank() != 2 || x.size(-1) != w.size(0)) {
    fail("matmul_add", "shapes ", x.shape(), " and ", w.shape(), " do not multiply");
  }
  const Index K = w.size(0), D = w.size(1);
  Shape shape = x.shape();
  shape.back() = D;
  Tensor y(shape, device_of("matmul_add", x, w, shift, residual));
  const Index rows = shape.elements() / std::max<Index>(D, 1);
  const kernels::Gemm product{.m = rows, .n = D, .k = K};
  kernels::gemm(x.device(), product, x.data(), w.data(), y.mutable_data());
  if (shift.rank() != 1) fail("matmul_add", "expected a shift [", D, "], got ", shift.shape());
  kernels::add_shift(x.device(), addend("matmul_add", y, shift, residual, scale), y.mutable_data(),
                     Index{1}, rows, D);
  const Vjp vjp = [K, D, scale](const Backward& v) {
    const Tensor g = scale == 1 ? v.g : v.g * scale;
    Gradients gradients(v.x.size());
    if (v.needs[0]) gradients[0] = matmul(g, v.x[1], false, true);
    if (v.needs[1]) {
      gradients[1] = matmul(reshape(v.x[0], {-1, K}), reshape(g, {-1, D}), true, false);
    }
    if (v.needs[2]) gradients[2] = sum_to(g, v.x[2].shape());
    if (v.x.size() > 3) gradients[3] = g;
    return gradients;
  };
  std::vector<Tensor> inputs = {x, w, shift};
  if (residual.defined()) inputs.push_back(residual);
  return record("matmul_add", y, inputs, vjp, {.inputs = 3, .output = false});
}

}  // namespace ito
