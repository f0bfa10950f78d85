// Direct convolutions against sums of products; winograd_test.cpp has the fast ones.

#include <gtest/gtest.h>

#include <cmath>

#include "everywhere.h"
#include "kernels/kernels.h"
#include "tests/conv_shape.h"
#include "tests/convolution_mode.h"

namespace ito::kernels::test {
namespace {

using ito::test::WithConvolutionMode;

std::size_t at(Index i) { return static_cast<std::size_t>(i); }

struct Sizes {
  Index x, w, y;
};
Sizes sizes(const Conv& s) {
  return {s.N * s.H * s.W * s.C, s.KH * s.KW * s.C * s.O, s.N * s.P * s.Q * s.O};
}

/// Calls f(ix, iw, iy) for every product x[ix] w[iw] that y[iy] is the sum of.
template <class F>
void for_each_product(const Conv& s, const F& f) {
  for (Index iy = 0; iy < sizes(s).y; ++iy) {
    const Index o = iy % s.O, q = iy / s.O % s.Q, p = iy / s.O / s.Q % s.P;
    const Index n = iy / s.O / s.Q / s.P;
    for (Index iw = o; iw < sizes(s).w; iw += s.O) {
      const Index c = iw / s.O % s.C, kw = iw / s.O / s.C % s.KW, kh = iw / s.O / s.C / s.KW;
      const Index h = p * s.stride + kh * s.dilation - s.pad;
      const Index w = q * s.stride + kw * s.dilation - s.pad;
      if (h < 0 || h >= s.H || w < 0 || w >= s.W) continue;
      f(((n * s.H + h) * s.W + w) * s.C + c, iw, iy);
    }
  }
}

/// A sum with its error bound: (terms + 1) u (sum of magnitudes), doubled for the second order.
struct Sums {
  std::vector<Exact> value, magnitude, terms;
  explicit Sums(Index n) : value(at(n), 0), magnitude(at(n), 0), terms(at(n), 1) {}
  void add(Index i, Real a, Real b) {
    const Exact term = static_cast<Exact>(a) * static_cast<Exact>(b);
    value[at(i)] += term;
    magnitude[at(i)] += std::fabs(term);
    terms[at(i)] += 1;
  }
  std::vector<Exact> bound() const {
    std::vector<Exact> result;
    for (std::size_t i = 0; i < value.size(); ++i) {
      result.push_back(2 * roundoff * terms[i] * magnitude[i]);
    }
    return result;
  }
};

void check(const Conv& s) {
  SCOPED_TRACE(testing::Message() << "N " << s.N << " H " << s.H << " W " << s.W << " C " << s.C
                                  << " KH " << s.KH << " KW " << s.KW << " P " << s.P << " Q "
                                  << s.Q << " O " << s.O << " stride " << s.stride << " pad "
                                  << s.pad << " dilation " << s.dilation);
  const WithConvolutionMode exact(ConvolutionMode::exact);
  const Values x = values(1, sizes(s).x), w = values(2, sizes(s).w), dy = values(3, sizes(s).y);
  const std::vector<Result> results =
      run_everywhere({values(4, sizes(s).y), values(5, sizes(s).x), values(6, sizes(s).w)},
                     [&](const std::vector<Real*>& out) {
                       conv2d(Device::cpu, s, x.data(), w.data(), out[0]);
                       conv2d_input_grad(Device::cpu, s, dy.data(), w.data(), out[1]);
                       conv2d_weight_grad(Device::cpu, s, x.data(), dy.data(), out[2]);
                     });
  Sums y(sizes(s).y), dx(sizes(s).x), dw(sizes(s).w);
  for_each_product(s, [&](Index ix, Index iw, Index iy) {
    y.add(iy, x[at(ix)], w[at(iw)]);
    dx.add(ix, dy[at(iy)], w[at(iw)]);
    dw.add(iw, x[at(ix)], dy[at(iy)]);
  });
  expect_close(results, 0, y.value, y.bound());
  expect_close(results, 1, dx.value, dx.bound());
  expect_close(results, 2, dw.value, dw.bound());
}

TEST(Conv, SameSize) {
  const Index channels[][2] = {{1, 1},  {1, 16},  {3, 8},  {16, 1}, {16, 16},
                               {32, 3}, {33, 20}, {7, 65}, {8, 32}, {40, 9}};
  for (const auto& c : channels) check(shape(3, 8, 8, c[0], 3, 3, c[1], 1, 1));
}

TEST(Conv, Pointwise) {
  check(shape(2, 5, 7, 16, 1, 1, 24));
  check(shape(3, 4, 4, 3, 1, 1, 5));
  check(shape(2, 5, 5, 9, 1, 1, 4, 2));
  check(shape(2, 5, 5, 9, 1, 1, 4, 1, 1));
}

TEST(Conv, StridePaddingDilation) {
  check(shape(2, 9, 8, 4, 3, 3, 6, 2, 1));
  check(shape(2, 9, 11, 8, 3, 2, 17, 2, 0));
  check(shape(1, 13, 12, 9, 2, 4, 5, 3, 2));
  check(shape(2, 10, 10, 8, 3, 3, 8, 1, 2, 2));
  check(shape(1, 11, 14, 12, 3, 3, 7, 2, 3, 3));
  check(shape(1, 6, 6, 2, 5, 5, 3, 1, 4));
}

TEST(Conv, PaddingBehindFollowsFromTheOutputSize) {
  Conv s = shape(2, 8, 8, 8, 3, 3, 8, 2, 0);
  s.P = s.Q = 4;  // zeros behind, none before: the down-sampling of DDPM
  check(s);
  s.P = 2;
  s.Q = 7;
  check(s);
  s.O = 3;
  check(s);
}

TEST(Conv, ManyPixels) {
  check(shape(35, 8, 8, 8, 3, 3, 4, 1, 1));
  check(shape(3, 40, 40, 2, 3, 3, 3, 1, 1));
}

TEST(Conv, DeepSumsCrossBlocks) {
  check(shape(1, 5, 5, 100, 3, 3, 70, 1, 1));
  check(shape(1, 3, 3, 300, 3, 3, 36, 1, 1));
}

TEST(Conv, EmptyImages) {
  Conv s = shape(0, 4, 4, 3, 3, 3, 2, 1, 1);
  check(s);
  s = shape(2, 4, 4, 0, 3, 3, 2, 1, 1);
  check(s);
}

/// An image's result must not depend on the batch that it is in.
void check_alone(const Conv& s) {
  const WithConvolutionMode exact(ConvolutionMode::exact);
  const Values x = values(1, sizes(s).x), w = values(2, sizes(s).w), dy = values(3, sizes(s).y);
  Values y(dy.size()), dx(x.size());
  conv2d(Device::cpu, s, x.data(), w.data(), y.data());
  conv2d_input_grad(Device::cpu, s, dy.data(), w.data(), dx.data());
  Conv one = s;
  one.N = 1;
  const Index nx = sizes(one).x, ny = sizes(one).y;
  for (Index n = 0; n < s.N; ++n) {
    Values y1(at(ny)), dx1(at(nx));
    conv2d(Device::cpu, one, x.data() + n * nx, w.data(), y1.data());
    conv2d_input_grad(Device::cpu, one, dy.data() + n * ny, w.data(), dx1.data());
    expect_same_bits(y1.data(), y.data() + n * ny, ny, "image " + std::to_string(n));
    expect_same_bits(dx1.data(), dx.data() + n * nx, nx, "input grad " + std::to_string(n));
  }
}

TEST(Conv, ImagesDoNotDependOnTheBatch) {
  for (const Index N : {2, 17, 64}) {
    check_alone(shape(N, 8, 8, 1, 3, 3, 16, 1, 1));
    check_alone(shape(N, 5, 5, 16, 3, 3, 33, 2, 1));
    check_alone(shape(N, 5, 5, 16, 3, 3, 1, 1, 1));
    check_alone(shape(N, 4, 4, 64, 1, 1, 64));
  }
  check_alone(shape(5, 6, 6, 256, 3, 3, 256, 1, 1));
}

}  // namespace
}  // namespace ito::kernels::test
