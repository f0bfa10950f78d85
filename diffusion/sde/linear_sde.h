#pragma once
// A linear SDE given by its functions, dx = f(t) x dt + g(t) dw, t in [0, 1]. Its marginals follow
// from the moment equations (Song et al. 2021, appendix A; Sarkka and Solin 2019, section 6.1)
//   mean_scale(t) = exp(integral of f from 0 to t),
//   std(t)^2 = std_0^2 mean_scale(t)^2 + integral of g(s)^2 exp(2 integral of f from s to t) ds,
// by Gauss-Legendre quadrature with 3 nodes a panel: of order 6 in the panel's length.

#include "diffusion/sde/sde.h"

namespace ito {

class LinearSde : public Sde {
 public:
  struct Options {
    double std_0 = 0;  ///< of the noise that x(0) carries beyond the data (VE: sigma_min)
    int panels = 256;  ///< of the quadrature over [0, 1]
    int N = 1000;      ///< steps of its discrete form, which is Euler's
  };

  /// Throws when f or g is not finite at a node. (Two constructors for want of a default argument
  /// that g++ and clang both take.)
  LinearSde(std::function<double(double)> f, std::function<double(double)> g, Options options);
  LinearSde(std::function<double(double)> f, std::function<double(double)> g)
      : LinearSde(std::move(f), std::move(g), Options()) {}

  std::string name() const override { return "linear"; }
  double drift(double t) const override { return f_(t); }
  double diffusion(double t) const override { return g_(t); }
  /// Both throw for a time outside [0, 1].
  double mean_scale(double t) const override;
  double std(double t) const override;
  /// std(1), as for VE: p_T is N(mean_scale(1) x_0, std(1)^2) for each x_0.
  double prior_std() const override;

  /// The network predicts the noise at labels 999 t, as for VP; there is no discrete form.
  Parametrisation parametrise(double t, Labels labels) const override;

 private:
  struct Moments {
    double log_scale, variance;
  };
  /// From those at time a to those at b.
  Moments advance(Moments from, double a, double b) const;
  double integral_of_f(double a, double b) const;
  Moments at(double t) const;

  std::function<double(double)> f_, g_;
  std::vector<Moments> nodes_;  ///< at the ends of the panels
};

}  // namespace ito
