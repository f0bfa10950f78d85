#include "engine/ops/broadcast.h"

#include <algorithm>

namespace ito {

Shape broadcast_shape(const char* where, const Shape& a, const Shape& b) {
  Shape shape(static_cast<std::size_t>(std::max(a.rank(), b.rank())), 1);
  for (int axis = 1; axis <= shape.rank(); ++axis) {
    const Index size_a = axis <= a.rank() ? a(-axis) : 1;
    const Index size_b = axis <= b.rank() ? b(-axis) : 1;
    if (size_a != size_b && size_a != 1 && size_b != 1) {
      fail(where, "shapes ", a, " and ", b, " do not broadcast");
    }
    shape[shape.size() - static_cast<std::size_t>(axis)] = size_a == 1 ? size_b : size_a;
  }
  return shape;
}

std::vector<Index> dense_strides(const Shape& shape) {
  std::vector<Index> strides(shape.size());
  Index stride = 1;
  for (std::size_t axis = shape.size(); axis-- > 0;) {
    strides[axis] = stride;
    stride *= shape[axis];
  }
  return strides;
}

namespace {

/// Strides of `from` walked along the axes of `shape`: 0 where it is repeated.
std::vector<Index> strides_within(const Shape& shape, const Shape& from) {
  const std::vector<Index> dense = dense_strides(from);
  std::vector<Index> strides(shape.size(), 0);
  const std::size_t missing = shape.size() - from.size();
  for (std::size_t axis = 0; axis < from.size(); ++axis) {
    strides[missing + axis] = from[axis] == 1 ? 0 : dense[axis];
  }
  return strides;
}

}  // namespace

kernels::Strided loop_nest(const Shape& sizes, const std::vector<Index>& a,
                           const std::vector<Index>& b, const std::vector<Index>& y) {
  kernels::Strided s;
  s.rank = sizes.rank();
  std::copy(sizes.begin(), sizes.end(), s.size);
  std::copy(a.begin(), a.end(), s.a);
  std::copy(b.begin(), b.end(), s.b);
  std::copy(y.begin(), y.end(), s.y);
  return s;
}

kernels::Strided broadcast_loops(const Shape& shape, const Shape& a, const Shape& b) {
  return loop_nest(shape, strides_within(shape, a), strides_within(shape, b), dense_strides(shape));
}

}  // namespace ito
