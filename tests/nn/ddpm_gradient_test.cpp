// Gradients of a whole U-Net against central differences in double, first and second order.

#ifdef ITO_DOUBLE

#include <gtest/gtest.h>

#include <cmath>

#include "engine/autograd.h"
#include "engine/ops.h"
#include "nn/networks/ddpm.h"
#include "reference.h"

namespace ito::test {
namespace {

// A central difference of step h errs by h^2 f'''/6 and by 1e-16 f / h: with h = 1e-5 both are near
// 1e-10 for a function of size and slopes around 1 to 10.
constexpr double h = 1e-5;
constexpr double tolerance = 1e-7;

class DdpmGradient : public ::testing::Test {
 protected:
  DdpmGradient() : network_(config()) {
    randomise(network_, 5, 0.3);
    x_ = random_normal({2, 4, 4, 2}, {.seed = 6});
    cotangent_ = random_normal({2, 4, 4, 2}, {.seed = 7});
    probe_ = random_normal({2, 4, 4, 2}, {.seed = 8});
  }

  static nn::DdpmConfig config() {
    return {.image_size = 4,
            .channels = 2,
            .width = 8,
            .multipliers = {1, 2},
            .blocks = 1,
            .attention = {2},
            .dropout = 0,
            .groups = {.max = 4},
            .scale_input = true,
            .scale_by_sigma = true,
            .sigma_min = 0.5,
            .sigma_max = 2,
            .num_scales = 10};
  }

  /// <y, cotangent>.
  Tensor loss(const Tensor& x) const { return sum(network_.forward(x, {2, 7}) * cotangent_); }

  /// <d loss / dx, probe>, differentiable again.
  Tensor slope(Tensor x) const {
    if (!x.requires_grad()) x.require_grad();
    return sum(grad(loss(x), {x}, {.create_graph = true})[0] * probe_);
  }

  /// Moves x and all parameters by `step` along fixed random directions.
  void move(double step) {
    const NoGrad no_grad;
    x_ = (x_ + step * random_normal(x_.shape(), {.seed = 9})).detach();
    RandomStream stream{.seed = 10};
    for (const nn::Parameter& p : network_.parameters()) {
      p.value->assign(*p.value + step * random_normal(p.value->shape(), stream));
      ++stream.sub;
    }
  }

  /// The derivative along those directions that gradients in the order (x, parameters) give.
  double along(const std::vector<Tensor>& gradients) const {
    double sum_of_products = sum(gradients[0] * random_normal(x_.shape(), {.seed = 9})).item();
    RandomStream stream{.seed = 10};
    for (std::size_t i = 1; i < gradients.size(); ++i) {
      sum_of_products += sum(gradients[i] * random_normal(gradients[i].shape(), stream)).item();
      ++stream.sub;
    }
    return sum_of_products;
  }

  template <class F>
  void expect_derivative(F f) {
    Tensor x = x_.detach().require_grad();
    std::vector<Tensor> wanted = {x};
    for (const nn::Parameter& p : network_.parameters()) wanted.push_back(*p.value);
    const double analytic = along(grad(f(x), wanted));
    move(h);
    const double above = f(x_).item();
    move(-2 * h);
    const double below = f(x_).item();
    move(h);
    const double numeric = (above - below) / (2 * h);
    EXPECT_GT(std::abs(numeric), 0.1) << "the check would see nothing";
    EXPECT_NEAR(analytic, numeric, tolerance * std::max(1.0, std::abs(numeric)));
  }

  nn::Ddpm network_;
  Tensor x_, cotangent_, probe_;
};

TEST_F(DdpmGradient, FirstOrder) {
  expect_derivative([this](const Tensor& x) { return loss(x); });
}

TEST_F(DdpmGradient, SecondOrder) {
  expect_derivative([this](const Tensor& x) { return slope(x); });
}

}  // namespace
}  // namespace ito::test

#endif  // ITO_DOUBLE
