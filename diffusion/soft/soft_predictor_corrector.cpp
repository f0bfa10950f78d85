#include "diffusion/soft/soft_predictor_corrector.h"

namespace ito {

Update SoftPredictorCorrector::step(const Tensor& x, const Times& t, const Times& s,
                                    const Tensor& z) const {
  Times m;
  for (std::size_t n = 0; n < t.size(); ++n) m.push_back((t[n] + s[n]) / 2);
  return corrector_.step(predictor_.step(x, t, m, z).x, m, s, z);
}

}  // namespace ito
