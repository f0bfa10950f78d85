#include <gtest/gtest.h>

#include <cmath>

#include "everywhere.h"
#include "kernels/kernels.h"

namespace ito::kernels::test {
namespace {

std::size_t at(Index i) { return static_cast<std::size_t>(i); }

/// The definition, step by step: insert zeros; pad or crop; convolve; keep every down-th sample.
struct Reference {
  std::vector<Exact> y, bound;
};
Reference filtered(const Fir& s, const Values& x, const Values& k) {
  // The value of the upsampled and padded image at (i, j), i and j of any sign.
  const auto padded = [&](Index n, Index i, Index j, Index c) -> Exact {
    const Index h = i - s.pad_y, w = j - s.pad_x;
    if (h < 0 || w < 0 || h >= s.H * s.up || w >= s.W * s.up) return 0;
    if (h % s.up != 0 || w % s.up != 0) return 0;
    return x[at(((n * s.H + h / s.up) * s.W + w / s.up) * s.C + c)];
  };
  Reference r;
  for (Index iy = 0; iy < s.N * s.P * s.Q * s.C; ++iy) {
    const Index c = iy % s.C, q = iy / s.C % s.Q, p = iy / s.C / s.Q % s.P;
    const Index n = iy / s.C / s.Q / s.P;
    Exact sum = 0, magnitude = 0;
    for (Index i = 0; i < s.KH; ++i) {
      for (Index j = 0; j < s.KW; ++j) {
        const Index ki = s.flip ? i : s.KH - 1 - i, kj = s.flip ? j : s.KW - 1 - j;
        const Exact term = static_cast<Exact>(k[at(ki * s.KW + kj)]) *
                           padded(n, p * s.down + i, q * s.down + j, c);
        sum += term;
        magnitude += std::fabs(term);
      }
    }
    r.y.push_back(sum);
    // (terms + 1) u (sum of magnitudes), doubled for the second order
    r.bound.push_back(2 * roundoff * static_cast<Exact>(s.KH * s.KW + 1) * magnitude);
  }
  return r;
}

Fir shape(Index N, Index H, Index W, Index C, Index KH, Index KW, Index up, Index down, Index pad_y,
          Index pad_x, Index behind) {
  Fir s{N, H, W, C, KH, KW, 0, 0, up, down, pad_y, pad_x, false};
  s.P = (H * up + pad_y + behind - KH) / down + 1;
  s.Q = (W * up + pad_x + behind - KW) / down + 1;
  return s;
}

void check(Fir s) {
  for (const bool flip : {false, true}) {
    s.flip = flip;
    SCOPED_TRACE(testing::Message()
                 << "H " << s.H << " W " << s.W << " C " << s.C << " KH " << s.KH << " KW " << s.KW
                 << " P " << s.P << " Q " << s.Q << " up " << s.up << " down " << s.down << " pad "
                 << s.pad_y << " " << s.pad_x << " flip " << flip);
    const Values x = values(1, s.N * s.H * s.W * s.C), k = values(2, s.KH * s.KW);
    const std::vector<Result> results = run_everywhere(
        {values(3, s.N * s.P * s.Q * s.C)},
        [&](const std::vector<Real*>& y) { upfirdn2d(Device::cpu, s, x.data(), k.data(), y[0]); });
    const Reference r = filtered(s, x, k);
    expect_close(results, 0, r.y, r.bound);
  }
}

TEST(Upfirdn2d, IsTheDefinition) {
  check(shape(2, 8, 8, 3, 4, 4, 1, 1, 2, 2, 1));
  check(shape(2, 8, 8, 16, 4, 4, 2, 1, 2, 2, 1));  // up-sampling of StyleGAN2
  check(shape(3, 8, 8, 17, 4, 4, 1, 2, 1, 1, 1));  // down-sampling
  check(shape(1, 7, 5, 4, 3, 5, 3, 2, 2, 1, 4));
  check(shape(1, 9, 11, 1, 2, 3, 2, 3, 0, 4, 3));
  check(shape(2, 4, 4, 33, 1, 1, 1, 1, 0, 0, 0));
}

TEST(Upfirdn2d, NegativePaddingCrops) {
  check(shape(2, 9, 9, 5, 3, 3, 1, 1, -2, -1, -1));
  check(shape(1, 8, 7, 3, 4, 4, 2, 2, -1, -3, 2));
  check(shape(1, 6, 6, 2, 2, 2, 3, 1, -4, 2, -3));
}

TEST(Upfirdn2d, KernelLargerThanTheImage) { check(shape(1, 2, 3, 4, 6, 7, 1, 1, 5, 6, 6)); }

TEST(Upfirdn2d, OutputBeyondTheImageIsZero) {
  Fir s = shape(1, 4, 4, 2, 3, 3, 1, 1, 1, 1, 1);
  s.P = 9;
  s.Q = 8;
  check(s);
}

}  // namespace
}  // namespace ito::kernels::test
