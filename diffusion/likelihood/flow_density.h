#pragma once
// Log-densities by the instantaneous change of variables along the probability-flow ODE (Chen et
// al. 2018; Song et al. 2021, section 4.3 and appendix D.2):
//   log p_eps(x(eps)) = log p_T(x(T)) + integral over [eps, T] of div f~(x(t), t) dt,
// f~ = f x - g^2 s / 2. The divergence is estimated with probes e of mean 0 and covariance I, as
// e^T J e (Skilling 1989, Hutchinson 1990), or computed exactly. What results is the density at
// eps, not at 0: the integration starts there.

#include "diffusion/ode/dormand_prince.h"
#include "diffusion/probe.h"
#include "diffusion/sde/sde.h"

namespace ito {

/// `count` probes like a batch [N, item...]. Probe k of sample n has an address of its own, with
/// `first_probe` + k in its place for draws.
std::vector<Tensor> draw_probes(ProbeType type, const Shape& batch, Index count, std::uint64_t seed,
                                Index first_sample = 0, Index first_probe = 0);

/// The drift of the flow and the divergence along each probe, from one evaluation of the score and
/// one vector-Jacobian product for each probe.
struct FlowDerivative {
  std::vector<double> drift;       ///< [n, D]
  std::vector<double> divergence;  ///< [n, K]
};

/// At the states x [n, D], elements of shape `item`, with probes [n, item...] each. Without probes
/// the divergence is exact (K = 1), by D vector-Jacobian products: for small D. The score is asked
/// on `device`, where the probes are.
FlowDerivative flow_derivative(const Sde& sde, const Score& score, const std::vector<double>& x,
                               const Shape& item, const Times& t, const std::vector<Tensor>& probes,
                               Device device = Device::cpu);

struct FlowDensityOptions {
  double eps = 1e-5;  ///< time of the data, as published for all SDEs
  OdeOptions ode = {};
};

/// What the integration from eps to T yields.
struct FlowDensity {
  Tensor z;                    ///< x(T) [N, item...]
  std::vector<double> delta;   ///< [N, K]: the integral of the divergence for each probe
  std::vector<OdePath> paths;  ///< of each sample
  Index calls = 0;             ///< of the score
  bool complete = true;        ///< false if `ode.progress` stopped the solver

  Index probes() const { return static_cast<Index>(delta.size()) / z.size(0); }
};

/// Integrates state and divergence together for the samples x [N, item...]; the tolerances hold for
/// both. Each probe [N, item...] stays the same along the path; none: the exact divergence.
FlowDensity flow_density(const Sde& sde, const Score& score, const Tensor& x,
                         const std::vector<Tensor>& probes, const FlowDensityOptions& options = {});

/// log p_eps of each sample and probe, [N, K] in nats, with the SDE's prior in the place of p_T.
std::vector<double> log_density(const Sde& sde, const FlowDensity& flow);

}  // namespace ito
