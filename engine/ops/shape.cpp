// Operations that move elements and compute nothing.

#include <algorithm>
#include <numeric>

#include "engine/autograd.h"
#include "engine/ops.h"
#include "engine/ops/broadcast.h"
#include "engine/ops/device_of.h"
#include "kernels/kernels.h"

namespace ito {
namespace {

using Gradients = std::vector<Tensor>;

std::size_t checked_axis(const char* where, const Shape& shape, int axis) {
  const int wanted = axis < 0 ? axis + shape.rank() : axis;
  if (wanted < 0 || wanted >= shape.rank()) fail(where, "no axis ", axis, " in shape ", shape);
  return static_cast<std::size_t>(wanted);
}

/// Copies the box of the given sizes that starts at element `from` of x to element `to` of y.
void copy_box(const Tensor& x, Index from, const std::vector<Index>& strides_x, Tensor& y, Index to,
              const std::vector<Index>& strides_y, const Shape& sizes) {
  kernels::copy_strided(x.device(), x.data() + from, y.mutable_data() + to,
                        loop_nest(sizes, strides_x, strides_x, strides_y));
}

}  // namespace

Tensor reshape(const Tensor& x, const Shape& shape) {
  Shape wanted = shape;
  const auto open = std::find(wanted.begin(), wanted.end(), -1);
  if (open != wanted.end()) {
    *open = 1;
    const Index rest = wanted.elements();
    if (rest <= 0 || x.elements() % rest != 0) {
      fail("reshape", "cannot view shape ", x.shape(), " as ", shape);
    }
    *open = x.elements() / rest;
  }
  if (wanted == x.shape()) return x;
  return record(
      "reshape", x.with_shape(wanted), {x},
      [](const Backward& v) { return Gradients{reshape(v.g, v.x[0].shape())}; }, keep_shapes);
}

Tensor permute(const Tensor& x, const std::vector<int>& axes) {
  std::vector<int> back(axes.size(), -1);
  for (std::size_t i = 0; i < axes.size(); ++i) {
    const bool valid = axes[i] >= 0 && axes[i] < x.rank() && axes.size() == x.shape().size() &&
                       back[static_cast<std::size_t>(axes[i])] < 0;
    if (!valid) fail("permute", "expected a permutation of the axes of shape ", x.shape());
    back[static_cast<std::size_t>(axes[i])] = static_cast<int>(i);
  }
  const std::vector<Index> dense = dense_strides(x.shape());
  Shape shape;
  std::vector<Index> strides;
  for (const int axis : axes) {
    shape.push_back(x.size(axis));
    strides.push_back(dense[static_cast<std::size_t>(axis)]);
  }
  Tensor y(shape, x.device());
  copy_box(x, 0, strides, y, 0, dense_strides(shape), shape);
  return record(
      "permute", y, {x}, [back](const Backward& v) { return Gradients{permute(v.g, back)}; },
      keep_shapes);
}

Tensor pad(const Tensor& x, const std::vector<std::pair<Index, Index>>& amounts) {
  if (amounts.size() != x.shape().size()) {
    fail("pad", "expected ", x.rank(), " pairs for shape ", x.shape(), ", got ", amounts.size());
  }
  Shape shape, box;
  std::vector<std::pair<Index, Index>> back;
  const std::vector<Index> strides_x = dense_strides(x.shape());
  Index from = 0;
  bool covers = true;
  for (std::size_t axis = 0; axis < amounts.size(); ++axis) {
    const auto [before, after] = amounts[axis];
    const Index n = x.shape()[axis];
    shape.push_back(n + before + after);
    box.push_back(n + std::min<Index>(before, 0) + std::min<Index>(after, 0));
    if (shape.back() < 0 || box.back() < 0) {
      fail("pad", "cropping by ", before, " and ", after, " leaves nothing of axis ", axis,
           " of shape ", x.shape());
    }
    from += std::max<Index>(-before, 0) * strides_x[axis];
    covers = covers && before <= 0 && after <= 0;
    back.emplace_back(-before, -after);
  }
  Tensor y = covers ? Tensor(shape, x.device()) : Tensor::zeros(shape, x.device());
  const std::vector<Index> strides_y = dense_strides(shape);
  Index to = 0;
  for (std::size_t axis = 0; axis < amounts.size(); ++axis) {
    to += std::max<Index>(amounts[axis].first, 0) * strides_y[axis];
  }
  if (box.elements() > 0) copy_box(x, from, strides_x, y, to, strides_y, box);
  return record(
      "pad", y, {x}, [back](const Backward& v) { return Gradients{pad(v.g, back)}; }, keep_shapes);
}

Tensor slice(const Tensor& x, int axis, Index begin, Index end) {
  const std::size_t at = checked_axis("slice", x.shape(), axis);
  const Index n = x.shape()[at];
  if (begin < 0 || end < begin || end > n) {
    fail("slice", "range [", begin, ", ", end, ") is outside axis ", axis, " of shape ", x.shape());
  }
  std::vector<std::pair<Index, Index>> amounts(x.shape().size());
  amounts[at] = {-begin, end - n};
  return pad(x, amounts);
}

std::vector<Tensor> split(const Tensor& x, int axis, const std::vector<Index>& sizes) {
  const Index total = std::accumulate(sizes.begin(), sizes.end(), Index{0});
  const std::size_t at = checked_axis("split", x.shape(), axis);
  if (total != x.shape()[at]) {
    fail("split", "sizes add up to ", total, ", axis ", axis, " of shape ", x.shape(), " does not");
  }
  std::vector<Tensor> parts;
  Index begin = 0;
  for (const Index size : sizes) {
    parts.push_back(slice(x, axis, begin, begin + size));
    begin += size;
  }
  return parts;
}

Tensor concat(const std::vector<Tensor>& parts, int axis) {
  if (parts.empty()) fail("concat", "expected at least one tensor");
  Shape shape = parts[0].shape();
  const std::size_t at = checked_axis("concat", shape, axis);
  std::vector<Index> sizes;
  for (const Tensor& part : parts) {
    Shape expected = parts[0].shape();
    if (part.rank() == expected.rank()) expected[at] = part.shape()[at];
    if (part.shape() != expected) {
      fail("concat", "shapes ", parts[0].shape(), " and ", part.shape(), " differ beside axis ",
           axis);
    }
    sizes.push_back(part.shape()[at]);
  }
  shape[at] = std::accumulate(sizes.begin(), sizes.end(), Index{0});
  Tensor y(shape, parts[0].device());
  Index rows = 1;
  for (std::size_t before = 0; before < at; ++before) rows *= shape[before];
  std::vector<const Real*> sources;
  std::vector<Index> widths;
  for (const Tensor& part : parts) {
    device_of("concat", y, part);
    sources.push_back(part.data());
    widths.push_back(rows == 0 ? 0 : part.elements() / rows);
  }
  kernels::concat(y.device(), sources.data(), widths.data(), static_cast<int>(parts.size()),
                  y.mutable_data(), rows);
  const Vjp vjp = [at, sizes](const Backward& v) {
    Gradients gradients(sizes.size());
    Index from = 0;
    for (std::size_t i = 0; i < sizes.size(); ++i) {
      if (v.needs[i]) gradients[i] = slice(v.g, static_cast<int>(at), from, from + sizes[i]);
      from += sizes[i];
    }
    return gradients;
  };
  return record("concat", y, parts, vjp, keep_shapes);
}

namespace {

Tensor gather_rows(const Tensor& table, const Tensor& rows);

/// The adjoint of gather_rows: adds the rows of y [N, D] into a table [K, D] of zeros.
Tensor scatter_rows(const Tensor& y, const Tensor& rows, Index K) {
  Tensor table({K, y.size(1)}, y.device());
  kernels::scatter_rows(y.device(), y.data(), rows.data(), table.mutable_data(), y.size(0),
                        y.size(1), K);
  return record(
      "scatter_rows", table, {y},
      [rows](const Backward& v) { return Gradients{gather_rows(v.g, rows)}; }, keep_shapes);
}

Tensor gather_rows(const Tensor& table, const Tensor& rows) {
  Tensor y({rows.size(0), table.size(1)}, table.device());
  kernels::gather_rows(table.device(), table.data(), rows.data(), y.mutable_data(), rows.size(0),
                       table.size(1));
  const Index K = table.size(0);
  return record(
      "embedding", y, {table},
      [rows, K](const Backward& v) { return Gradients{scatter_rows(v.g, rows, K)}; }, keep_shapes);
}

}  // namespace

Tensor embedding(const Tensor& table, const std::vector<Index>& rows) {
  if (table.rank() != 2) fail("embedding", "expected a table [K, D], got ", table.shape());
  std::vector<Real> at;
  for (const Index row : rows) {
    if (row < 0 || row >= table.size(0)) {
      fail("embedding", "row ", row, " is outside the table of shape ", table.shape());
    }
    at.push_back(static_cast<Real>(row));
  }
  return gather_rows(table, Tensor({static_cast<Index>(rows.size())}, at, table.device()));
}

}  // namespace ito
