// Networks that are told classes: what they add to the networks without, and nothing else.

#include "nn/layers/class_embedding.h"

#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "engine/ops.h"
#include "nn/networks/ddpm.h"
#include "nn/networks/ncsnpp.h"
#include "tests/errors.h"

namespace ito::test {
namespace {

using nn::ClassEmbedding;
using nn::ClassOptions;

nn::DdpmConfig told_ddpm(Index classes, double label_dropout) {
  return {.image_size = 8,
          .channels = 1,
          .width = 8,
          .multipliers = {1, 2},
          .blocks = 1,
          .attention = {4},
          .dropout = 0.2,
          .groups = {.max = 4},
          .told = {classes, label_dropout}};
}

nn::NcsnppConfig told_ncsnpp(Index classes, double label_dropout) {
  nn::NcsnppConfig config;
  config.image_size = 8;
  config.channels = 1;
  config.width = 8;
  config.multipliers = {1, 2};
  config.blocks = 1;
  config.attention = {4};
  config.dropout = 0.2;
  config.told = {classes, label_dropout};
  return config;
}

/// Weights as if trained: nothing is zero.
void fill_weights(nn::Module& network) {
  std::uint32_t sub = 0;
  for (const nn::Parameter& p : network.state())
    p.value->assign(random_normal(p.value->shape(), {.seed = 5, .sub = sub++}) * 0.3);
}

const Tensor told_x = random_normal({3, 8, 8, 1}, {1});
const std::vector<double> told_t = {0.1, 3, 40};

/// A network without classes, one that learns half of its labels and one that learns none, with the
/// same weights but for the vectors of the classes.
template <class Network, class Config>
struct Three {
  explicit Three(Config make(Index, double))
      : plain(make(0, 0)), half(make(4, 0.5)), none(make(4, 1)) {
    for (Network* network : {&plain, &half, &none}) fill_weights(*network);
  }
  Network plain, half, none;
};

template <class Network, class Config>
void expect_told_is_added(Config make(Index, double)) {
  const Three<Network, Config> three(make);
  const std::vector<Real> plain = three.plain.forward(told_x, told_t).to_host();
  const Tensor nothing = Tensor::zeros({3, 4});
  EXPECT_EQ(three.half.forward(told_x, told_t).to_host(), plain);
  EXPECT_EQ(three.half.forward_told(told_x, told_t, nothing).to_host(), plain);
  EXPECT_EQ(three.plain.classes(), 0);
  EXPECT_EQ(three.half.classes(), 4);

  // In training mode with every label dropped: the same masks of dropout, the same bits.
  const RandomStream stream = {.seed = 2, .purpose = Purpose::dropout, .step = 7};
  const Tensor classes = nn::one_hot({0, 3, 2}, 4);
  EXPECT_EQ(three.none.forward_told(told_x, told_t, classes, &stream).to_host(),
            three.plain.forward(told_x, told_t, &stream).to_host());

  // The class is an addition to the time embedding, and so to its last bias.
  const Tensor told = three.half.forward_told(told_x, told_t, nn::one_hot({3}, 4));
  Network shifted(make(0, 0));
  fill_weights(shifted);
  const Tensor vectors = *three.half.parameters().back().value;
  for (const nn::Parameter& p : shifted.parameters())
    if (p.name == "time.linear_1.bias")
      p.value->assign(*p.value + reshape(slice(vectors, 0, 3, 4), p.value->shape()));
  const Tensor expected = shifted.forward(told_x, told_t);
  // Rounding of one sum of order 1, through a network: 3e-16 and 1.2e-7, and a factor of 100.
  EXPECT_LT(std::sqrt(sum_squares(told - expected) / sum_squares(expected)),
            sizeof(Real) == 8 ? 3e-14 : 1.2e-5);
  EXPECT_GT(sum_squares(told - three.half.forward(told_x, told_t)) / sum_squares(told), 1e-4);
}

TEST(ToldNetworks, AddTheClassToTheTime) {
  expect_told_is_added<nn::Ddpm>(told_ddpm);
  expect_told_is_added<nn::Ncsnpp>(told_ncsnpp);
}

/// The network with classes starts as the one without, and does not tell classes apart.
TEST(ToldNetworks, StartAsThoseWithout) {
  nn::Ddpm plain(told_ddpm(0, 0)), told(told_ddpm(4, 0.1));
  nn::initialise(plain, 3);
  nn::initialise(told, 3);
  EXPECT_EQ(told.parameters().size(), plain.parameters().size() + 1);
  EXPECT_EQ(told.parameters().back().name, "class.weight");
  EXPECT_EQ(told.forward_told(told_x, told_t, nn::one_hot({1, 2, 3}, 4)).to_host(),
            plain.forward(told_x, told_t).to_host());
}

/// 4,000 labels of which a tenth is dropped: the share within 4 standard errors of 0.0047. Which
/// ones are dropped depends on the image alone.
TEST(ClassEmbeddings, DropTheirShareOfTheLabels) {
  ClassEmbedding embedding({2, 0.1}, 1, 9);
  embedding.parameters()[0].value->assign(Tensor::full({2, 1}, 1));
  RandomStream stream = {.seed = 4, .purpose = Purpose::dropout, .step = 1};
  const Tensor weights = nn::one_hot({1}, 2);
  const std::vector<Real> all = embedding.forward(weights, 4000, &stream).to_host();
  double kept = 0;
  for (const Real value : all) kept += static_cast<double>(value);
  EXPECT_NEAR(kept / 4000, 0.9, 4 * 0.0047);
  stream.first_image = 3990;
  EXPECT_EQ(embedding.forward(weights, 10, &stream).to_host(),
            std::vector<Real>(all.end() - 10, all.end()));
  EXPECT_EQ(embedding.forward(weights, 10, nullptr).to_host(), std::vector<Real>(10, 1));
}

TEST(ClassEmbeddings, Mix) {
  ClassEmbedding embedding({3, 0}, 2, 0);
  embedding.parameters()[0].value->assign(Tensor({3, 2}, {1, 2, 4, 8, 16, 32}));
  const Tensor rows({2, 3}, {0.5, 0.5, 0, 0, 0, 1});
  EXPECT_EQ(embedding.forward(rows, 2, nullptr).to_host(), (std::vector<Real>{2.5, 5, 16, 32}));
  EXPECT_EQ(nn::one_hot({1, -1}, 3).to_host(), (std::vector<Real>{0, 1, 0, 0, 0, 0}));
}

TEST(ToldNetworks, AreExplained) {
  const nn::Ddpm plain(told_ddpm(0, 0)), told(told_ddpm(4, 0.1));
  expect_error(
      [&] {
        plain.forward_told(told_x, told_t, Tensor::zeros({3, 4}));
      },
      {"trained without classes"});
  expect_error(
      [&] {
        told.forward_told(told_x, told_t, Tensor::zeros({3, 5}));
      },
      {"expected weights [3, 4] or [1, 4]", "[3, 5]"});
  expect_error([] { nn::one_hot({4}, 4); }, {"no class 4 among 0 to 3"});
  expect_error([] { nn::Ddpm(told_ddpm(-1, 0)); }, {"\"classes\"", "got -1"});
  expect_error([] { nn::Ddpm(told_ddpm(2, 1.5)); }, {"\"label_dropout\"", "got 1.5"});
  nn::NcsnppConfig timeless = told_ncsnpp(4, 0.1);
  timeless.conditional = false;
  expect_error([&] { nn::Ncsnpp{timeless}; }, {"\"classes\"", "\"conditional\""});
}

/// What networks without classes write is what they always wrote.
TEST(ToldNetworks, AreConfigured) {
  nlohmann::json plain, told;
  nn::DdpmConfig read;
  to_json(plain, told_ddpm(0, 0.3));
  EXPECT_FALSE(plain.contains("classes") || plain.contains("label_dropout"));
  to_json(told, told_ddpm(4, 0.3));
  from_json(told, read);
  EXPECT_EQ(read.told, (ClassOptions{4, 0.3}));
  nn::NcsnppConfig read_ncsnpp;
  to_json(plain, told_ncsnpp(0, 0.3));
  EXPECT_FALSE(plain.contains("classes") || plain.contains("label_dropout"));
  to_json(told, told_ncsnpp(4, 0.3));
  from_json(told, read_ncsnpp);
  EXPECT_EQ(read_ncsnpp.told, (ClassOptions{4, 0.3}));
}

}  // namespace
}  // namespace ito::test
