#pragma once
// An SDE dx = f(x, t) dt + g(t) dw with Gaussian marginals p_t(x | x_0), its time reversal and its
// probability-flow ODE (Song et al. 2021, section 3). Time is per sample: one t in [0, T] each.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "engine/ops.h"

namespace ito {

/// One time per sample.
using Times = std::vector<double>;

/// Score s(x, t) ~ grad_x log p_t(x): x [N, ...] -> like x. A network with its parametrisation, or
/// an exact analytic score.
using Score = std::function<Tensor(const Tensor& x, const Times& t)>;

/// One step of a discretised SDE, x_{i+1} = x_i + f_i(x_i) + G_i z (f and G include the step size).
struct Discretised {
  Tensor f;               ///< like x
  std::vector<double> G;  ///< one per sample
};

class Sde {
 public:
  virtual ~Sde() = default;
  virtual std::string name() const = 0;
  double T() const { return 1; }
  /// Number of discretisation steps of the published discrete form.
  int N() const { return N_; }

  virtual Tensor drift(const Tensor& x, const Times& t) const = 0;
  /// g(t), the diffusion coefficient.
  virtual double diffusion(double t) const = 0;
  /// p_t(x | x_0) = N(mean_scale(t) x_0, std(t)^2 I).
  virtual double mean_scale(double t) const = 0;
  virtual double std(double t) const = 0;
  /// Standard deviation of the prior N(0, s^2 I) that p_T is close to.
  virtual double prior_std() const = 0;
  /// The published discrete form (DDPM, SMLD) where there is one, else Euler: time t is mapped to
  /// the index trunc(t (N - 1)), computed in float as published.
  virtual Discretised discretise(const Tensor& x, const Times& t) const;
  /// Index of t in the discrete tables.
  int index(double t) const;

  /// log N(z; 0, prior_std^2 I) per sample, in nats.
  std::vector<double> prior_log_density(const Tensor& z) const;

 protected:
  explicit Sde(int N) : N_(N) {}

 private:
  int N_;
};

/// scale[n] x[n, ...]: per-sample scaling, the one broadcast that samplers need.
Tensor scale_per_sample(const Tensor& x, const std::vector<double>& scale);

}  // namespace ito
