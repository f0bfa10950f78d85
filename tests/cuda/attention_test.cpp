// Softmax, attention and its gradient on the device against the CPU's.

#include "kernels/kernels.h"
#include "tests/cuda/on_device.h"

namespace ito::kernels::test {
namespace {

class CudaAttention : public OnDevice {};
class CudaSoftmax : public OnDevice {};

/// exp within 4 u; x - max of size up to `range` costs range u; a sum of n terms at most (n / 16 +
/// 4) u on the CPU and (n / 32 + 5) u in the lanes of a warp; some roundings more; for both sides.
double softmax_bound(Index n, double range) {
  return 2 * roundoff * (range + static_cast<double>(n) / 16 + 20);
}

TEST_F(CudaSoftmax, IsThatOfTheCpu) {
  for (const Index n : {1, 2, 10, 31, 32, 33, 100, 1000}) {
    SCOPED_TRACE(n);
    const Index rows = n > 99 ? 3 : 7;
    Values x = values(static_cast<std::uint64_t>(n), rows * n);
    for (Real& value : x) value *= 10;
    x[0] = 3e4;  // whose exponential would overflow
    const Compute compute = [=](Device device, const Operands& p) {
      softmax(device, p.in[0], p.out[0], rows, n);
      log_softmax(device, p.in[0], p.out[1], rows, n);
    };
    const auto device = run_on(Device::cuda, {x}, {rows * n, rows * n}, compute);
    const auto cpu = run_on(Device::cpu, {x}, {rows * n, rows * n}, compute);
    expect_close(device[0], cpu[0], softmax_bound(n, 20));
    // The logarithm's own rounding is relative to results of up to 20 + log n; the first row's are
    // differences of 3e4.
    std::vector<double> bound(x.size(), softmax_bound(n, 20) + 120 * roundoff);
    for (Index i = 0; i < n; ++i) bound[static_cast<std::size_t>(i)] += 8 * 3e4 * roundoff;
    expect_close(device[1], cpu[1], bound);
  }
}

TEST_F(CudaSoftmax, LogSumExpIsThatOfTheCpu) {
  for (const Index n : {1, 31, 33, 1000}) {
    SCOPED_TRACE(n);
    const Index rows = n > 99 ? 3 : 7;
    const Values x = values(static_cast<std::uint64_t>(n), rows * n);
    const Values shift = values(static_cast<std::uint64_t>(n) + 1, n);
    const Compute compute = [=](Device device, const Operands& p) {
      log_sum_exp(device, p.in[0], p.in[1], Real(-40), p.out[0], rows, n);
    };
    const auto device = run_on(Device::cuda, {x, shift}, {rows}, compute);
    const auto cpu = run_on(Device::cpu, {x, shift}, {rows}, compute);
    // An exponent of up to 41 is rounded twice, the result of up to 41 + log n once.
    expect_close(device[0], cpu[0], softmax_bound(n, 3 * 41 + 7));
  }
}

/// Scores are sums of D products of magnitude below scale; their error, D^2 scale u at most, passes
/// through the softmax; probabilities sum to one, so y adds M u. For both sides.
double bound(const Attention& s) {
  const double scores = static_cast<double>(s.D * s.D) * s.scale;
  return 8 * roundoff * (2 * scores + static_cast<double>(s.M + s.D + 40));
}

void check(const Attention& s) {
  SCOPED_TRACE(testing::Message() << "B " << s.B << " T " << s.T << " M " << s.M << " D " << s.D
                                  << " E " << s.E);
  const std::vector<Values> in = {values(1, s.B * s.T * s.D), values(2, s.B * s.M * s.D),
                                  values(3, s.B * s.M * s.E), values(4, s.B * s.T * s.E)};
  const std::vector<Index> out = {s.B * s.T * s.E, s.B * s.T * s.D, s.B * s.M * s.D,
                                  s.B * s.M * s.E};
  const Compute compute = [s](Device device, const Operands& p) {
    attention(device, s, p.in[0], p.in[1], p.in[2], p.out[0], nullptr);
    attention_grad(device, s, p.in[0], p.in[1], p.in[2], nullptr, p.in[3], p.out[1], p.out[2],
                   p.out[3]);
  };
  const auto device = run_on(Device::cuda, in, out, compute);
  const auto cpu = run_on(Device::cpu, in, out, compute);
  expect_close(device[0], cpu[0], bound(s));
  // Each gradient is a sum over T queries, M keys or E features of terms below one.
  const double of_grads = static_cast<double>(s.T + s.M + s.E) * bound(s);
  for (std::size_t i = 1; i < 4; ++i) {
    SCOPED_TRACE(i);
    expect_close(device[i], cpu[i], of_grads);
  }
}

TEST_F(CudaAttention, IsThatOfTheCpu) {
  check({1, 1, 1, 1, 1, 1});
  check({3, 5, 7, 4, 8, 0.5});
  check({2, 16, 16, 32, 32, 0.25});
  check({1, 70, 130, 9, 17, 0.3});  // several tiles of queries and of keys
  check({2, 65, 64, 8, 4, 0.35});
}

TEST_F(CudaAttention, WideOperands) {  // large blocks; more than one block of columns
  check({1, 9, 70, 8, 68, 0.3});
  check({1, 5, 6, 70, 260, 0.12});
}

TEST_F(CudaAttention, NoKeysOrNoQueriesOrNoFeatures) {
  check({2, 3, 0, 4, 5, 1});
  check({2, 0, 3, 4, 5, 1});
  check({2, 3, 4, 0, 5, 1});  // every score is 0
}

}  // namespace
}  // namespace ito::kernels::test
