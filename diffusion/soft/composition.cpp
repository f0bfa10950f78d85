#include "diffusion/soft/composition.h"

#include <algorithm>

#include "diffusion/sde/sde.h"

namespace ito {

namespace {

std::vector<double> parameters_at(const Corruption& C, const std::vector<double>& u) {
  const double from = C.clean(), to = C.strongest();
  return per_sample(u, [&](double u_n) { return u_n < 1 ? from + u_n * (to - from) : to; });
}

}  // namespace

Composition::Composition(std::unique_ptr<Corruption> first, std::unique_ptr<Corruption> second)
    : Corruption(first->item()), first_(std::move(first)), second_(std::move(second)) {
  if (first_->item() != second_->item())
    fail("corruption", "cannot follow one of items ", first_->item(), " by one of ",
         second_->item());
}

Tensor Composition::corrupt(const Tensor& x, const std::vector<double>& u) const {
  return second_->apply(first_->apply(x, parameters_at(*first_, u)), parameters_at(*second_, u));
}

Tensor Composition::corrupt_transposed(const Tensor& y, const std::vector<double>& u) const {
  return first_->adjoint(second_->adjoint(y, parameters_at(*second_, u)),
                         parameters_at(*first_, u));
}

}  // namespace ito
