#pragma once
// A linear SDE dx = f(t) x dt + g(t) dw and what is known of it in closed form: its Gaussian
// transitions, its prior and its published discrete form (Song et al. 2021, section 3 and
// appendices B to D). What differs between SDEs is virtual here; no other code asks which SDE it
// has. Time is per sample, one t in [0, T] each; all scalars are doubles.

#include <functional>
#include <string>
#include <vector>

#include "engine/ops.h"

namespace ito {

/// One time per sample.
using Times = std::vector<double>;

/// Score s(x, t) ~ grad_x log p_t(x): x [N, ...] -> like x. A network with its parametrisation
/// (diffusion/score.h) or an exact analytic score (diffusion/mixture.h).
using Score = std::function<Tensor(const Tensor& x, const Times& t)>;

/// log p_t(x) per sample, in nats, up to a constant of t.
using LogDensity = std::function<std::vector<double>(const Tensor& x, const Times& t)>;

/// A Gaussian step forward in time: x' = scale x + noise z, z ~ N(0, I).
struct Transition {
  double scale, noise;
};

/// Which labels a network was trained with.
enum class Labels {
  continuous,  ///< any t (Song et al. 2021)
  discrete     ///< the N indices of the discrete form (SMLD, DDPM)
};

/// How a network becomes a score: s(x, t) = output_scale * network(x, label).
struct Parametrisation {
  double label, output_scale;
};

class Sde {
 public:
  virtual ~Sde() = default;
  virtual std::string name() const = 0;
  /// End of time, where the prior is.
  double T() const { return 1; }
  /// Number of steps of the published discrete form.
  int N() const { return N_; }

  /// f(t), where the drift is f(t) x.
  virtual double drift(double t) const = 0;
  /// g(t), the diffusion coefficient.
  virtual double diffusion(double t) const = 0;
  /// p(x_t | x_0) = N(mean_scale(t) x_0, std(t)^2 I).
  virtual double mean_scale(double t) const = 0;
  virtual double std(double t) const = 0;
  /// Standard deviation s of the prior N(0, s^2 I), which p_T is close to.
  virtual double prior_std() const = 0;
  virtual Parametrisation parametrise(double t, Labels labels) const = 0;

  /// The published discrete step at t: that of DDPM or SMLD where there is one, with i = index(t),
  /// else Euler's with step 1/N.
  virtual Transition discretise(double t) const;
  /// Noise of the published ancestral step at t; throws for an SDE that has none.
  virtual double ancestral_noise(double t) const;
  /// The factor alpha of the published Langevin step size (1 for VE, alpha_i of DDPM for VP).
  /// Where nothing is published: 1 + 2 f(t)/N, which is what both of these are to first order.
  virtual double langevin_alpha(double t) const;
  /// trunc(t (N - 1)), in float as published.
  int index(double t) const;

  /// The exact step from time s to a later time t. s = 0 stands for the data themselves, without
  /// the noise std(0) that the published VE SDE starts with.
  Transition transition(double s, double t) const;
  /// mean_scale(t) x_0 + std(t) z, a sample of p(x_t | x_0).
  Tensor perturb(const Tensor& x_0, const Times& t, const Tensor& z) const;
  /// log N(z; 0, prior_std^2 I) per sample, in nats.
  std::vector<double> prior_log_density(const Tensor& z) const;

 protected:
  explicit Sde(int N);

 private:
  int N_;
};

/// f(t) for each t.
template <class F>
std::vector<double> per_sample(const Times& t, F f) {
  std::vector<double> values;
  values.reserve(t.size());
  for (double t_n : t) values.push_back(f(t_n));
  return values;
}

/// scale[n] x[n, ...]: the one broadcast that samplers need.
Tensor scale_per_sample(const Tensor& x, const std::vector<double>& scale);

}  // namespace ito
