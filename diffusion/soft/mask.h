#pragma once
// Masking (Daras et al. 2022, section 4): some pixels of the image become 0, more and more of them.

#include "diffusion/soft/corruption.h"

namespace ito {

/// The mask [item...] of a share from 0 (all 1) to 1: 1 where the image is kept, else 0, or between
/// where it fades.
using MaskSchedule = std::function<Tensor(double share)>;

class Masking : public Corruption {
 public:
  /// Any schedule of masks; `name` is what it is called.
  Masking(const Shape& item, std::string name, MaskSchedule masks)
      : Corruption(item), name_(std::move(name)), masks_(std::move(masks)) {}

  std::string name() const override { return name_; }
  double clean() const override { return 0; }
  double strongest() const override { return 1; }

  /// The masks of these shares, [N, item...].
  Tensor masks(const std::vector<double>& share) const;

 protected:
  Tensor corrupt(const Tensor& x, const std::vector<double>& share) const override {
    return x * masks(share);
  }

 private:
  std::string name_;
  MaskSchedule masks_;
};

/// How a pixel vanishes as the share grows.
enum class Vanishing {
  at_once,  ///< at the middle of its 1 / (H W) of the share: masks are binary, as published
  fading    ///< linearly in it: then C_t has a derivative, which the samplers' limit wants
};

/// Pixels of images [H, W, C] vanish one after another in `order`, which holds each of 0..H W - 1
/// once.
MaskSchedule masks_in_order(const Shape& item, std::vector<Index> order,
                            Vanishing vanishing = Vanishing::at_once);
/// From the centre outwards, a growing square: "mask", or "mask:fading".
std::unique_ptr<Masking> centred_masking(const Shape& item,
                                         Vanishing vanishing = Vanishing::at_once);
/// In one random order, the same for all images: "mask:random".
std::unique_ptr<Masking> random_masking(const Shape& item, std::uint64_t seed = 0);
/// The masks [L, item...] of a list, the first all 1, as evenly spaced shares; the nearest counts.
MaskSchedule masks_of_list(Tensor masks);

}  // namespace ito
