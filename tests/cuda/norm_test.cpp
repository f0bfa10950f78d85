// Group normalisation and its gradient on the device against the CPU's.

#include <algorithm>
#include <cmath>

#include "kernels/kernels.h"
#include "tests/cuda/on_device.h"

namespace ito::kernels::test {
namespace {

class CudaNorm : public OnDevice {};

double largest(const Values& x) {
  double most = 0;
  for (const Real value : x) most = std::max(most, std::fabs(static_cast<double>(value)));
  return most;
}

/// y, mean, rstd, dx, dgamma, dbeta of (x, gamma, beta, dy).
Compute both(const Norm& s, bool affine) {
  return [s, affine](Device device, const Operands& p) {
    const Real* const gamma = affine ? p.in[1] : nullptr;
    const Real* const beta = affine ? p.in[2] : nullptr;
    group_norm(device, s, p.in[0], gamma, beta, p.out[0], p.out[1], p.out[2]);
    group_norm_grad(device, s, p.in[0], gamma, beta, p.out[1], p.out[2], p.in[3], p.out[3],
                    p.out[4], p.out[5]);
  };
}

/// Both sides sum runs of at most 64 terms in Real and the rest in double, or average them with an
/// error that does not grow: 64 u of the values, which are at most |offset| + 1, twice. rstd
/// multiplies errors of x, so all is relative to it. A cotangent has the errors of its x times the
/// slope of SiLU and of its derivative (both below 1.1), and dgamma and dbeta are sums of N S.
void check(Norm s, bool affine, Real offset = 0) {
  for (const bool silu : {false, true}) {
    s.silu = silu;
    SCOPED_TRACE(testing::Message()
                 << "N " << s.N << " S " << s.S << " C " << s.C << " G " << s.G << " affine "
                 << affine << " silu " << silu << " offset " << offset);
    std::vector<Values> in = {values(1, s.N * s.S * s.C), values(2, s.C), values(3, s.C),
                              values(4, s.N * s.S * s.C)};
    for (Real& x : in[0]) x += offset;
    const std::vector<Index> out = {s.N * s.S * s.C, s.N * s.G,        s.N * s.G,
                                    s.N * s.S * s.C, affine ? s.C : 0, affine ? s.C : 0};
    const auto device = run_on(Device::cuda, in, out, both(s, affine));
    const auto cpu = run_on(Device::cpu, in, out, both(s, affine));
    const double rstd = std::max(1.0, largest(cpu[2]));
    const double of_x = 200 * roundoff * (std::fabs(static_cast<double>(offset)) + 1);
    const double terms = static_cast<double>(s.N * s.S);
    expect_close(device[0], cpu[0], of_x * rstd * rstd);
    expect_close(device[1], cpu[1], of_x);
    expect_close(device[2], cpu[2], of_x * rstd * rstd);
    expect_close(device[3], cpu[3], 4 * of_x * rstd * rstd * rstd);
    expect_close(device[4], cpu[4], terms * 4 * of_x * rstd * rstd);
    expect_close(device[5], cpu[5], terms * 4 * of_x * rstd * rstd);
  }
}

TEST_F(CudaNorm, GroupsOfAllWidths) {
  for (const bool affine : {true, false}) {
    check({2, 9, 8, 2}, affine);
    check({3, 16, 32, 8}, affine);
    check({1, 5, 64, 16}, affine);   // two pieces an image
    check({2, 7, 12, 4}, affine);    // groups of three
    check({2, 11, 66, 11}, affine);  // groups of six, pieces that are no multiple of four
    check({2, 10, 5, 5}, affine);    // instance norm
    check({2, 50, 6, 1}, affine);
    check({1, 3, 140, 1}, affine);  // one group wider than a warp's reads
    check({1, 70, 36, 9}, affine);  // a last piece of one group
  }
}

TEST_F(CudaNorm, LargeMeansDoNotCancel) {
  check({2, 64, 8, 2}, true, 100);
  check({1, 300, 4, 1}, true, -1000);
}

}  // namespace
}  // namespace ito::kernels::test
