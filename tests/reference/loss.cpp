// loss_*: training objectives at given draws, and their gradients in the parameters.

#include <cmath>

#include "diffusion/sde/vp.h"
#include "engine/autograd.h"
#include "engine/ops.h"
#include "tests/reference/network.h"
#include "tests/reference/objective.h"
#include "tests/reference/published_sde.h"
#include "tests/reference/replay.h"

namespace ito::reference {

namespace {

/// Relative limits of what no rounding error is recorded for. A loss is a mean over many elements
/// of a network's output; its gradient's norm is held to the limit of gradients.
constexpr double loss_limit = 1e-5, norm_limit = 3e-5;

/// Passes on to a network and remembers what went in and came out.
class Tap : public nn::ScoreNetwork {
 public:
  explicit Tap(const nn::ScoreNetwork& network) : network_(network) {}

  Tensor forward(const Tensor& x, const std::vector<double>& labels,
                 const RandomStream* dropout) const override {
    x_ = x.detach();
    labels_ = labels;
    Tensor y = network_.forward(x, labels, dropout);
    y_ = y.detach();
    return y;
  }

  const Tensor& x() const { return x_; }
  const std::vector<double>& labels() const { return labels_; }
  const Tensor& y() const { return y_; }

 private:
  const nn::ScoreNetwork& network_;
  mutable Tensor x_, y_;
  mutable std::vector<double> labels_;
};

/// What one case is computed from.
struct Case {
  const nlohmann::json& settings;
  LossInputs in;
};

/// Times of a continuous objective, else indices of noise levels.
std::vector<double> draws_of(const ReferenceFile& file, const nlohmann::json& settings) {
  return file.numbers(settings.at("op") == "loss_continuous" ? "in.t" : "in.labels");
}

/// Where the published code subtracts a mean scale near 1 from 1 in float, its noise levels lose
/// digits and everything after them: the relative error of 1 - a^2 at the smallest one.
double cancellation(const Case& c) {
  if (c.settings.at("op") != "loss_ddpm") return 0;
  const auto sde = make_sde(c.settings.at("sde"));
  const auto& stds = dynamic_cast<const VpSde&>(*sde).discrete_stds();
  double worst = 0;
  for (const double k : c.in.draws) {
    const double std = stds.at(static_cast<std::size_t>(k));
    worst = std::max(worst, 0x1p-24 / (std * std));
  }
  return worst;
}

/// What one case is compared by.
struct Evaluation {
  Loss loss;
  Tensor y;  ///< of the network
  std::vector<Tensor> gradients;
};

Evaluation evaluate(const Case& c, const Tap& tap, const Network& network) {
  const Loss loss = published_loss(c.settings.at("op"), c.settings, c.in);
  return {loss, tap.y(), grad(loss.mean, network.parameters())};
}

/// Relative errors that are not the implementation's: in what the network receives, and what a
/// rounding there makes of its outputs and the gradients.
struct Lost {
  double input, output, gradients;
};

/// Every element moved by a rounding, up and down in turn.
Tensor rounded_otherwise(const Tensor& x) {
  std::vector<Real> values = x.to_host();
  for (std::size_t i = 0; i < values.size(); ++i)
    values[i] *= static_cast<Real>(1 + (i % 2 == 0 ? 0x1p-23 : -0x1p-23));
  return Tensor(x.shape(), values, x.device());
}

/// The largest change from a to b, of the largest value.
double relative_change(const std::vector<Tensor>& a, const std::vector<Tensor>& b) {
  const NoGrad no_grad;
  double change = 0, size = 1e-30;
  for (std::size_t i = 0; i < a.size(); ++i) {
    change = std::max(change, largest(a[i] - b[i]));
    size = std::max(size, largest(a[i]));
  }
  return change / size;
}

/// Of some data a network makes more than of others: an image whose channels have nearly equal
/// means loses digits in InstanceNorm++. What one rounding of the data does, several roundings
/// within any implementation do too.
Lost lost_digits(const Case& c, const Evaluation& ours, const Evaluation& moved) {
  return {cancellation(c), floor_factor * relative_change({ours.y}, {moved.y}),
          floor_factor * relative_change(ours.gradients, moved.gradients)};
}

/// What the network received and gave; the same in all cases of a file.
void compare_network(Report& report, const Tap& tap, std::optional<double> floor,
                     const Lost& lost) {
  const double x = largest(tap.x()), y = largest(tap.y());
  report.compare_images("net.in.x", tap.x(),
                        rule((8 * 0x1p-24 + lost.input) * x, "rounding of the largest value", x));
  const std::vector<Real> labels(tap.labels().begin(), tap.labels().end());
  const Tensor t({static_cast<Index>(labels.size())}, labels);
  report.compare("net.in.t", t,
                 rule(2 * 0x1p-24 * largest(t), "rounding of the largest value", largest(t)));
  Rule rule = floor_rule(floor_factor, floor ? std::optional(*floor * y) : floor, without_floor, y);
  if (lost.output * y > rule.allowed[0])
    rule = {{lost.output * y}, {y}, text(floor_factor, " x what a rounding of the data does")};
  rule.allowed[0] += lost.input * y;
  report.compare_images("net.out", tap.y(), rule);
}

void compare_loss(const ReferenceFile& file, Report& report, const std::string& name,
                  const Evaluation& ours, const Network& network, const Lost& lost) {
  const auto relative = [](double limit, const Tensor& t, const char* of) {
    return rule(limit * largest(t), text(limit, " of ", of), largest(t));
  };
  const Loss& loss = ours.loss;
  report.compare("out.loss." + name, loss.mean,
                 relative(loss_limit + lost.input, loss.mean, "the loss"));
  report.compare("out.per_example." + name, loss.per_example,
                 relative(loss_limit + lost.input, loss.per_example, "the largest loss"));

  double squares = 0;
  for (const Tensor& g : ours.gradients) squares += sum_squares(g);
  const Tensor norm = Tensor::scalar(std::sqrt(squares));
  report.compare("out.gradnorm." + name, norm,
                 relative(std::max(norm_limit, lost.gradients) + lost.input, norm, "the norm"));
  compare_gradients(file, report, "grad." + name, network.published(ours.gradients),
                    lost.gradients);
}

}  // namespace

void replay_loss(const ReferenceFile& file, Report& report) {
  bool first = true;
  report.each_case([&](const std::string& name, const nlohmann::json& settings) {
    const NetworkUse use = network_of(file, settings);
    const Tap tap(*use.network.score);
    const Case c{settings,
                 {tap, file.images("in.batch"), file.images("in.z"), draws_of(file, settings)}};
    Case moved = c;
    moved.in.x_0 = rounded_otherwise(c.in.x_0);
    const Evaluation other = evaluate(moved, tap, use.network);
    const Evaluation ours = evaluate(c, tap, use.network);
    const Lost lost = lost_digits(c, ours, other);
    if (first) compare_network(report, tap, use.floor, lost);
    first = false;
    compare_loss(file, report, name, ours, use.network, lost);
  });
}

}  // namespace ito::reference
