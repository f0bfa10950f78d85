#include "diffusion/soft/blur.h"

#include <algorithm>
#include <cmath>

namespace ito {

std::vector<double> gaussian_taps(Index half_size, double std) {
  std::vector<double> taps = {1};
  double total = 1;
  for (Index d = 1; d <= half_size; ++d) {
    const double x = static_cast<double>(d) / std;  // std = 0: infinite, the tap is 0
    taps.push_back(std::exp(-x * x / 2));
    total += 2 * taps.back();
  }
  for (double& tap : taps) tap /= total;
  return taps;
}

namespace {

/// G of each sample, [N, size, size]: G[i, j] is the tap at |i - j|.
Tensor toeplitz_matrices(Index size, Index half_size, const std::vector<double>& std) {
  std::vector<Real> values;
  values.reserve(std.size() * static_cast<std::size_t>(size * size));
  for (const double std_n : std) {
    std::vector<double> taps = gaussian_taps(half_size, std_n);
    taps.resize(static_cast<std::size_t>(std::max(size, half_size + 1)), 0);
    for (Index i = 0; i < size; ++i)
      for (Index j = 0; j < size; ++j)
        values.push_back(static_cast<Real>(taps[static_cast<std::size_t>(std::abs(i - j))]));
  }
  return Tensor({static_cast<Index>(std.size()), size, size}, values);
}

Index longer_side(const Shape& item) {
  if (item.rank() != 3) fail("blur", "expected images [H, W, C], got items of shape ", item);
  return std::max(item[0], item[1]);
}

}  // namespace

GaussianBlur::GaussianBlur(const Shape& item, Index half_size, double largest_std)
    : Corruption(item), half_size_(half_size), largest_std_(largest_std) {
  longer_side(item);
  if (half_size < 1 || half_size > 1 << 16)
    fail("blur", "expected a half-size of 1 to 65536 taps, got ", half_size);
  if (!(largest_std > 0 && largest_std < 1e6))
    fail("blur", "expected a standard deviation above 0, got ", largest_std);
}

GaussianBlur::GaussianBlur(const Shape& item)
    : GaussianBlur(item, longer_side(item), 18.0 / 32 * static_cast<double>(longer_side(item))) {}

std::string GaussianBlur::remark() const {
  const Index side = longer_side(item());
  if (half_size_ <= 5 * side / 2) return "";
  return text("blur: of the kernel's half-size of ", half_size_, " only ", side - 1,
              " taps a side can meet the image; the others meet zeros, and keep their share of "
              "the kernel's sum");
}

std::string GaussianBlur::name() const { return text("blur:", half_size_, ",", largest_std_); }

Tensor GaussianBlur::corrupt(const Tensor& x, const std::vector<double>& std) const {
  const Index N = x.size(0), H = item()[0], W = item()[1], C = item()[2];
  const Tensor rows = toeplitz_matrices(H, half_size_, std);
  const Tensor columns = H == W ? rows : toeplitz_matrices(W, half_size_, std);
  const Tensor down = reshape(matmul(rows, reshape(x, {N, H, W * C})), {N, H, W, C});
  const Tensor turned = reshape(permute(down, {0, 2, 1, 3}), {N, W, H * C});
  return permute(reshape(matmul(columns, turned), {N, W, H, C}), {0, 2, 1, 3});
}

}  // namespace ito
