#include "diffusion/samplers/denoise_at_end.h"

#include <algorithm>

#include "diffusion/samplers/denoised.h"

namespace ito {

Update DenoiseAtEnd::step(const Tensor& x, const Times& t, const Times& s, const Tensor&) const {
  const bool last = std::all_of(s.begin(), s.end(), [](double s_n) { return s_n == 0; });
  return {x, last ? denoised(sde_, x, t, score_(x, t)) : x};
}

}  // namespace ito
