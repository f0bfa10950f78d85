// Up- and down-sampling of images. upfirdn2d is closed under vjp: its adjoint is an upfirdn2d with
// up and down exchanged and the kernel flipped. Nearest and mean resampling are its box kernels.

#include "engine/autograd.h"
#include "engine/ops.h"
#include "engine/ops/device_of.h"
#include "kernels/kernels.h"

namespace ito {
namespace {

using Gradients = std::vector<Tensor>;

/// The adjoint of geometry s as a geometry of its own. With y[p] = sum_j z[p down + j] k~[j], z the
/// zero-inserted input shifted by pad, the adjoint inserts down-1 zeros into y, pads by KH - 1 -
/// pad, filters with the kernel flipped and keeps every up-th sample.
kernels::Fir adjoint(const kernels::Fir& s) {
  kernels::Fir a = s;
  a.H = s.P, a.W = s.Q, a.P = s.H, a.Q = s.W;
  a.up = s.down, a.down = s.up;
  a.pad_y = s.KH - 1 - s.pad_y;
  a.pad_x = s.KW - 1 - s.pad_x;
  a.flip = !s.flip;
  return a;
}

Tensor filter(const Tensor& x, const Tensor& kernel, const kernels::Fir& s) {
  Tensor y({s.N, s.P, s.Q, s.C}, device_of("upfirdn2d", x, kernel));
  kernels::upfirdn2d(x.device(), s, x.data(), kernel.data(), y.mutable_data());
  return record(
      "upfirdn2d", y, {x},
      [kernel, s](const Backward& v) { return Gradients{filter(v.g, kernel, adjoint(s))}; },
      keep_shapes);
}

void check_image(const char* where, const Tensor& x, Index factor) {
  if (x.rank() != 4) fail(where, "expected [N, H, W, C], got ", x.shape());
  if (factor < 1) fail(where, "expected a positive factor, got ", factor);
}

}  // namespace

Tensor upfirdn2d(const Tensor& x, const Tensor& kernel, FirOptions options) {
  check_image("upfirdn2d", x, std::min(options.up, options.down));
  if (kernel.rank() != 2) fail("upfirdn2d", "expected a kernel [KH, KW], got ", kernel.shape());
  const auto output_size = [&](Index n, Index taps) {
    const Index reach = n * options.up + options.pad_before + options.pad_after - taps;
    if (reach < 0) {
      fail("upfirdn2d", "a kernel of ", taps, " does not fit size ", n, " times ", options.up,
           " padded by ", options.pad_before, " and ", options.pad_after);
    }
    return reach / options.down + 1;
  };
  kernels::Fir s;
  s.N = x.size(0), s.H = x.size(1), s.W = x.size(2), s.C = x.size(3);
  s.KH = kernel.size(0), s.KW = kernel.size(1);
  s.P = output_size(s.H, s.KH), s.Q = output_size(s.W, s.KW);
  s.up = options.up, s.down = options.down;
  s.pad_y = s.pad_x = options.pad_before;
  return filter(x, kernel.detach(), s);
}

Tensor upsample_nearest(const Tensor& x, Index factor) {
  check_image("upsample_nearest", x, factor);
  return upfirdn2d(x, Tensor::full({factor, factor}, 1, x.device()),
                   {.up = factor, .pad_before = factor - 1});
}

Tensor downsample_mean(const Tensor& x, Index factor) {
  check_image("downsample_mean", x, factor);
  if (x.size(1) % factor != 0 || x.size(2) % factor != 0) {
    fail("downsample_mean", "factor ", factor, " does not divide the sides of ", x.shape());
  }
  const double weight = 1 / static_cast<double>(factor * factor);
  return upfirdn2d(x, Tensor::full({factor, factor}, weight, x.device()), {.down = factor});
}

}  // namespace ito
