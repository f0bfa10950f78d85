#pragma once
// The coefficients of Dormand-Prince 5(4) (Dormand and Prince 1980, table 2).

#include <array>

namespace ito::dormand_prince {

constexpr int stages = 7;
using Row = std::array<double, stages>;

/// Times of the stages within the step.
constexpr Row c = {0, 1.0 / 5, 3.0 / 10, 4.0 / 5, 8.0 / 9, 1, 1};

/// Weights of the earlier stages in each stage. The last row is that of the result, of order 5, so
/// that the last stage is the first of the next step.
constexpr std::array<Row, stages> a = {{
    {},
    {1.0 / 5},
    {3.0 / 40, 9.0 / 40},
    {44.0 / 45, -56.0 / 15, 32.0 / 9},
    {19372.0 / 6561, -25360.0 / 2187, 64448.0 / 6561, -212.0 / 729},
    {9017.0 / 3168, -355.0 / 33, 46732.0 / 5247, 49.0 / 176, -5103.0 / 18656},
    {35.0 / 384, 0, 500.0 / 1113, 125.0 / 192, -2187.0 / 6784, 11.0 / 84},
}};

/// Weights of order 5 less those of order 4: the estimate of the error.
constexpr Row e = {71.0 / 57600,      0,          -71.0 / 16695, 71.0 / 1920,
                   -17253.0 / 339200, 22.0 / 525, -1.0 / 40};

/// What the interpolation of order 4 adds to the cubic that the two ends determine (Shampine 1986;
/// Hairer, Norsett and Wanner, II.6).
constexpr Row dense = {-12715105075.0 / 11282082432,  0,
                       87487479700.0 / 32700410799,   -10690763975.0 / 1880347072,
                       701980252875.0 / 199316789632, -1453857185.0 / 822651844,
                       69997945.0 / 29380423};

/// The state a share theta into a step of length h from y_0 to y_1, with slopes k_0 and k_1 at its
/// ends and bend = sum_j dense_j k_j.
constexpr double interpolate(double theta, double h, double y_0, double y_1, double k_0, double k_1,
                             double bend) {
  const double step = y_1 - y_0, start = h * k_0 - step, end = step - h * k_1 - start;
  return y_0 + theta * (step + (1 - theta) * (start + theta * (end + (1 - theta) * h * bend)));
}

}  // namespace ito::dormand_prince
