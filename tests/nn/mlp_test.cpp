// The MLP score network and its time embeddings.

#include "nn/networks/mlp.h"

#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "engine/autograd.h"
#include "engine/ops.h"
#include "reference.h"

namespace ito::test {
namespace {

using Kind = nn::TimeEmbedding::Kind;

nn::MlpConfig small(Kind kind) {
  return {.dimension = 3, .width = 8, .blocks = 2, .embedding = kind, .embedding_dim = 4};
}

TEST(Mlp, CountsItsParametersAndKeepsFrequenciesApart) {
  const auto linear = [](Index in, Index out) { return in * out + out; };
  const Index block = 3 * linear(8, 8);
  const Index rest = linear(8, 8) + linear(3, 8) + 2 * block + linear(8, 3);
  EXPECT_EQ(nn::parameter_count(nn::Mlp(small(Kind::positional))), linear(4, 8) + rest);
  const nn::Mlp fourier(small(Kind::fourier));
  EXPECT_EQ(nn::parameter_count(fourier), linear(Index{2} * 4, 8) + rest);
  EXPECT_EQ(fourier.state().size(), fourier.parameters().size() + 1);
  EXPECT_TRUE(nn::values(fourier).contains("time.frequencies"));
}

TEST(Mlp, FourierFrequenciesAreDrawnWithTheirScale) {
  nn::MlpConfig config = small(Kind::fourier);
  config.embedding_dim = 4096;
  config.fourier_scale = 5;
  nn::Mlp network(config);
  nn::initialise(network, 1);
  const Tensor w = nn::values(network).at("time.frequencies");
  // A variance estimated from n normals has relative deviation sqrt(2/n) = 0.022: within 5 of it.
  EXPECT_NEAR(sum_squares(w) / 4096, 25, 25 * 5 * 0.022);
  EXPECT_FALSE(w.requires_grad());
}

#ifdef ITO_DOUBLE
TEST(Mlp, GradientsAreThoseOfCentralDifferences) {
  for (const Kind kind : {Kind::positional, Kind::fourier}) {
    nn::Mlp network(small(kind));
    nn::initialise(network, 2);
    randomise(network, 3, 0.5);
    const Tensor x = random_normal({4, 3}, {.seed = 4});
    const Tensor direction = random_normal({4, 3}, {.seed = 5});
    const Tensor cotangent = random_normal({4, 3}, {.seed = 6});
    const std::vector<double> labels = {0.1, 1, 7, 30};
    const auto f = [&](double step) {
      return sum(network.forward(x + step * direction, labels) * cotangent).item();
    };
    const Evaluation at = evaluate(network, {x}, cotangent,
                                   [&](const auto& in) { return network.forward(in[0], labels); });
    // Step 1e-5: truncation and rounding are both near 1e-10.
    const double numeric = (f(1e-5) - f(-1e-5)) / 2e-5;
    EXPECT_GT(std::abs(numeric), 0.1);
    EXPECT_NEAR(sum(at.inputs[0] * direction).item(), numeric, 1e-7 * std::abs(numeric) + 1e-8);
  }
}
#endif

TEST(Mlp, ASampleDoesNotDependOnItsBatch) {
  nn::Mlp network(small(Kind::fourier));
  nn::initialise(network, 2);
  randomise(network, 3, 0.5);
  const Tensor x = random_normal({17, 3}, {.seed = 4});
  std::vector<double> labels;
  for (int i = 0; i < 17; ++i) labels.push_back(0.01 + i);
  const Tensor all = network.forward(x, labels);
  for (const Index i : {0, 7, 16}) {
    const Tensor alone =
        network.forward(slice(x, 0, i, i + 1), {labels[static_cast<std::size_t>(i)]});
    EXPECT_EQ(alone.to_host(), slice(all, 0, i, i + 1).to_host()) << i;
  }
}

TEST(Mlp, ConfigurationGoesThroughJsonAndErrorsNameTheKey) {
  const nlohmann::json json = small(Kind::fourier);
  EXPECT_EQ(nlohmann::json(json.get<nn::MlpConfig>()), json);
  const auto read = [](const char* text) { nlohmann::json::parse(text).get<nn::MlpConfig>(); };
  EXPECT_THROW(read(R"({"depth": 3})"), Error);
  EXPECT_THROW(read(R"({"embedding": "learned"})"), Error);
  EXPECT_THROW(read(R"({"embedding_dim": 3})"), Error);
  EXPECT_THROW(read(R"({"dimension": 0})"), Error);
}

TEST(Mlp, InputsThatDoNotFitAreRefused) {
  const nn::Mlp network(small(Kind::fourier));
  EXPECT_THROW(network.forward(Tensor::zeros({2, 2}), {1, 1}), Error);
  EXPECT_THROW(network.forward(Tensor::zeros({2, 3}), {1}), Error);
  EXPECT_THROW(network.forward(Tensor::zeros({1, 3}), {0}), Error) << "log 0";
}

}  // namespace
}  // namespace ito::test
