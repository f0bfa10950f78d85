#include "nn/layers/pool.h"

#include <algorithm>

#include "engine/ops.h"

namespace ito::nn {

namespace {

void check(const char* where, const Tensor& x, Index size) {
  if (x.rank() != 4) fail(where, "expected [N, H, W, C], got ", x.shape());
  if (size < 1 || size % 2 == 0) fail(where, "expected an odd size, got ", size);
}

/// The maximum over windows along one axis. Beyond the border stand copies of the border's pixels,
/// which every window that reaches there holds anyway.
Tensor max_along(const Tensor& x, int axis, Index size) {
  const Index n = x.size(axis), reach = size / 2;
  std::vector<Tensor> padded(static_cast<std::size_t>(reach), slice(x, axis, 0, 1));
  padded.push_back(x);
  padded.insert(padded.end(), static_cast<std::size_t>(reach), slice(x, axis, n - 1, n));
  const Tensor wide = concat(padded, axis);
  Shape row = x.shape();
  row.insert(row.begin(), 1);
  std::vector<Tensor> shifted;
  for (Index k = 0; k < size; ++k) shifted.push_back(reshape(slice(wide, axis, k, k + n), row));
  return max(concat(shifted, 0), {0});
}

/// [out, in]: every row holds the weights of the two neighbours.
Tensor interpolation(Index in, Index out, Device device) {
  std::vector<Real> weights(static_cast<std::size_t>(out * in), Real(0));
  const double step = out > 1 ? static_cast<double>(in - 1) / static_cast<double>(out - 1) : 0;
  for (Index i = 0; i < out; ++i) {
    const double place = static_cast<double>(i) * step;
    const Index low = std::min(static_cast<Index>(place), in - 1), high = std::min(low + 1, in - 1);
    const double share = place - static_cast<double>(low);
    weights[static_cast<std::size_t>(i * in + low)] += static_cast<Real>(1 - share);
    weights[static_cast<std::size_t>(i * in + high)] += static_cast<Real>(share);
  }
  return Tensor({out, in}, weights, device);
}

}  // namespace

Tensor max_pool(const Tensor& x, Index size) {
  check("max_pool", x, size);
  return max_along(max_along(x, 1, size), 2, size);
}

Tensor mean_pool(const Tensor& x, Index size) {
  check("mean_pool", x, size);
  const double share = 1 / static_cast<double>(size * size);
  return upfirdn2d(x, Tensor::full({size, size}, share, x.device()),
                   {.pad_before = size / 2, .pad_after = size / 2});
}

Tensor bilinear(const Tensor& x, Index H, Index W) {
  check("bilinear", x, 1);
  const Index N = x.size(0), C = x.size(3);
  Tensor y = x;
  if (y.size(1) != H) {
    const Tensor columns = reshape(y, {N, y.size(1), y.size(2) * C});
    y = reshape(matmul(interpolation(y.size(1), H, x.device()), columns), {N, H, y.size(2), C});
  }
  if (y.size(2) != W) {
    const Tensor rows = reshape(y, {N * H, y.size(2), C});
    y = reshape(matmul(interpolation(y.size(2), W, x.device()), rows), {N, H, W, C});
  }
  return y;
}

}  // namespace ito::nn
