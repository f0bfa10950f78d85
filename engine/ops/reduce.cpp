// Sums, means, maxima over axes; broadcasting and its adjoint.

#include <algorithm>

#include "engine/autograd.h"
#include "engine/ops.h"
#include "engine/ops/broadcast.h"
#include "kernels/kernels.h"
#include "kernels/memory.h"

namespace ito {
namespace {

using kernels::Reduce;
using Gradients = std::vector<Tensor>;

/// Which axes are reduced; an empty list means all.
std::vector<bool> reduced_axes(const char* where, const Shape& shape,
                               const std::vector<int>& axes) {
  std::vector<bool> reduced(shape.size(), axes.empty());
  for (const int axis : axes) {
    const int wanted = axis < 0 ? axis + shape.rank() : axis;
    if (wanted < 0 || wanted >= shape.rank()) fail(where, "no axis ", axis, " in shape ", shape);
    if (reduced[static_cast<std::size_t>(wanted)]) fail(where, "axis ", axis, " is named twice");
    reduced[static_cast<std::size_t>(wanted)] = true;
  }
  return reduced;
}

Shape kept_shape(const Shape& shape, const std::vector<bool>& reduced) {
  Shape kept = shape;
  for (std::size_t axis = 0; axis < shape.size(); ++axis) {
    if (reduced[axis]) kept[axis] = 1;
  }
  return kept;
}

Shape dropped_shape(const Shape& shape, const std::vector<bool>& reduced) {
  Shape dropped;
  for (std::size_t axis = 0; axis < shape.size(); ++axis) {
    if (!reduced[axis]) dropped.push_back(shape[axis]);
  }
  return dropped;
}

/// Reduces runs of neighbouring axes, the last run first.
Tensor reduce_value(Reduce f, const Tensor& x, const std::vector<bool>& reduced) {
  Tensor y = x.detach();
  for (std::size_t end = reduced.size(); end > 0;) {
    if (!reduced[end - 1]) {
      --end;
      continue;
    }
    std::size_t begin = end;
    while (begin > 0 && reduced[begin - 1]) --begin;
    Shape shape = y.shape();
    Index outer = 1, n = 1, inner = 1;
    for (std::size_t axis = 0; axis < shape.size(); ++axis) {
      (axis < begin ? outer : axis < end ? n : inner) *= shape[axis];
      if (axis >= begin && axis < end) shape[axis] = 1;
    }
    Tensor next(shape, x.device());
    kernels::reduce(x.device(), f, y.data(), next.mutable_data(), outer, n, inner);
    y = next;
    end = begin;
  }
  return y;
}

}  // namespace

Tensor sum(const Tensor& x, const std::vector<int>& axes, bool keep_dims) {
  const std::vector<bool> reduced = reduced_axes("sum", x.shape(), axes);
  const Shape kept = kept_shape(x.shape(), reduced);
  const Tensor y = reduce_value(Reduce::sum, x, reduced)
                       .with_shape(keep_dims ? kept : dropped_shape(x.shape(), reduced));
  return record(
      "sum", y, {x},
      [kept](const Backward& v) {
        return Gradients{broadcast_to(reshape(v.g, kept), v.x[0].shape())};
      },
      keep_shapes);
}

Tensor mean(const Tensor& x, const std::vector<int>& axes, bool keep_dims) {
  const Tensor total = sum(x, axes, keep_dims);
  if (x.elements() == 0) fail("mean", "shape ", x.shape(), " has no elements");
  return total * (static_cast<double>(total.elements()) / static_cast<double>(x.elements()));
}

Tensor max(const Tensor& x, const std::vector<int>& axes, bool keep_dims) {
  if (x.elements() == 0) fail("max", "shape ", x.shape(), " has no elements");
  const std::vector<bool> reduced = reduced_axes("max", x.shape(), axes);
  const Shape kept = kept_shape(x.shape(), reduced);
  const Tensor top = reduce_value(Reduce::max, x, reduced);
  const Tensor y = top.with_shape(keep_dims ? kept : dropped_shape(x.shape(), reduced));
  return record("max", y, {x}, [kept, reduced](const Backward& v) {
    // The cotangent goes to the largest element; equal ones share it.
    const Tensor& input = v.x[0];
    const Tensor highest = v.y.detach().with_shape(kept);
    Tensor at_top(input.shape(), input.device());
    kernels::binary(input.device(), kernels::Binary::equal, input.data(), highest.data(),
                    at_top.mutable_data(), broadcast_loops(input.shape(), input.shape(), kept));
    const Tensor share = at_top / reduce_value(Reduce::sum, at_top, reduced);
    return Gradients{reshape(v.g, kept) * share};
  });
}

Tensor broadcast_to(const Tensor& x, const Shape& shape) {
  if (x.shape() == shape) return x;
  if (broadcast_shape("broadcast_to", x.shape(), shape) != shape) {
    fail("broadcast_to", "shape ", x.shape(), " does not broadcast to ", shape);
  }
  Tensor y(shape, x.device());
  kernels::copy_strided(x.device(), x.data(), y.mutable_data(),
                        broadcast_loops(shape, x.shape(), x.shape()));
  return record(
      "broadcast_to", y, {x},
      [](const Backward& v) { return Gradients{sum_to(v.g, v.x[0].shape())}; }, keep_shapes);
}

Tensor sum_to(const Tensor& x, const Shape& shape) {
  if (x.shape() == shape) return x;
  if (broadcast_shape("sum_to", shape, x.shape()) != x.shape()) {
    fail("sum_to", "shape ", x.shape(), " does not sum to ", shape);
  }
  std::vector<bool> reduced(x.shape().size());
  for (int axis = 1; axis <= x.rank(); ++axis) {
    const bool repeated = axis > shape.rank() || (shape(-axis) == 1 && x.size(-axis) != 1);
    reduced[x.shape().size() - static_cast<std::size_t>(axis)] = repeated;
  }
  const Tensor y = reduce_value(Reduce::sum, x, reduced).with_shape(shape);
  return record(
      "sum_to", y, {x},
      [](const Backward& v) { return Gradients{broadcast_to(v.g, v.x[0].shape())}; }, keep_shapes);
}

double sum_squares(const Tensor& x) {
  // One double needs the room of two floats.
  Tensor room(Shape{2}, x.device());
  double total = 0;
  auto* const y = reinterpret_cast<double*>(room.mutable_data());
  kernels::sum_squares(x.device(), x.data(), y, x.elements());
  kernels::copy_to_host(x.device(), &total, y, sizeof total);
  return total;
}

}  // namespace ito
