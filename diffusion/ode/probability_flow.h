#pragma once
// The probability-flow ODE dx/dt = f(t) x - g(t)^2 s(x, t) / 2 (Song et al. 2021, equation 13) on
// states in double: only the score sees Real.

#include "diffusion/ode/dormand_prince.h"
#include "diffusion/sde/sde.h"

namespace ito {

/// Rows [n, D] of doubles as a batch [n, item...] on `device`, and back.
Tensor batch_of_rows(const std::vector<double>& rows, const Shape& item,
                     Device device = Device::cpu);
std::vector<double> rows_of_batch(const Tensor& x);

/// The shape of one element of a batch [N, item...]; throws without a batch axis.
Shape item_of(const Tensor& x);

/// f(t) x - g(t)^2 s / 2 of each row, with the score s [n, item...] at x [n, D].
std::vector<double> flow_drift(const Sde& sde, const Times& t, const std::vector<double>& x,
                               const Tensor& s);

/// dx/dt of batches of elements of shape `item`; the score is asked on `device`. Refers to `sde`
/// and `score`.
OdeFunction probability_flow(const Sde& sde, const Score& score, const Shape& item,
                             Device device = Device::cpu);

/// Throws unless 0 < eps < T.
void check_flow_times(const Sde& sde, double eps);

}  // namespace ito
