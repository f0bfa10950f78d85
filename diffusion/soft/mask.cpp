#include "diffusion/soft/mask.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace ito {

Tensor Masking::masks(const std::vector<double>& share) const {
  std::vector<Tensor> all;
  Shape one = {1};
  one.insert(one.end(), item().begin(), item().end());
  for (const double share_n : share) all.push_back(reshape(masks_(share_n), one));
  return all.size() == 1 ? all[0] : concat(all, 0);
}

namespace {

void check_masked_images(const Shape& item) {
  if (item.rank() != 3) fail("mask", "expected images [H, W, C], got items of shape ", item);
}

/// Pixels by their distance from the centre, the larger of rows and columns: squares around it.
std::vector<Index> from_the_centre(Index H, Index W) {
  const auto distance = [H, W](Index pixel) {
    return std::max(std::abs(2 * (pixel / W) + 1 - H), std::abs(2 * (pixel % W) + 1 - W));
  };
  std::vector<Index> order(static_cast<std::size_t>(H * W));
  std::iota(order.begin(), order.end(), Index{0});
  std::ranges::stable_sort(order, {}, distance);
  return order;
}

}  // namespace

MaskSchedule masks_in_order(const Shape& item, std::vector<Index> order, Vanishing vanishing) {
  check_masked_images(item);
  const Index pixels = item[0] * item[1];
  std::vector<Index> sorted = order;
  std::ranges::sort(sorted);
  for (Index i = 0; i < pixels; ++i)
    if (static_cast<Index>(sorted.size()) != pixels || sorted[static_cast<std::size_t>(i)] != i)
      fail("mask", "expected an order of the pixels 0 to ", pixels - 1, ", each once");
  return [item, order = std::move(order), vanishing](double share) {
    const double gone = share * static_cast<double>(order.size());  // pixels
    Tensor mask = Tensor::full(item, 1);
    for (std::size_t i = 0; i < order.size(); ++i) {
      const double left = std::clamp(static_cast<double>(i + 1) - gone, 0.0, 1.0);
      const double kept = vanishing == Vanishing::fading ? left : left > 0.5 ? 1 : 0;
      std::fill_n(mask.mutable_data() + order[i] * item[2], item[2], static_cast<Real>(kept));
    }
    return mask;
  };
}

std::unique_ptr<Masking> centred_masking(const Shape& item, Vanishing vanishing) {
  check_masked_images(item);
  return std::make_unique<Masking>(
      item, vanishing == Vanishing::fading ? "mask:fading" : "mask",
      masks_in_order(item, from_the_centre(item[0], item[1]), vanishing));
}

std::unique_ptr<Masking> random_masking(const Shape& item, std::uint64_t seed) {
  check_masked_images(item);
  return std::make_unique<Masking>(
      item, "mask:random",
      masks_in_order(item,
                     permutation(item[0] * item[1], {.seed = seed, .purpose = Purpose::probe})));
}

MaskSchedule masks_of_list(Tensor masks) {
  if (masks.rank() < 2 || masks.size(0) < 2)
    fail("mask", "expected a list of at least 2 masks, got ", masks.shape());
  for (const Real value : masks.to_host())
    if (value != 0 && value != 1) fail("mask", "expected masks of 1 and 0, got ", value);
  if (sum_squares(slice(masks, 0, 0, 1) - 1) != 0)
    fail("mask", "expected the first mask to keep everything");
  Shape item = masks.shape();
  item.erase(item.begin());
  return [masks = std::move(masks), item = std::move(item)](double share) {
    const auto i = std::llround(share * static_cast<double>(masks.size(0) - 1));
    return reshape(slice(masks, 0, i, i + 1), item);
  };
}

}  // namespace ito
