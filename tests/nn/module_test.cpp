// Modules: names, order, loading.

#include "nn/module.h"

#include <gtest/gtest.h>

#include "engine/random.h"
#include "nn/layers/activation.h"
#include "nn/layers/linear.h"
#include "nn/layers/sigma_scale.h"
#include "reference.h"
#include "tests/errors.h"

namespace ito::test {
namespace {

struct Two : nn::Module {
  Two() : a(2, 3), b(3, 1) {
    add_child("a", a);
    add_constant("fixed", fixed, {4}, {.kind = nn::Init::Kind::normal, .scale = 2});
    add_child("b", b);
  }
  void add_again() { add_child("a", b); }
  nn::Linear a, b;
  Tensor fixed;
};

std::vector<std::string> names(const std::vector<nn::Parameter>& parameters) {
  std::vector<std::string> out;
  for (const nn::Parameter& p : parameters) out.push_back(p.name);
  return out;
}

TEST(Module, NamesArePathsInOrderOfRegistration) {
  const Two module;
  EXPECT_EQ(names(module.parameters()),
            (std::vector<std::string>{"a.weight", "a.bias", "b.weight", "b.bias"}));
  EXPECT_EQ(names(module.state()),
            (std::vector<std::string>{"fixed", "a.weight", "a.bias", "b.weight", "b.bias"}));
  EXPECT_EQ(nn::parameter_count(module), 6 + 3 + 3 + 1);
  for (const nn::Parameter& p : module.parameters()) EXPECT_TRUE(p.value->requires_grad());
  EXPECT_FALSE(module.fixed.requires_grad());
}

TEST(Module, RefusesTwoPartsOfOneName) {
  Two module;
  EXPECT_THROW(module.add_again(), Error);
}

TEST(Module, LoadsWhatAnotherHolds) {
  Two from, to;
  nn::initialise(from, 1);
  nn::initialise(to, 2);
  nn::load(to, nn::values(from));
  for (const auto& [name, value] : nn::values(from)) {
    EXPECT_EQ(nn::values(to).at(name).to_host(), value.to_host()) << name;
  }
  for (const nn::Parameter& p : to.parameters()) EXPECT_TRUE(p.value->requires_grad());
}

TEST(Module, LoadingRefusesExtraNamesUnlessTold) {
  Two from, to;
  nn::initialise(from, 1);
  nn::TensorMap values = nn::values(from);
  values.emplace("c.weight", Tensor::zeros({1}));
  EXPECT_THROW(nn::load(to, values), Error);
  EXPECT_NO_THROW(nn::load(to, values, nn::Extra::ignore));
  values.erase("b.bias");
  EXPECT_THROW(nn::load(to, values, nn::Extra::ignore), Error);
}

TEST(Module, AnErrorListsTheFirstDifferencesAndCountsTheRest) {
  Two module;
  nn::TensorMap values;
  for (const char* name : {"p", "q", "r"}) values.emplace(name, Tensor::zeros({1}));
  expect_error([&] { nn::load(module, values); },
               {"fixed: expected [4], missing", "... and 3 more"});
}

TEST(Module, EntryNumberIOfTheStateDrawsFromStreamI) {
  Two module;
  nn::initialise(module, 9);
  const Tensor drawn = random_normal({1, 4}, {.seed = 9, .purpose = Purpose::init, .sub = 0});
  const std::vector<Real> expected = drawn.to_host();
  const std::vector<Real> fixed = module.fixed.to_host();
  for (std::size_t i = 0; i < 4; ++i) EXPECT_EQ(fixed[i], 2 * expected[i]);
}

TEST(Activation, NamesGoThereAndBack) {
  for (const char* name : {"swish", "elu", "relu", "lrelu"}) {
    EXPECT_EQ(nn::name_of(nn::activation_named(name)), name);
  }
  EXPECT_THROW(nn::activation_named("tanh"), Error);
  const Tensor x({2}, {Real(-2), Real(3)});
  EXPECT_EQ(nn::activate(nn::Activation::relu, x).to_host(), (std::vector<Real>{0, 3}));
  EXPECT_EQ(nn::activate(nn::Activation::lrelu, x).to_host(),
            (std::vector<Real>{Real(0.2) * -2, 3}));
}

TEST(Sigmas, AreGeometricAndDescending) {
  const std::vector<double> sigmas = nn::descending_sigmas(0.01, 100, 5);
  const std::vector<double> expected = {100, 10, 1, 0.1, 0.01};
  for (std::size_t i = 0; i < 5; ++i) EXPECT_NEAR(sigmas[i], expected[i], 1e-7 * expected[i]);
  EXPECT_THROW(nn::descending_sigmas(0, 1, 5), Error);
  EXPECT_THROW(nn::descending_sigmas(2, 1, 5), Error);
}

}  // namespace
}  // namespace ito::test
