// Convolutions on the device against the CPU's direct ones.

#include "kernels/kernels.h"
#include "kernels/precision.h"
#include "tests/conv_shape.h"
#include "tests/convolution_mode.h"
#include "tests/cuda/on_device.h"

namespace ito::kernels::test {
namespace {

class CudaConv : public OnDevice {};
class CudaWinograd : public OnDevice {};

using ito::test::WithConvolutionMode;

Index x_size(const Conv& s) { return s.N * s.H * s.W * s.C; }
Index w_size(const Conv& s) { return s.KH * s.KW * s.C * s.O; }
Index y_size(const Conv& s) { return s.N * s.P * s.Q * s.O; }

/// y, dx and dw of (x, w, dy).
Compute all_three(const Conv& s) {
  return [s](Device device, const Operands& p) {
    conv2d(device, s, p.in[0], p.in[1], p.out[0]);
    conv2d_input_grad(device, s, p.in[2], p.in[1], p.out[1]);
    conv2d_weight_grad(device, s, p.in[0], p.in[2], p.out[2]);
  };
}

std::vector<Values> inputs(const Conv& s) {
  return {values(1, x_size(s)), values(2, w_size(s)), values(3, y_size(s))};
}
std::vector<Index> outputs(const Conv& s) { return {y_size(s), x_size(s), w_size(s)}; }

std::string description(const Conv& s) {
  return (testing::Message() << "N " << s.N << " H " << s.H << " W " << s.W << " C " << s.C
                             << " KH " << s.KH << " KW " << s.KW << " P " << s.P << " Q " << s.Q
                             << " O " << s.O << " stride " << s.stride << " pad " << s.pad
                             << " dilation " << s.dilation)
      .GetString();
}

/// Either side sums K products with an error of at most (K + 1) u times the sum of their
/// magnitudes, which is the same convolution of magnitudes.
void check(const Conv& s) {
  SCOPED_TRACE(description(s));
  const WithConvolutionMode exact(ConvolutionMode::exact);
  const auto device = run_on(Device::cuda, inputs(s), outputs(s), all_three(s));
  const auto cpu = run_on(Device::cpu, inputs(s), outputs(s), all_three(s));
  std::vector<Values> positive;
  for (const Values& x : inputs(s)) positive.push_back(magnitudes(x));
  const auto size = run_on(Device::cpu, positive, outputs(s), all_three(s));
  const Index taps = s.KH * s.KW;
  const Index terms[] = {taps * s.C, taps * s.O, s.N * s.P * s.Q};
  for (std::size_t i = 0; i < 3; ++i) {
    SCOPED_TRACE(i);
    const double factor = 2.02 * roundoff * static_cast<double>(terms[i] + 1);
    expect_close(device[i], cpu[i], times(factor, size[i]));
  }
}

TEST_F(CudaConv, ChannelsOfAllWidths) {
  const Index channels[][2] = {{1, 1}, {3, 8},  {4, 3},   {16, 4},  {8, 16},
                               {7, 5}, {12, 9}, {20, 65}, {33, 20}, {68, 8}};
  for (const auto& c : channels) check(shape(2, 5, 6, c[0], 3, 3, c[1], 1, 1));
}

TEST_F(CudaConv, StridePaddingDilation) {
  check(shape(2, 5, 7, 8, 1, 1, 12));
  check(shape(2, 5, 6, 9, 1, 1, 4, 2));
  check(shape(2, 9, 8, 4, 3, 3, 8, 2, 1));
  check(shape(1, 9, 9, 4, 3, 3, 4, 4, 1, 2));
  check(shape(2, 9, 11, 8, 3, 2, 17, 2, 0));
  check(shape(1, 13, 12, 9, 2, 4, 5, 3, 2));
  check(shape(2, 10, 10, 8, 3, 3, 8, 1, 2, 2));
  check(shape(1, 11, 14, 12, 3, 3, 7, 2, 3, 3));
  check(shape(1, 6, 6, 2, 5, 5, 3, 1, 4));
}

TEST_F(CudaConv, PaddingBehindFollowsFromTheOutputSize) {
  Conv s = shape(2, 8, 8, 8, 3, 3, 8, 2, 0);
  s.P = s.Q = 4;  // zeros behind, none before: the down-sampling of DDPM
  check(s);
  s.P = 2;
  s.Q = 7;
  check(s);
}

TEST_F(CudaConv, LargeTiles) {  // forward and weight gradient by O, input gradient by C
  check(shape(3, 12, 12, 8, 3, 3, 132, 1, 1));
  check(shape(3, 12, 12, 132, 2, 2, 8, 1, 1));
}

TEST_F(CudaConv, Empty) {
  check(shape(0, 4, 4, 3, 3, 3, 2, 1, 1));
  check(shape(2, 4, 4, 0, 3, 3, 2, 1, 1));
}

/// y with each kind of addend; the two roundings of the sum and that of the scale come on top.
void check_addend(const Conv& s, ConvolutionMode mode, double tolerance) {
  SCOPED_TRACE(description(s));
  for (const bool per_image : {false, true}) {
    for (const bool residual : {false, true}) {
      SCOPED_TRACE(testing::Message() << "per image " << per_image << " residual " << residual);
      const std::vector<Values> in = {values(1, x_size(s)), values(2, w_size(s)),
                                      values(3, (per_image ? s.N : 1) * s.O), values(4, y_size(s))};
      const Compute compute = [&](Device device, const Operands& p) {
        const Addend a{p.in[2], residual ? p.in[3] : nullptr, per_image, Real(0.7)};
        conv2d_add(device, s, p.in[0], p.in[1], a, p.out[0]);
      };
      std::vector<Values> device, cpu;
      {
        const WithConvolutionMode chosen(mode);
        device = run_on(Device::cuda, in, {y_size(s)}, compute);
      }
      {
        const WithConvolutionMode exact(ConvolutionMode::exact);
        cpu = run_on(Device::cpu, in, {y_size(s)}, compute);
      }
      EXPECT_LT(relative_error(device[0], cpu[0]), tolerance);
    }
  }
}

/// Sums of K <= 108 terms: the relative error of two of them is far below 2 K u.
TEST_F(CudaConv, Addends) {
  const double tolerance = 2 * 108 * roundoff;
  check_addend(shape(3, 5, 4, 12, 3, 3, 8, 1, 1), ConvolutionMode::exact, tolerance);
  check_addend(shape(3, 5, 4, 3, 3, 3, 7, 2, 1), ConvolutionMode::exact, tolerance);
  check_addend(shape(3, 5, 4, 8, 1, 1, 3), ConvolutionMode::exact, tolerance);
}

/// What convolution.h promises of the fast mode: 2e-5 in single precision, 335 u.
constexpr double fast_error = 335 * roundoff;

/// Winograd's algorithms serve 32 channels and more (F(4x4)), or 64 (F(2x2)).
void check_fast(const Conv& s) {
  SCOPED_TRACE(description(s));
  std::vector<Values> device, cpu;
  {
    const WithConvolutionMode fast(ConvolutionMode::fast);
    device = run_on(Device::cuda, inputs(s), outputs(s), all_three(s));
  }
  {
    const WithConvolutionMode exact(ConvolutionMode::exact);
    cpu = run_on(Device::cpu, inputs(s), outputs(s), all_three(s));
    const auto direct = run_on(Device::cuda, inputs(s), outputs(s), all_three(s));
    // In double there may be no error to see: the operands are multiples of 2^-23, and F(2x2)'s
    // transforms add and halve.
    for (std::size_t i = 0; i < 3 && sizeof(Real) == 4; ++i) {
      EXPECT_NE(device[i], direct[i]) << "was not fast: " << i;
    }
  }
  for (std::size_t i = 0; i < 3; ++i) EXPECT_LT(relative_error(device[i], cpu[i]), fast_error) << i;
}

TEST_F(CudaWinograd, FourByFour) {
  check_fast(shape(2, 8, 8, 32, 3, 3, 32, 1, 1));
  check_fast(shape(3, 7, 11, 33, 3, 3, 36, 1, 1));
  check_fast(shape(1, 9, 9, 40, 3, 3, 34, 1, 0));
  check_fast(shape(1, 6, 7, 32, 3, 3, 32, 1, 2));
}

TEST_F(CudaWinograd, TwoByTwo) {
  check_fast(shape(3, 2, 2, 64, 3, 3, 64, 1, 1));
  check_fast(shape(1, 6, 6, 65, 3, 3, 66, 1, 1));
}

/// The weight gradient's sum over tiles is cut into 8 parts above, 4 and 2 here, of which the last
/// are short or empty.
TEST_F(CudaWinograd, PartsOfTheWeightGradient) {
  check_fast(shape(1, 9, 10, 32, 3, 3, 132, 1, 1));
  check_fast(shape(1, 6, 7, 130, 3, 3, 132, 1, 1));
}

TEST_F(CudaWinograd, Addends) {
  check_addend(shape(3, 7, 8, 32, 3, 3, 32, 1, 1), ConvolutionMode::fast, fast_error);
  check_addend(shape(2, 2, 2, 64, 3, 3, 64, 1, 1), ConvolutionMode::fast, fast_error);
}

/// Operands of Winograd's products rounded to 11 or 8 bits (the emulation does not round): each
/// costs half a unit of these, relative to sums of products of either sign; the transforms double
/// it.
TEST_F(CudaWinograd, ReducedPrecisionIsThatOfItsOperands) {
  const Conv s = shape(2, 8, 8, 32, 3, 3, 36, 1, 1);
  const WithConvolutionMode fast(ConvolutionMode::fast);
  const auto cpu = run_on(Device::cpu, inputs(s), outputs(s), all_three(s));
  const std::pair<Precision, double> cases[] = {{Precision::tf32, 0x1p-11},
                                                {Precision::bf16, 0x1p-8}};
  for (const auto& [chosen, unit] : cases) {
    set_precision(chosen);
    const auto device = run_on(Device::cuda, inputs(s), outputs(s), all_three(s));
    set_precision(Precision::full);
    for (std::size_t i = 0; i < 3; ++i) EXPECT_LT(relative_error(device[i], cpu[i]), 4 * unit) << i;
  }
}

/// 1x1 convolutions are products then: once all of them, without what rounding the emulation lacks.
TEST_F(CudaConv, RoundedProducts) {
  const Conv s = shape(2, 5, 4, 12, 1, 1, 9);
  const auto direct = run_on(Device::cuda, inputs(s), outputs(s), all_three(s));
  set_precision(Precision::tf32);
  const auto rounded = run_on(Device::cuda, inputs(s), outputs(s), all_three(s));
  check_addend(s, ConvolutionMode::exact, 0x1p-9);
  set_precision(Precision::full);
  for (std::size_t i = 0; i < 3; ++i) EXPECT_LT(relative_error(rounded[i], direct[i]), 0x1p-9) << i;
}

/// An image's result must not depend on its batch, in both modes.
TEST_F(CudaConv, ImagesDoNotDependOnTheBatch) {
  for (const ConvolutionMode mode : {ConvolutionMode::exact, ConvolutionMode::fast}) {
    const WithConvolutionMode chosen(mode);
    const Conv s = shape(3, 8, 8, 32, 3, 3, 132, 1, 1);
    Conv one = s;
    one.N = 1;
    const auto in = inputs(s);
    const auto all = run_on(Device::cuda, in, outputs(s), all_three(s));
    for (Index n = 0; n < s.N; ++n) {
      const auto part = [n](const Values& x, Index size) {
        return Values(x.begin() + n * size, x.begin() + (n + 1) * size);
      };
      const auto alone =
          run_on(Device::cuda, {part(in[0], x_size(one)), in[1], part(in[2], y_size(one))},
                 outputs(one), all_three(one));
      EXPECT_EQ(alone[0], part(all[0], y_size(one))) << "image " << n;
      EXPECT_EQ(alone[1], part(all[1], x_size(one))) << "input gradient " << n;
    }
  }
}

}  // namespace
}  // namespace ito::kernels::test
