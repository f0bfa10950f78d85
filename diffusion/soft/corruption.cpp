#include "diffusion/soft/corruption.h"

#include <algorithm>

namespace ito {

void Corruption::check(const char* what, const Tensor& x, const std::vector<double>& a) const {
  Shape expected = {static_cast<Index>(a.size())};
  expected.insert(expected.end(), item_.begin(), item_.end());
  if (x.shape() != expected)
    fail(what, "the corruption ", name(), " of ", a.size(), " parameters is of ", expected,
         ", got ", x.shape());
  const auto [least, most] = std::minmax({clean(), strongest()});
  for (std::size_t n = 0; n < a.size(); ++n)
    if (!(a[n] >= least && a[n] <= most))
      fail(what, "the corruption ", name(), " goes from ", clean(), " to ", strongest(), ", got ",
           a[n], " for sample ", n);
}

Tensor Corruption::apply(const Tensor& x, const std::vector<double>& a) const {
  check("corruption", x, a);
  return corrupt(x, a);
}

Tensor Corruption::adjoint(const Tensor& y, const std::vector<double>& a) const {
  check("corruption", y, a);
  return corrupt_transposed(y, a);
}

Tensor Corruption::apply(const Tensor& x, double a) const {
  return apply(x, std::vector<double>(static_cast<std::size_t>(x.size(0)), a));
}

}  // namespace ito
