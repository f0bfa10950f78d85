#include "tests/reference/published_sde.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "diffusion/sde/subvp.h"
#include "diffusion/sde/ve.h"
#include "diffusion/sde/vp.h"
#include "tests/reference/file.h"

namespace ito::reference {

namespace {

/// Number of discretisation steps; a limit keeps the tables of malformed files small.
int steps_of(const nlohmann::json& sde) {
  constexpr double limit = 1e6;
  const double N = sde.at("N");
  if (!(N >= 1 && N <= limit)) fail("sde", "expected N from 1 to ", limit, ", got ", N);
  return static_cast<int>(N);
}

LinearBeta beta_of(const nlohmann::json& sde) { return {sde.at("beta_min"), sde.at("beta_max")}; }

/// Forwards to `exact` at float times.
class FloatTimeSde : public Sde {
 public:
  FloatTimeSde(std::unique_ptr<Sde> exact, Times grid)
      : Sde(exact->N()), exact_(std::move(exact)), grid_(std::move(grid)) {}

  std::string name() const override { return exact_->name(); }
  double drift(double t) const override { return exact_->drift(as_float(t)); }
  double diffusion(double t) const override { return exact_->diffusion(as_float(t)); }
  double mean_scale(double t) const override { return exact_->mean_scale(as_float(t)); }
  double std(double t) const override { return exact_->std(as_float(t)); }
  double prior_std() const override { return exact_->prior_std(); }
  Parametrisation parametrise(double t, Labels labels) const override {
    Parametrisation p = exact_->parametrise(as_float(t), labels);
    p.label = static_cast<float>(p.label);  // 6e-5 at 999, which an embedding's phase shows
    return p;
  }
  Transition discretise(double t) const override { return exact_->discretise(as_float(t)); }
  double ancestral_noise(double t) const override { return exact_->ancestral_noise(as_float(t)); }
  double langevin_alpha(double t) const override { return exact_->langevin_alpha(as_float(t)); }

 protected:
  double as_float(double t) const {
    for (const double stored : grid_) {
      if (std::abs(stored - t) < 4e-7) return stored;
    }
    return static_cast<float>(t);
  }

 private:
  std::unique_ptr<Sde> exact_;
  Times grid_;
};

/// 1 - exp(y), digits lost.
float float_complement(float y) { return 1.0F - std::exp(y); }

float float_log_mean_scale(const LinearBeta& beta, double time) {
  const auto t = static_cast<float>(time), growth = static_cast<float>(beta.max - beta.min),
             start = static_cast<float>(beta.min);
  return -0.25F * (t * t) * growth - 0.5F * t * start;
}

class FloatVpSde : public FloatTimeSde {
 public:
  FloatVpSde(LinearBeta beta, int N, Times grid)
      : FloatTimeSde(std::make_unique<VpSde>(beta, N), std::move(grid)), beta_(beta) {}

  double std(double t) const override {
    return std::sqrt(float_complement(2 * float_log_mean_scale(beta_, as_float(t))));
  }
  Parametrisation parametrise(double t, Labels labels) const override {
    Parametrisation p = FloatTimeSde::parametrise(t, labels);
    if (labels == Labels::continuous) p.output_scale = -1 / std(t);
    return p;
  }

 private:
  LinearBeta beta_;
};

class FloatSubVpSde : public FloatTimeSde {
 public:
  FloatSubVpSde(LinearBeta beta, int N, Times grid)
      : FloatTimeSde(std::make_unique<SubVpSde>(beta, N), std::move(grid)), beta_(beta) {}

  double std(double t) const override {
    return float_complement(2 * float_log_mean_scale(beta_, as_float(t)));
  }
  double diffusion(double time) const override {
    const auto t = static_cast<float>(as_float(time));
    const auto growth = static_cast<float>(beta_.max - beta_.min);
    const float discount =
        float_complement(static_cast<float>(-2 * beta_.min) * t - growth * (t * t));
    return std::sqrt((static_cast<float>(beta_.min) + t * growth) * discount);
  }
  /// The continuous rule always.
  Parametrisation parametrise(double t, Labels) const override {
    return {FloatTimeSde::parametrise(t, Labels::continuous).label, -1 / std(t)};
  }
  /// Euler's, from the drift and diffusion above.
  // NOLINTNEXTLINE(bugprone-parent-virtual-call): not the discrete form of its parent
  Transition discretise(double t) const override { return Sde::discretise(t); }

 private:
  LinearBeta beta_;
};

}  // namespace

std::unique_ptr<Sde> make_sde(const nlohmann::json& sde) {
  const std::string name = sde.at("name");
  const int N = steps_of(sde);
  if (name == "VPSDE") return std::make_unique<VpSde>(beta_of(sde), N);
  if (name == "subVPSDE") return std::make_unique<SubVpSde>(beta_of(sde), N);
  if (name == "VESDE")
    return std::make_unique<VeSde>(sde.at("sigma_min").get<double>(),
                                   sde.at("sigma_max").get<double>(), N);
  throw NotBuilt{"the SDE " + name};
}

std::unique_ptr<Sde> make_published_sde(const nlohmann::json& sde, Times grid) {
  const std::string name = sde.at("name");
  const int N = steps_of(sde);
  if (name == "VPSDE") return std::make_unique<FloatVpSde>(beta_of(sde), N, std::move(grid));
  if (name == "subVPSDE") return std::make_unique<FloatSubVpSde>(beta_of(sde), N, std::move(grid));
  return std::make_unique<FloatTimeSde>(make_sde(sde), std::move(grid));
}

}  // namespace ito::reference
