#pragma once
// Adaptive Dormand-Prince 5(4) (Dormand and Prince 1980) for many systems at once. Each system has
// its own time, step, error norm and acceptance; one call of the right-hand side serves a stage of
// all systems that are still under way, and those that have arrived leave. A system's result has
// the same bits as if it were solved alone. The state is in double.

#include <functional>
#include <span>
#include <vector>

#include "kernels/types.h"

namespace ito {

/// dy/dt of the systems `active`, each at its own time: t [n], y [n, D] -> [n, D].
using OdeFunction = std::function<std::vector<double>(
    std::span<const Index> active, const std::vector<double>& t, const std::vector<double>& y)>;

/// Whose error a step is measured by.
enum class ErrorControl {
  per_sample,  ///< each sample's own
  whole_batch  ///< one error, time and step for all samples together, as the published code does
};

struct OdeOptions {
  double rtol = 1e-5, atol = 1e-5;  ///< a step's error is held below atol + rtol |y|
  ErrorControl control = ErrorControl::per_sample;
  std::vector<double> output = {};  ///< times at which the state is wanted, in the order of travel
  Index max_steps = 100000;         ///< attempts of one system
  Index first_sample = 0;           ///< number of the first sample, for messages
  /// Told the share of the way that is done, from 0 to 1; false stops the solver.
  std::function<bool(double done)> progress = {};
};

/// How one system got to the end. Evaluations are those of the right-hand side for this system: 2
/// at the start, 6 for each attempted step.
struct OdePath {
  Index evaluations = 0, rejected = 0;
  std::vector<double> t;  ///< the start and the end of each accepted step
};

struct OdeSolution {
  std::vector<double> y;                    ///< [N, D] at the end
  std::vector<std::vector<double>> output;  ///< [N, D] at each time asked for
  std::vector<OdePath> paths;               ///< of each system
  Index calls = 0;                          ///< of the right-hand side
  bool complete = true;                     ///< false if `progress` stopped the solver
};

/// Solves N systems of D equations from t_0 to t_1 (which may be less), y_0 [N, D]. Steps and the
/// first step as Hairer, Norsett and Wanner (Solving Ordinary Differential Equations I, II.4);
/// the state between steps by Shampine's fourth-order interpolation (1986). Throws where the
/// right-hand side is not finite and where the tolerances cannot be met, naming sample and time.
OdeSolution solve_ode(const OdeFunction& f, std::vector<double> y_0, Index N, double t_0,
                      double t_1, const OdeOptions& options = {});

}  // namespace ito
