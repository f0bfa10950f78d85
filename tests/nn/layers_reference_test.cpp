// Layers and blocks against published numbers.

#include <gtest/gtest.h>

#include "engine/ops.h"
#include "nn/blocks/attention.h"
#include "nn/blocks/published_pieces.h"
#include "nn/blocks/resample.h"
#include "nn/blocks/residual.h"
#include "nn/layers/time_embedding.h"
#include "reference.h"

namespace ito::test {
namespace {

// The stored results carry the rounding errors of float. Those of another summation order stay
// below 4e-7 (values) and 8e-7 (gradients) of the largest number of a case, measured when the data
// were made; these bounds are five times that. A wrong eps in a norm moves values by 1e-5.
constexpr double value_tolerance = 2e-6;
constexpr double layer_gradient_tolerance = 4e-6;

/// Loads the case's parameters, evaluates it and compares everything that is stored for it.
template <class F>
void expect_case(const std::string& name, nn::Module& module, const nn::NameTable& table,
                 const std::vector<std::string>& inputs, F f) {
  SCOPED_TRACE(name);
  const SafeTensors file = reference("layers_blocks");
  nn::load_published(module, table, with_prefix(file, name + ".param."));
  std::vector<Tensor> arguments;
  for (const std::string& input : inputs) arguments.push_back(images(file, name + ".in." + input));
  const Evaluation ours = evaluate(module, arguments, images(file, name + ".in.cotangent"), f);

  const Tensor y = images(file, name + ".out.y");
  EXPECT_LE(difference(ours.y, y), value_tolerance * largest(y));
  const double scale = largest(with_prefix(file, name + ".grad."));
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    EXPECT_LE(difference(ours.inputs[i], images(file, name + ".grad." + inputs[i])),
              layer_gradient_tolerance * scale)
        << inputs[i];
  }
  const nn::TensorMap gradients = nn::to_published(ours.parameters, table);
  for (const auto& [key, stored] : with_prefix(file, name + ".grad.param.")) {
    EXPECT_LE(difference(gradients.at(key), stored), layer_gradient_tolerance * scale) << key;
  }
}

TEST(LayersReference, Nin) {
  nn::Linear layer(5, 7);
  expect_case("nin", layer, {{"W", "weight"}, {"b", "bias"}}, {"x"},
              [&](const auto& in) { return layer.forward(in[0]); });
}

TEST(LayersReference, GroupNormByQuarters) {
  nn::GroupNorm layer(160, {.rule = nn::Groups::Rule::quarter, .max = 32});
  expect_case("groupnorm.wide", layer, nn::published_group_norm(), {"x"},
              [&](const auto& in) { return layer.forward(in[0]); });
}

TEST(LayersReference, AttentionBlock) {
  nn::AttentionBlock block(32, {});
  expect_case("attn_ddpm", block, nn::published_attention_block(), {"x"},
              [&](const auto& in) { return block.forward(in[0]); });
}

TEST(LayersReference, ResidualBlock) {
  nn::ResidualBlock block(64, 32, {.embedding = 8}, 0);
  expect_case("res_ddpm", block, nn::published_residual_block({}, nn::Shortcut::pointwise),
              {"x", "temb"}, [&](const auto& in) { return block.forward(in[0], in[1], nullptr); });
}

TEST(LayersReference, ResampleWithAndWithoutConvolution) {
  for (const bool with_conv : {false, true}) {
    const std::string suffix = with_conv ? "conv1" : "conv0";
    nn::Upsample up(4, 4, {.with_conv = with_conv});
    expect_case("ddpm_upsample." + suffix, up, nn::published_resample(with_conv, false), {"x"},
                [&](const auto& in) { return up.forward(in[0]); });
    nn::Downsample down(4, 4, {.with_conv = with_conv});
    expect_case("ddpm_downsample." + suffix, down, nn::published_resample(with_conv, false), {"x"},
                [&](const auto& in) { return down.forward(in[0]); });
  }
}

std::vector<double> doubles(const SafeTensors& file, const std::string& name) {
  const std::vector<Real>& values = file.at(name).values;
  return {values.begin(), values.end()};
}

// Sine and cosine are bounded by 1 and each side evaluates them to about an ulp. The angle reaches
// 1000; one ulp in a frequency, which two exponential functions may disagree by, moves it by
// 1000 * 2^-24.
constexpr double angle_tolerance = 1000 * 0x1p-24;

TEST(LayersReference, PositionalEmbedding) {
  const SafeTensors file = reference("layers_embed");
  for (const auto& [name, dim] : {std::pair("timestep.dim8", 8),
                                  {"timestep.dim9", 9},
                                  {"timestep.dim32", 32},
                                  {"timestep.int", 16}}) {
    const Tensor ours = nn::positional_embedding(doubles(file, text(name, ".in.t")), dim);
    EXPECT_LE(difference(ours, file.tensor(text(name, ".out.y"))), angle_tolerance) << name;
  }
}

TEST(LayersReference, FourierEmbedding) {
  const SafeTensors file = reference("layers_embed");
  for (const std::string name : {"fourier.scale1.0", "fourier.scale16.0"}) {
    const Tensor ours = nn::fourier_embedding(doubles(file, name + ".in.x"),
                                              file.tensor(name + ".param.W").to_host());
    // No frequency is computed here: both sides see the same angles but for one rounding.
    EXPECT_LE(difference(ours, file.tensor(name + ".out.y")), 2e-5) << name;
  }
}

}  // namespace
}  // namespace ito::test
