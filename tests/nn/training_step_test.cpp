// One whole training step, again as loops written out by hand: denoising loss of an MLP score
// network, its gradient, clipping, Adam with warm-up and the moving average. The loops below know
// no tensor and no autograd.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <type_traits>

#include "engine/autograd.h"
#include "engine/ops.h"
#include "nn/adam.h"
#include "nn/ema.h"
#include "nn/networks/mlp.h"
#include "reference.h"

namespace ito::test {
namespace {

using Vector = std::vector<double>;
using Named = std::map<std::string, Vector>;

constexpr std::size_t N = 3, D = 2, width = 5, features = 4;
constexpr int steps = 3;
const Vector labels = {3.5, 250, 900.25};
const nn::AdamConfig adam_config = {
    .learning_rate = 0.02, .weight_decay = 0.01, .warmup = 2, .clip = 0.5};
constexpr double ema_decay = 0.999;

double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }
double swish(double x) { return x * sigmoid(x); }
double swish_slope(double x) { return sigmoid(x) * (1 + x * (1 - sigmoid(x))); }

Vector map(const Vector& x, double (*f)(double)) {
  Vector y;
  for (const double v : x) y.push_back(f(v));
  return y;
}

Vector add(Vector a, const Vector& b) {
  for (std::size_t i = 0; i < a.size(); ++i) a[i] += b[i];
  return a;
}

/// The network for one sample at a time, forward and backward.
struct ByHand {
  Named parameters, gradients, first, second, average;

  Vector linear(const std::string& name, const Vector& x) const {
    const Vector& w = parameters.at(name + ".weight");
    Vector y = parameters.at(name + ".bias");
    for (std::size_t i = 0; i < x.size(); ++i) {
      for (std::size_t o = 0; o < y.size(); ++o) y[o] += x[i] * w[i * y.size() + o];
    }
    return y;
  }

  /// Adds to the gradients of a linear layer; returns the gradient of its input.
  Vector linear_back(const std::string& name, const Vector& x, const Vector& dy) {
    const Vector& w = parameters.at(name + ".weight");
    Vector& dw = gradients.at(name + ".weight");
    Vector& db = gradients.at(name + ".bias");
    Vector dx(x.size(), 0);
    for (std::size_t o = 0; o < dy.size(); ++o) db[o] += dy[o];
    for (std::size_t i = 0; i < x.size(); ++i) {
      for (std::size_t o = 0; o < dy.size(); ++o) {
        dw[i * dy.size() + o] += x[i] * dy[o];
        dx[i] += w[i * dy.size() + o] * dy[o];
      }
    }
    return dx;
  }

  static Vector swish_back(const Vector& x, Vector dy) {
    for (std::size_t i = 0; i < x.size(); ++i) dy[i] *= swish_slope(x[i]);
    return dy;
  }

  static Vector embed(double label) {
    Vector out;  // frequencies 1 and 1e-4; float takes the rounding of the network's angles
    const auto exponent = static_cast<float>(-std::log(10000.0));
    const auto slow = static_cast<float>(std::exp(static_cast<double>(exponent)));
    for (double (*f)(double) :
         {static_cast<double (*)(double)>(std::sin), static_cast<double (*)(double)>(std::cos)}) {
      for (const float frequency : {1.0F, slow}) {
        const float angle = static_cast<float>(label) * frequency;
        out.push_back(f(angle));
      }
    }
    return out;
  }

  /// Loss of one sample, |net(x) - z|^2 / (N D); adds its gradients.
  double sample(const Vector& x, double label, const Vector& z) {
    const Vector e = embed(label), e0 = linear("time.linear_0", e), e0s = map(e0, swish);
    const Vector temb = linear("time.linear_1", e0s), tembs = map(temb, swish);
    const Vector h = linear("first", x), hs = map(h, swish);
    const Vector inner = add(linear("block.0.linear_0", hs), linear("block.0.time", tembs));
    const Vector inners = map(inner, swish);
    const Vector out = add(h, linear("block.0.linear_1", inners)), outs = map(out, swish);
    const Vector y = linear("last", outs);

    double loss = 0;
    Vector dy(D);
    for (std::size_t d = 0; d < D; ++d) {
      loss += (y[d] - z[d]) * (y[d] - z[d]) / (N * D);
      dy[d] = 2 * (y[d] - z[d]) / (N * D);
    }
    const Vector dout = swish_back(out, linear_back("last", outs, dy));
    const Vector dinner = swish_back(inner, linear_back("block.0.linear_1", inners, dout));
    const Vector dh = add(dout, swish_back(h, linear_back("block.0.linear_0", hs, dinner)));
    linear_back("first", x, dh);
    const Vector dtemb = swish_back(temb, linear_back("block.0.time", tembs, dinner));
    linear_back("time.linear_0", e, swish_back(e0, linear_back("time.linear_1", e0s, dtemb)));
    return loss;
  }

  void clip() {
    double squares = 0;
    for (const auto& [name, g] : gradients) {
      for (const double v : g) squares += v * v;
    }
    const double factor = std::min(1.0, adam_config.clip / (std::sqrt(squares) + 1e-6));
    for (auto& [name, g] : gradients) {
      for (double& v : g) v *= factor;
    }
  }

  void update(int step) {
    const double rate = adam_config.learning_rate * std::min(step / 2.0, 1.0);
    for (auto& [name, p] : parameters) {
      for (std::size_t i = 0; i < p.size(); ++i) {
        const double g = gradients[name][i] + 0.01 * p[i];
        double& m = first[name][i];
        double& v = second[name][i];
        m = 0.9 * m + 0.1 * g;
        v = 0.999 * v + 0.001 * g * g;
        const double m_hat = m / (1 - std::pow(0.9, step + 1));
        const double v_hat = v / (1 - std::pow(0.999, step + 1));
        p[i] -= rate * m_hat / (std::sqrt(v_hat) + 1e-8);
        const double d = std::min(ema_decay, (2.0 + step) / (11.0 + step));
        average[name][i] = d * average[name][i] + (1 - d) * p[i];
      }
    }
  }

  double train(int step, const Vector& x, const Vector& z) {
    gradients = parameters;
    for (auto& [name, g] : gradients) std::fill(g.begin(), g.end(), 0.0);
    double loss = 0;
    for (std::size_t n = 0; n < N; ++n) {
      const auto row = [n](const Vector& all) {
        return Vector(all.begin() + static_cast<std::ptrdiff_t>(n * D),
                      all.begin() + static_cast<std::ptrdiff_t>((n + 1) * D));
      };
      loss += sample(row(x), labels[n], row(z));
    }
    clip();
    update(step);
    return loss;
  }
};

Vector doubles(const Tensor& x) {
  const std::vector<Real> values = x.to_host();
  return {values.begin(), values.end()};
}

Named doubles(const std::vector<nn::Parameter>& parameters) {
  Named out;
  for (const nn::Parameter& p : parameters) out.emplace(p.name, doubles(*p.value));
  return out;
}

/// The step of the library.
double train(const nn::Mlp& network, nn::Adam& adam, nn::Ema& ema, const Tensor& x,
             const Tensor& z) {
  const Tensor loss = mean(square(network.forward(x, labels) - z));
  std::vector<Tensor> parameters;
  for (const nn::Parameter& p : network.parameters()) parameters.push_back(*p.value);
  adam.step(grad(loss, parameters));
  ema.update();
  return loss.item();
}

TEST(TrainingStep, IsThatOfLoopsWrittenOutByHand) {
  nn::Mlp network({.dimension = D, .width = width, .blocks = 1, .embedding_dim = features});
  randomise(network, 1, 0.7);
  nn::Adam adam(network.parameters(), adam_config);
  nn::Ema ema(network.parameters(), ema_decay);
  ByHand hand;
  hand.parameters = hand.average = doubles(network.parameters());
  for (const auto& [name, p] : hand.parameters) {
    hand.first[name] = hand.second[name] = Vector(p.size(), 0);
  }

  // Parameters are of size 1 and a step is some thousand operations in all: in double 1e-12 allows
  // each ten ulps. In float Adam divides by the root of small second moments, which carries the
  // relative error of a gradient, near 1e-6, over into steps of 0.02.
  const double tolerance = std::is_same_v<Real, float> ? 1e-5 : 1e-12;
  for (int step = 0; step < steps; ++step) {
    const auto at = static_cast<std::uint32_t>(step);
    const Tensor x = random_normal({N, D}, {.seed = 2, .step = at});
    const Tensor z = random_normal({N, D}, {.seed = 3, .step = at});
    const double loss = train(network, adam, ema, x, z);
    EXPECT_NEAR(loss, hand.train(step, doubles(x), doubles(z)), tolerance * loss);
    const Named ours = doubles(network.parameters());
    for (std::size_t k = 0; k < ema.averages().size(); ++k) {
      const std::string& name = ema.parameters()[k].name;
      const Vector average = doubles(ema.averages()[k]);
      for (std::size_t i = 0; i < average.size(); ++i) {
        EXPECT_NEAR(ours.at(name)[i], hand.parameters.at(name)[i], tolerance) << name;
        EXPECT_NEAR(average[i], hand.average.at(name)[i], tolerance) << name;
      }
    }
  }
}

}  // namespace
}  // namespace ito::test
