// Published weights: training states, names and configurations.

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <type_traits>

#include "diffusion/import/published_model.h"
#include "diffusion/import/published_weights.h"
#include "diffusion/import/training_state.h"
#include "engine/autograd.h"
#include "engine/ops.h"
#include "nn/networks/ddpm_diffusers.h"
#include "tests/convolution_mode.h"
#include "tests/errors.h"
#include "tests/files.h"

namespace ito {
namespace {

using nlohmann::json;
using test::expect_error;

const std::string folder = ITO_TEST_DATA "/torch/";

json config_file(const std::string& name) { return json::parse(read_text(folder + name)); }

double import_difference(const Tensor& a, const Tensor& b) {
  const std::vector<Real> x = a.to_host(), y = b.to_host();
  double largest = x.size() == y.size() ? 0 : 1e300;
  for (std::size_t i = 0; i < x.size() && i < y.size(); ++i) {
    largest = std::max(largest, std::abs(static_cast<double>(x[i]) - static_cast<double>(y[i])));
  }
  return largest;
}

/// [N, C, H, W] -> [N, H, W, C].
Tensor channels_last(const Tensor& x) { return permute(x, {0, 2, 3, 1}); }

/// What the imported weights give at the inputs of a file.
Tensor output_of(const SafeTensors& checkpoint, const Tensor& x, const Tensor& t) {
  const test::WithConvolutionMode exact(kernels::ConvolutionMode::exact);
  const NoGrad no_grad;
  const TrainedModel model(to_checkpoint(checkpoint), Weights::averaged);
  const std::vector<Real> labels = t.to_host();
  return model.network().forward(channels_last(x), {labels.begin(), labels.end()});
}

SafeTensors import_state(Weights wanted) {
  return import_weights(read_published_weights(folder + "training_state.pth", wanted),
                        published_config(config_file("training_state.json")));
}

/// Its averages are the reference's weights, so the network gives the reference's output; the
/// tolerance is that of all reference networks (tests/nn/published_network.cpp).
TEST(Import, AveragesGiveThePublishedOutput) {
  const SafeTensors reference =
      read_safetensors(ITO_TEST_DATA "/net_ncsnpp_ve_discrete.safetensors");
  const SafeTensors checkpoint = import_state(Weights::averaged);
  const Tensor y = output_of(checkpoint, reference.tensor("in.x"), reference.tensor("in.t"));
  const double floors = std::is_same_v<Real, float> ? 8 : 5;
  EXPECT_LE(import_difference(y, channels_last(reference.tensor("out.y"))),
            floors * std::stod(reference.meta("fp32_vs_fp64_maxabs_y")));
  const Checkpoint read = to_checkpoint(checkpoint);
  EXPECT_EQ(read.step, 7);
  EXPECT_TRUE(is_weights_alone(read));
}

/// The model's own weights in the file are the averages plus 1, rounded to float.
TEST(Import, RawWeightsAreTheModels) {
  const SafeTensors averaged = import_state(Weights::averaged), raw = import_state(Weights::raw);
  ASSERT_EQ(averaged.tensors.size(), raw.tensors.size());
  for (const auto& [name, tensor] : averaged.tensors) {
    const std::vector<Real>& other = raw.at(name).values;
    for (std::size_t i = 0; i < other.size(); ++i) {
      const float expected = static_cast<float>(tensor.values[i]) + 1.0F;
      ASSERT_EQ(other[i], static_cast<Real>(expected)) << name;
    }
  }
}

TEST(Import, AveragesByName) {
  const std::string path = folder + "state_list.pth";
  const PublishedWeights averaged = read_published_weights(path, Weights::averaged);
  EXPECT_EQ(averaged.step, 120);
  EXPECT_TRUE(averaged.averaged);
  EXPECT_EQ(averaged.tensors.at("a.weight").to_host(), std::vector<Real>(4, 3));
  EXPECT_EQ(averaged.tensors.at("a.bias").to_host(), std::vector<Real>(2, 4));
  EXPECT_EQ(averaged.tensors.at("sigmas").to_host(), std::vector<Real>(3, 1));
  const PublishedWeights raw = read_published_weights(path, Weights::raw);
  EXPECT_EQ(raw.tensors.at("a.weight").to_host(), std::vector<Real>(4, 1));
}

TEST(Import, ListsWhatDoesNotFit) {
  json config = config_file("training_state.json");
  const PublishedWeights weights =
      read_published_weights(folder + "training_state.pth", Weights::averaged);
  config["model"]["nf"] = 16;
  expect_error([&] { import_weights(weights, published_config(config)); },
               {"training_state.pth", "all_modules.0.weight", "[64, 16]", "[32, 8]", "more"});
  const PublishedWeights others = read_published_weights(folder + "types.pt", Weights::raw);
  expect_error([&] { import_weights(others, published_preset("ddpm_cifar10")); },
               {"all_modules.0.bias: expected [512], missing", "types.pt"});
  expect_error([&] { read_published_weights(folder + "training_state.json", Weights::raw); },
               {"training_state.json"});
}

TEST(Import, AveragesThatDoNotFitTheirModel) {
  const auto refused = [](const char* name, std::initializer_list<std::string_view> parts) {
    const std::string path = folder + name;
    expect_error([&] { read_published_weights(path, Weights::averaged); }, parts);
    EXPECT_EQ(read_published_weights(path, Weights::raw).tensors.size(), 3U);
  };
  refused("bad_average_count.pth", {"2 parameters", "averages are 1"});
  refused("bad_average_shape.pth", {"number 1", "[3]", "\"b\"", "[2]"});
  refused("bad_average_kind.pth", {"expected a tensor among the averages, got the number 1.5"});
}

/// The output of diffusers 0.21 itself; tolerance: 8 times what float costs there (5 in double).
TEST(Import, DiffusersModelGivesItsOutput) {
  const SafeTensors checkpoint = import_weights(
      read_published_weights(folder + "diffusers_model.safetensors", Weights::averaged),
      published_config(config_file("diffusers_config.json")));
  const SafeTensors values = read_safetensors(folder + "diffusers_values.safetensors");
  const Tensor y = output_of(checkpoint, values.tensor("x"), values.tensor("t"));
  constexpr double floor = 2.15e-7;  // as make_torch_files.py prints it
  EXPECT_LE(import_difference(y, channels_last(values.tensor("y"))),
            floor * (std::is_same_v<Real, float> ? 8 : 5));
}

TEST(Import, DiffusersNamesOfBefore) {
  const auto now = nn::current_diffusers_name;
  EXPECT_EQ(now("mid_block.attentions.0.query.weight"), "mid_block.attentions.0.to_q.weight");
  EXPECT_EQ(now("up_blocks.1.attentions.2.key.bias"), "up_blocks.1.attentions.2.to_k.bias");
  EXPECT_EQ(now("a.attentions.0.value.bias"), "a.attentions.0.to_v.bias");
  EXPECT_EQ(now("a.attentions.0.proj_attn.bias"), "a.attentions.0.to_out.0.bias");
  EXPECT_EQ(now("a.attentions.0.to_out.0.bias"), "a.attentions.0.to_out.0.bias");
  EXPECT_EQ(now("conv_in.weight"), "conv_in.weight");
}

TEST(Import, DiffusersSettingsThatAreNotDdpms) {
  const auto refused = [](const char* key, const json& value) {
    json config = config_file("diffusers_config.json");
    config[key] = value;
    expect_error([&] { published_config(config); }, {"diffusers config", key});
  };
  refused("flip_sin_to_cos", true);
  refused("freq_shift", 0);
  refused("downsample_padding", 1);
  refused("norm_eps", 1e-5);
  refused("attention_head_dim", 8);
  refused("_class_name", "UNet2DConditionModel");
  refused("up_block_types", {"UpBlock2D", "AttnUpBlock2D"});
  refused("block_out_channels", {8, 12});
  json config = config_file("diffusers_config.json");
  config["_class_name"] = "UNet2DModel";
  config.erase("norm_eps");  // the library's default is another
  expect_error([&] { published_config(config); }, {"norm_eps", "1e-05"});
}

TEST(Import, PublishedConfigurations) {
  json json_config = config_file("training_state.json");
  TrainingConfig config = published_config(json_config);
  EXPECT_EQ(config.sde.type, SdeConfig::Type::ve);
  EXPECT_EQ(config.sde.N, 10);
  EXPECT_EQ(config.objective.type, ObjectiveConfig::Type::smld);
  EXPECT_EQ(config.data.range, Range::unit);
  EXPECT_EQ(config.sampling.corrector, "langevin");
  json_config["training"] = {{"sde", "subvpsde"}, {"continuous", true}};
  json_config["sampling"] = {{"predictor", "ancestral_sampling"}, {"snr", 0.2}};
  config = published_config(json_config);
  EXPECT_EQ(config.sde.type, SdeConfig::Type::subvp);
  EXPECT_EQ(config.objective.type, ObjectiveConfig::Type::denoising);
  EXPECT_EQ(config.sampling.predictor, "ancestral");
  EXPECT_EQ(config.sampling.snr, 0.2);
  for (const char* name : {"ddpm_cifar10", "ncsnpp_cifar10", "ncsnv2_64"}) {
    EXPECT_FALSE(published_names(published_preset(name).model).empty());
  }
  json_config["model"]["name"] = "glow";
  expect_error([&] { published_config(json_config); }, {"glow"});
  json_config["model"]["name"] = 3;
  expect_error([&] { published_config(json_config); }, {"published config"});
}

/// Export and import again: the same bits, for both tables of names.
TEST(Export, ThereAndBack) {
  const test::TempFolder temporary;
  const SafeTensors published = import_state(Weights::averaged);
  const SafeTensors diffusers = import_weights(
      read_published_weights(folder + "diffusers_model.safetensors", Weights::averaged),
      published_config(config_file("diffusers_config.json")));
  int number = 0;
  for (const SafeTensors& first : {published, diffusers}) {
    const std::string path = temporary / text("exported", number++, ".safetensors");
    const SafeTensors exported = export_weights(to_checkpoint(first), Weights::averaged);
    write_safetensors(path, exported, Overwrite::no);
    const PublishedWeights weights = read_published_weights(path, Weights::averaged);
    const SafeTensors second =
        import_weights(weights, config_from_json(json::parse(weights.config)));
    EXPECT_EQ(second.metadata, first.metadata);
    ASSERT_EQ(second.tensors.size(), first.tensors.size());
    for (const auto& [name, tensor] : first.tensors) {
      EXPECT_EQ(second.at(name).shape, tensor.shape) << name;
      EXPECT_EQ(second.at(name).values, tensor.values) << name;
    }
  }
}

/// And the exported file holds what diffusers wrote, name for name.
TEST(Export, NamesAndLayoutsAreThePublished) {
  const SafeTensors original = read_safetensors(folder + "diffusers_model.safetensors");
  const SafeTensors checkpoint = import_weights(
      read_published_weights(folder + "diffusers_model.safetensors", Weights::averaged),
      published_config(config_file("diffusers_config.json")));
  const SafeTensors exported = export_weights(to_checkpoint(checkpoint), Weights::averaged);
  ASSERT_EQ(exported.tensors.size(), original.tensors.size());
  for (const auto& [name, tensor] : original.tensors) {
    EXPECT_EQ(exported.at(name).shape, tensor.shape) << name;
    EXPECT_EQ(exported.at(name).values, tensor.values) << name;
  }
}

}  // namespace
}  // namespace ito
