#include "diffusion/soft/downsampling.h"

#include <algorithm>
#include <cmath>

#include "diffusion/sde/sde.h"

namespace ito {

Downsampling::Downsampling(const Shape& item) : Corruption(item) {
  if (item.rank() != 3) fail("down", "expected images [H, W, C], got items of shape ", item);
  while ((item[0] | item[1]) % (Index{2} << levels_) == 0) ++levels_;
  if (levels_ == 0) fail("down", "expected an image of even sides, got ", item);
}

Tensor Downsampling::corrupt(const Tensor& x, const std::vector<double>& k) const {
  Tensor mixed;
  for (Index level = 0; level <= levels_; ++level) {
    const std::vector<double> share = per_sample(k, [&](double k_n) {
      return std::max(0.0, 1 - std::abs(k_n - static_cast<double>(level)));
    });
    if (std::ranges::all_of(share, [](double s) { return s == 0; })) continue;
    const Index block = Index{1} << level;
    const Tensor D_x = level == 0 ? x : upsample_nearest(downsample_mean(x, block), block);
    const Tensor part = scale_per_sample(D_x, share);
    mixed = mixed.defined() ? mixed + part : part;
  }
  return mixed;
}

}  // namespace ito
