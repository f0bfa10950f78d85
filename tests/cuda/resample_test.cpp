// FIR resampling on the device against the CPU's.

#include "kernels/kernels.h"
#include "tests/cuda/on_device.h"

namespace ito::kernels::test {
namespace {

class CudaUpfirdn2d : public OnDevice {};

/// Both sides sum KH KW products with an error of at most (KH KW + 1) u times the sum of
/// magnitudes.
void check(Fir s, Index behind) {
  s.P = (s.H * s.up + s.pad_y + behind - s.KH) / s.down + 1;
  s.Q = (s.W * s.up + s.pad_x + behind - s.KW) / s.down + 1;
  for (const bool flip : {false, true}) {
    s.flip = flip;
    SCOPED_TRACE(testing::Message() << "H " << s.H << " W " << s.W << " C " << s.C << " KH " << s.KH
                                    << " KW " << s.KW << " up " << s.up << " down " << s.down
                                    << " pad " << s.pad_y << " " << s.pad_x << " flip " << flip);
    const std::vector<Values> in = {values(1, s.N * s.H * s.W * s.C), values(2, s.KH * s.KW)};
    const std::vector<Index> out = {s.N * s.P * s.Q * s.C};
    const Compute compute = [s](Device device, const Operands& p) {
      upfirdn2d(device, s, p.in[0], p.in[1], p.out[0]);
    };
    const auto device = run_on(Device::cuda, in, out, compute);
    const auto cpu = run_on(Device::cpu, in, out, compute);
    const auto size = run_on(Device::cpu, {magnitudes(in[0]), magnitudes(in[1])}, out, compute);
    const double factor = 2.02 * roundoff * static_cast<double>(s.KH * s.KW + 1);
    expect_close(device[0], cpu[0], times(factor, size[0]));
  }
}

Fir fir(Index N, Index H, Index W, Index C, Index KH, Index KW, Index up, Index down, Index pad_y,
        Index pad_x) {
  return {N, H, W, C, KH, KW, 0, 0, up, down, pad_y, pad_x, false};
}

TEST_F(CudaUpfirdn2d, IsThatOfTheCpu) {
  check(fir(2, 8, 8, 3, 4, 4, 1, 1, 2, 2), 1);
  check(fir(2, 8, 8, 16, 4, 4, 2, 1, 2, 2), 1);  // up-sampling of StyleGAN2
  check(fir(3, 8, 8, 17, 4, 4, 1, 2, 1, 1), 1);  // down-sampling
  check(fir(1, 7, 5, 4, 3, 5, 3, 2, 2, 1), 4);
  check(fir(1, 9, 11, 1, 2, 3, 2, 3, 0, 4), 3);
  check(fir(2, 4, 4, 132, 1, 1, 1, 1, 0, 0), 0);
  check(fir(2, 9, 9, 5, 3, 3, 1, 1, -2, -1), -1);  // negative padding crops
  check(fir(2, 9, 9, 8, 3, 3, 2, 1, -3, -1), -2);
}

}  // namespace
}  // namespace ito::kernels::test
