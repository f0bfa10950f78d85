#include "diffusion/sde/subvp.h"

#include <cmath>

namespace ito {

double SubVpSde::diffusion(double t) const {
  return std::sqrt(beta_(t) * -std::expm1(4 * beta_.log_mean_scale(t)));
}

double SubVpSde::mean_scale(double t) const { return std::exp(beta_.log_mean_scale(t)); }

double SubVpSde::std(double t) const { return -std::expm1(2 * beta_.log_mean_scale(t)); }

Parametrisation SubVpSde::parametrise(double t, Labels labels) const {
  if (labels == Labels::discrete)
    fail("subvp", "there is no discrete form of the sub-VP SDE: use continuous labels");
  return {999 * t, -1 / std(t)};
}

}  // namespace ito
