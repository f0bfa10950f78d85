// train_*: a few steps of training with Adam and the moving average, and an evaluation with the
// averages.

#include "diffusion/objectives/draws.h"
#include "engine/autograd.h"
#include "nn/ema.h"
#include "tests/reference/network.h"
#include "tests/reference/objective.h"
#include "tests/reference/optim.h"
#include "tests/reference/replay.h"

namespace ito::reference {

namespace {

/// Of the largest value. A step moves a parameter by about the learning rate, 1e-3, and by the 3e-5
/// that gradients may be off times that; but where a gradient is nearly zero Adam magnifies its
/// rounding to a share of the step.
constexpr double chain_limit = 1e-5;

class Training {
 public:
  Training(const ReferenceFile& file, const nlohmann::json& settings)
      : settings_(settings),
        network_(network_of(file, settings).network),
        adam_(network_.score->parameters(), adam_config(settings.at("optim"))),
        ema_(network_.score->parameters(), settings.at("ema").at("decay"),
             settings.at("ema").at("use_num_updates")),
        batch_(file.image_rows("in.batch")),
        z_(file.image_rows("in.z")),
        draws_(file.tensor("in.t")) {
    require_setting(settings, "dropout", 0);
    require_setting(settings, "first_step", 0);
  }

  double step(Index k) {
    const Loss loss = loss_of(k);
    adam_.step(grad(loss.mean, network_.parameters()));
    ema_.update();
    return loss.mean.item();
  }

  double evaluate(Index k) {
    const nn::EmaScope averaged(ema_);
    return loss_of(k).mean.item();
  }

  nn::TensorMap parameters() const { return network_.published(network_.parameters()); }
  nn::TensorMap averages() const { return network_.published(ema_.averages()); }

 private:
  Loss loss_of(Index k) const {
    std::vector<double> draws;
    const bool continuous = settings_.at("continuous");
    const double eps = continuous ? settings_.at("eps").get<double>() : 0;
    for (const Real u : row(draws_, k).to_host())
      draws.push_back(continuous ? eps + static_cast<double>(u) * (1 - eps) : u);
    const auto i = static_cast<std::size_t>(k);
    return published_loss(settings_.at("loss"), settings_,
                          {*network_.score, batch_.at(i), z_.at(i), draws});
  }

  const nlohmann::json& settings_;
  Network network_;
  nn::Adam adam_;
  nn::Ema ema_;
  std::vector<Tensor> batch_, z_;
  Tensor draws_;
};

void compare_state(Report& report, const std::string& prefix, const nn::TensorMap& values) {
  for (const auto& [name, value] : values) {
    const double size = largest(value);
    report.compare(text(prefix, ".", name), value,
                   rule(chain_limit * size, text(chain_limit, " of the largest value"), size));
  }
}

}  // namespace

void replay_train(const ReferenceFile& file, Report& report) {
  report.each_case([&](const std::string&, const nlohmann::json& settings) {
    Training training(file, settings);
    const Index steps = file.brief() ? 1 : settings.at("train_steps").get<Index>();
    const Index evaluations = file.brief() ? 0 : settings.at("eval_steps").get<Index>();
    const Index stored = settings.at("stored_step");
    std::vector<Real> losses;
    for (Index k = 0; k < steps; ++k) {
      losses.push_back(static_cast<Real>(training.step(k)));
      if (k != stored) continue;
      compare_state(report, text("step", k, ".param"), training.parameters());
      compare_state(report, text("step", k, ".ema"), training.averages());
    }
    for (Index k = 0; k < evaluations; ++k)
      losses.push_back(static_cast<Real>(training.evaluate(steps + k)));
    const Tensor all({steps + evaluations}, losses);
    const Rule limit =
        rule(chain_limit * largest(all), text(chain_limit, " of the largest loss"), largest(all));
    file.brief() ? report.compare_first_rows("out.loss", all, limit)
                 : report.compare("out.loss", all, limit);
  });
}

}  // namespace ito::reference
