#include "diffusion/control/imputation.h"

#include <algorithm>

namespace ito {

Imputation::Imputation(const Sde& sde, Tensor known, Tensor mask, KnownPart part,
                       std::optional<Decoupling> decoupling)
    : sde_(sde),
      known_(std::move(known)),
      mask_(std::move(mask)),
      part_(part),
      decoupling_(std::move(decoupling)) {}

/// x with its known coordinates replaced.
Tensor Imputation::put(const Tensor& known, const Tensor& x) const {
  if (!decoupling_) return select(broadcast_to(mask_, x.shape()), known, x);
  const Tensor y = decoupling_->to(x);
  return decoupling_->from(select(broadcast_to(mask_, x.shape()), known, y));
}

Tensor Imputation::start(const Tensor& x_T, const Tensor& z) const {
  const Tensor known = broadcast_to(known_, x_T.shape());
  if (part_ == KnownPart::marginal)
    return put(sde_.perturb(known, Times(static_cast<std::size_t>(z.size(0)), sde_.T()), z), x_T);
  // The published code masks the prior draw before the change of coordinates.
  const Tensor mask = broadcast_to(mask_, x_T.shape()),
               zero = Tensor::zeros(x_T.shape(), x_T.device());
  return put(known, zero) + select(mask, zero, x_T);
}

Update Imputation::apply(const Update& state, const Times& t, const Times& s,
                         const Tensor& z) const {
  const Times& at = part_ == KnownPart::published ? t : s;
  const Tensor data = broadcast_to(known_, state.x.shape());
  if (std::all_of(at.begin(), at.end(), [](double a) { return a == 0; }))
    return {put(data, state.x), put(data, state.mean)};
  const Tensor mean =
      scale_per_sample(data, per_sample(at, [&](double a) { return sde_.mean_scale(a); }));
  const Tensor x = put(sde_.perturb(data, at, z), state.x);
  return {x, put(mean, part_ == KnownPart::published ? x : state.mean)};
}

}  // namespace ito
