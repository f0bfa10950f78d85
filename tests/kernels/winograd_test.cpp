// Convolutions by Winograd's algorithm: their error, their bits, and which of them are direct.

#include <gtest/gtest.h>

#include <cmath>

#include "everywhere.h"
#include "kernels/kernels.h"
#include "tests/convolution_mode.h"

namespace ito::kernels::test {
namespace {

using ito::test::WithConvolutionMode;

/// The promised relative L2 error of float, and as many roundoffs of double.
constexpr Exact promised = 2e-5L * (roundoff / 0x1p-24L);

std::size_t at(Index i) { return static_cast<std::size_t>(i); }

Conv shape(Index N, Index H, Index W, Index C, Index O, Index pad = 1) {
  return {N, H, W, C, 3, 3, H + 2 * pad - 2, W + 2 * pad - 2, O, 1, pad, 1};
}
Index x_size(const Conv& s) { return s.N * s.H * s.W * s.C; }
Index y_size(const Conv& s) { return s.N * s.P * s.Q * s.O; }
Index w_size(const Conv& s) { return 9 * s.C * s.O; }

/// The squared error and the squared length of what was compared.
struct Error {
  Exact squared_error = 0, squared_length = 0;
  void add(Real value, double exact) {
    squared_error += (Exact(value) - exact) * (Exact(value) - exact);
    squared_length += Exact(exact) * exact;
  }
  Exact relative() const { return std::sqrt(squared_error / squared_length); }
};

/// The operands and results of a convolution and its gradients, and results summed in double.
class Case {
 public:
  explicit Case(const Conv& s)
      : s_(s),
        x_(values(1, x_size(s))),
        w_(values(2, w_size(s))),
        dy_(values(3, y_size(s))),
        outputs_{Values(at(y_size(s))), Values(at(x_size(s))), Values(at(w_size(s)))} {
    // All bits in use: of the values as they are sums in double would be exact.
    for (Values* operand : {&x_, &w_, &dy_}) {
      for (Real& value : *operand) value /= 3;
    }
    for (std::size_t i = 0; i < x_.size(); i += 3) x_[i] += 1;  // as after an activation
  }

  void compute(Real* y, Real* dx, Real* dw) const {
    conv2d(Device::cpu, s_, x_.data(), w_.data(), y);
    conv2d_input_grad(Device::cpu, s_, dy_.data(), w_.data(), dx);
    conv2d_weight_grad(Device::cpu, s_, x_.data(), dy_.data(), dw);
  }
  void compute() { compute(outputs_[0].data(), outputs_[1].data(), outputs_[2].data()); }
  std::vector<Values>& outputs() { return outputs_; }

  /// Every `step`-th pixel of y, of x, and every `step`-th channel c of w.
  Error forward(Index step) const {
    Error error;
    for (Index i = 0; i < s_.N * s_.P * s_.Q; i += step) {
      std::vector<double> sum(at(s_.O), 0);
      for (Index k = 0; k < 9; ++k) {
        const Real* pixel =
            input(i / s_.P / s_.Q, i / s_.Q % s_.P + k / 3 - s_.pad, i % s_.Q + k % 3 - s_.pad);
        for (Index j = 0; pixel != nullptr && j < s_.C * s_.O; ++j) {
          sum[at(j % s_.O)] += double(pixel[j / s_.O]) * double(w_[at(k * s_.C * s_.O + j)]);
        }
      }
      for (Index o = 0; o < s_.O; ++o) error.add(outputs_[0][at(i * s_.O + o)], sum[at(o)]);
    }
    return error;
  }
  Error input_grad(Index step) const {
    Error error;
    for (Index i = 0; i < s_.N * s_.H * s_.W; i += step) {
      std::vector<double> sum(at(s_.C), 0);
      for (Index k = 0; k < 9; ++k) {
        const Real* pixel = output_grad(i / s_.H / s_.W, i / s_.W % s_.H - k / 3 + s_.pad,
                                        i % s_.W - k % 3 + s_.pad);
        for (Index j = 0; pixel != nullptr && j < s_.C * s_.O; ++j) {
          sum[at(j / s_.O)] += double(pixel[j % s_.O]) * double(w_[at(k * s_.C * s_.O + j)]);
        }
      }
      for (Index c = 0; c < s_.C; ++c) error.add(outputs_[1][at(i * s_.C + c)], sum[at(c)]);
    }
    return error;
  }
  Error weight_grad(Index step) const {
    Error error;
    for (Index i = 0; i < 9 * s_.C; i += step) {
      const Index k = i / s_.C, c = i % s_.C;
      std::vector<double> sum(at(s_.O), 0);
      for (Index p = 0; p < s_.N * s_.P * s_.Q; ++p) {
        const Real* pixel =
            input(p / s_.P / s_.Q, p / s_.Q % s_.P + k / 3 - s_.pad, p % s_.Q + k % 3 - s_.pad);
        if (pixel == nullptr) continue;
        for (Index o = 0; o < s_.O; ++o) {
          sum[at(o)] += double(pixel[c]) * double(dy_[at(p * s_.O + o)]);
        }
      }
      for (Index o = 0; o < s_.O; ++o) error.add(outputs_[2][at(i * s_.O + o)], sum[at(o)]);
    }
    return error;
  }

 private:
  /// A pixel, or null outside of the image.
  const Real* input(Index n, Index h, Index w) const {
    if (h < 0 || h >= s_.H || w < 0 || w >= s_.W) return nullptr;
    return x_.data() + ((n * s_.H + h) * s_.W + w) * s_.C;
  }
  const Real* output_grad(Index n, Index p, Index q) const {
    if (p < 0 || p >= s_.P || q < 0 || q >= s_.Q) return nullptr;
    return dy_.data() + ((n * s_.P + p) * s_.Q + q) * s_.O;
  }

  Conv s_;
  Values x_, w_, dy_;
  std::vector<Values> outputs_;
};

std::string text(const Conv& s) {
  std::string result;
  for (const Index i : {s.N, s.H, s.W, s.C, s.O, s.pad}) result += std::to_string(i) + " ";
  return result;
}

void expect_promised(const Case& c, Index pixels, Index channels) {
  EXPECT_LE(c.forward(pixels).relative(), promised);
  EXPECT_LE(c.input_grad(pixels).relative(), promised);
  EXPECT_LE(c.weight_grad(channels).relative(), promised);
}

/// At every level and number of threads.
void check_everywhere(const Conv& s) {
  SCOPED_TRACE(text(s));
  const WithConvolutionMode fast(ConvolutionMode::fast);
  Case c(s);
  const std::vector<Result> results = run_everywhere(
      c.outputs(), [&](const std::vector<Real*>& out) { c.compute(out[0], out[1], out[2]); });
  for (const Result& result : results) {
    SCOPED_TRACE(result.level);
    c.outputs() = result.outputs;
    expect_promised(c, 1, 1);
  }
}

TEST(Winograd, AnyChannels) {
  const Index channels[][2] = {{12, 12}, {16, 16}, {33, 20}, {16, 1}, {40, 65}, {150, 17}};
  for (const auto& c : channels) check_everywhere(shape(3, 8, 8, c[0], c[1]));
}

TEST(Winograd, AnySizeAndPadding) {
  for (const Index pad : {0, 1, 2}) {
    check_everywhere(shape(2, 9, 14, 16, 13, pad));
    check_everywhere(shape(3, 6, 6, 13, 16, pad));
    check_everywhere(shape(4, 4, 8, 14, 15, pad));
  }
  check_everywhere(shape(9, 2, 2, 16, 16));
  Conv s = shape(2, 8, 8, 16, 16);
  s.P = 7;  // one row of zeros before, none behind
  s.Q = 12;
  check_everywhere(s);
}

TEST(Winograd, BothOrdersAndSeveralPieces) {
  check_everywhere(shape(65, 4, 4, 32, 36));
  check_everywhere(shape(3, 32, 32, 12, 40));
  check_everywhere(shape(5, 28, 28, 66, 12));
  check_everywhere(shape(1, 130, 132, 12, 12));  // 1,089 tiles in one image
}

/// The shapes of DDPM, CIFAR-10 and MNIST size; the error of a part of the results.
TEST(Winograd, ErrorIsAsPromised) {
  const WithConvolutionMode fast(ConvolutionMode::fast);
  const Index shapes[][4] = {{8, 32, 128, 128}, {4, 16, 256, 256}, {8, 8, 256, 256},
                             {2, 16, 512, 256}, {8, 4, 256, 512},  {8, 4, 512, 256},
                             {16, 32, 32, 32},  {16, 16, 64, 64},  {64, 8, 128, 64}};
  for (const auto& i : shapes) {
    const Conv s = shape(i[0], i[1], i[1], i[2], i[3]);
    SCOPED_TRACE(text(s));
    Case c(s);
    c.compute();
    expect_promised(c, s.N * s.H * s.W / 29, s.C / 3);
  }
}

TEST(Winograd, ImagesDoNotDependOnTheBatch) {
  const WithConvolutionMode fast(ConvolutionMode::fast);
  for (const Conv& s : {shape(17, 8, 8, 16, 33), shape(65, 6, 6, 12, 12), shape(70, 4, 4, 64, 64),
                        shape(2, 9, 32, 32, 16), shape(9, 4, 4, 256, 300)}) {
    SCOPED_TRACE(text(s));
    const Values x = values(1, x_size(s)), w = values(2, w_size(s)), dy = values(3, y_size(s));
    Values y(dy.size()), dx(x.size());
    conv2d(Device::cpu, s, x.data(), w.data(), y.data());
    conv2d_input_grad(Device::cpu, s, dy.data(), w.data(), dx.data());
    Conv one = s;
    one.N = 1;
    const Index nx = x_size(one), ny = y_size(one);
    Values y1(at(ny)), dx1(at(nx));
    for (Index n = 0; n < s.N; ++n) {
      conv2d(Device::cpu, one, x.data() + n * nx, w.data(), y1.data());
      conv2d_input_grad(Device::cpu, one, dy.data() + n * ny, w.data(), dx1.data());
      expect_same_bits(y1.data(), y.data() + n * ny, ny, "image " + std::to_string(n));
      expect_same_bits(dx1.data(), dx.data() + n * nx, nx, "input grad " + std::to_string(n));
    }
  }
}

/// Whether the modes give different bits in y, dx and dw: whether Winograd's algorithm is in use.
std::vector<bool> differ(const Conv& s) {
  Case fast(s), exact(s);
  {
    const WithConvolutionMode mode(ConvolutionMode::fast);
    fast.compute();
  }
  const WithConvolutionMode mode(ConvolutionMode::exact);
  exact.compute();
  std::vector<bool> result;
  for (std::size_t i = 0; i < 3; ++i) result.push_back(fast.outputs()[i] != exact.outputs()[i]);
  return result;
}

// What is added on the way to the result is what add_shift adds to it afterwards, to the bit.
TEST(Winograd, AddsOnTheWay) {
  const WithConvolutionMode fast(ConvolutionMode::fast);
  for (const Conv& s : {shape(2, 9, 7, 13, 19), shape(1, 2, 2, 16, 35), shape(5, 32, 32, 12, 3)}) {
    const Values x = values(1, x_size(s)), w = values(2, w_size(s));
    const Values shift = values(3, s.N * s.O), residual = values(4, y_size(s));
    for (const bool per_image : {false, true}) {
      for (const bool with_residual : {false, true}) {
        const Addend a{shift.data(), with_residual ? residual.data() : nullptr, per_image,
                       Real(0.7)};
        Values at_once(at(y_size(s))), later(at(y_size(s)));
        conv2d_add(Device::cpu, s, x.data(), w.data(), a, at_once.data());
        conv2d(Device::cpu, s, x.data(), w.data(), later.data());
        add_shift(Device::cpu, a, later.data(), s.N, s.P * s.Q, s.O);
        EXPECT_EQ(at_once, later) << s.H << "x" << s.W << " " << per_image << with_residual;
      }
    }
  }
}

TEST(Winograd, ServesWhereItIsFasterAndNotInExactMode) {
  const std::vector<bool> all = {true, true, true}, none = {false, false, false};
  EXPECT_EQ(differ(shape(2, 8, 8, 32, 32)), all);
  EXPECT_EQ(differ(shape(9, 2, 2, 32, 32)), all);
  EXPECT_EQ(differ(shape(2, 8, 8, 3, 32)), (std::vector<bool>{false, true, false}));
  EXPECT_EQ(differ(shape(2, 8, 8, 32, 3)), none);
  EXPECT_EQ(differ(shape(2, 4, 4, 32, 32)), (std::vector<bool>{true, true, false}));
  EXPECT_EQ(differ(shape(9, 5, 5, 32, 32)), none);
  Conv dilated = shape(2, 8, 8, 32, 32);
  dilated.dilation = dilated.pad = 2;
  EXPECT_EQ(differ(dilated), none);
}

}  // namespace
}  // namespace ito::kernels::test
