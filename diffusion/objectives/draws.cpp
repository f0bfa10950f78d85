#include "diffusion/objectives/draws.h"

namespace ito {

Times draw_times(const Sde& sde, Index examples, const BatchAddress& address, double eps) {
  auto u = uniform_per_image(examples, address.stream(Purpose::time));
  return per_sample(u, [&](double u_n) { return eps + u_n * (sde.T() - eps); });
}

std::vector<Index> draw_indices(const Sde& sde, Index examples, const BatchAddress& address) {
  return integer_per_image(examples, sde.N(), address.stream(Purpose::time));
}

Tensor draw_noise(const Shape& shape, const BatchAddress& address, Device device) {
  return random_normal(shape, address.stream(Purpose::noise), device);
}

}  // namespace ito
