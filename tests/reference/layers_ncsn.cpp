// Layers and blocks of NCSN and NCSNv2.

#include "engine/ops.h"
#include "nn/blocks/published_pieces.h"
#include "nn/blocks/published_refine.h"
#include "tests/reference/layers.h"

namespace ito::reference {

namespace {

using Json = nlohmann::json;
using Kind = nn::InstanceNormOptions::Kind;

template <class M>
Layer classed(std::shared_ptr<M> module, nn::NameTable names) {
  return {module, std::move(names),
          [module](const LayerInputs& in) { return module->forward(in.tensors.at(0), in.labels); }};
}

Index classes_of(const Json& s) {
  const Json classes = s.value("num_classes", Json());
  return classes.is_null() ? 0 : classes.get<Index>();
}

template <Kind kind>
Layer instance_norm(const Json& s) {
  require_setting(s, "norm_eps", 1e-5);
  const nn::InstanceNormOptions options{
      .kind = kind, .classes = classes_of(s), .bias = s.at("bias")};
  return classed(std::make_shared<nn::InstanceNorm>(s.at("channels").get<Index>(), options),
                 nn::published_instance_norm(options));
}

/// The normaliser of a block, an `op` of the table below.
std::optional<nn::InstanceNormOptions> norm_of(const Json& s) {
  const auto found = s.find("norm");
  if (found == s.end() || found->is_null()) return std::nullopt;
  require_setting(s, "norm_eps", 1e-5);
  const std::string norm = *found;
  nn::InstanceNormOptions options{.classes = norm.starts_with("cond_") ? classes_of(s) : 0};
  if (norm.ends_with("instance_norm")) options.kind = Kind::plain;
  if (norm.ends_with("variance_norm")) options.kind = Kind::variance;
  return options;
}

nn::RefineOptions refine_options(const Json& s) {
  nn::RefineOptions options;
  if (s.contains("act")) options.activation = nn::activation_named(s.at("act"));
  options.norm = norm_of(s);
  if (!s.contains("pool")) return options;
  require_setting(s, "pool_stride", 1);
  require_setting(s, "pool_count_pad", true);
  options.pool =
      s.at("pool") == "max" ? nn::RefineOptions::Pool::max : nn::RefineOptions::Pool::mean;
  options.pool_size = s.at("pool_size");
  require_setting(s, "pool_pad", options.pool_size / 2);
  return options;
}

Layer units(const Json& s) {
  require_setting(s, "kernel_size", 3);
  require_setting(s, "bias", false);
  const Index channels = s.at("channels"), blocks = s.at("blocks"), stages = s.at("stages");
  const nn::RefineOptions options = refine_options(s);
  return classed(std::make_shared<nn::ResidualConvUnits>(channels, blocks, stages, options),
                 nn::published_units(blocks, stages, options));
}

Layer pooling(const Json& s) {
  require_setting(s, "kernel_size", 3);
  require_setting(s, "bias", false);
  const Index channels = s.at("channels"), stages = s.at("stages");
  const nn::RefineOptions options = refine_options(s);
  return classed(std::make_shared<nn::ChainedPooling>(channels, stages, options),
                 nn::published_pooling(stages, options));
}

void require_bilinear(const Json& s) {
  if (!s.at("interpolation").is_null()) require_setting(s, "interpolation", "bilinear");
  if (!s.at("align_corners").is_null()) require_setting(s, "align_corners", true);
}

Layer fusion(const Json& s) {
  require_setting(s, "kernel_size", 3);
  require_setting(s, "bias", true);
  require_bilinear(s);
  const std::vector<Index> in = s.at("in_channels");
  const Index out = s.at("out_channels"), H = s.at("out_size").at(0), W = s.at("out_size").at(1);
  const nn::RefineOptions options = refine_options(s);
  const auto block = std::make_shared<nn::Fusion>(in, out, options);
  return {block, nn::published_fusion(static_cast<Index>(in.size()), options),
          [=](const LayerInputs& x) { return block->forward(x.tensors, H, W, x.labels); }};
}

Layer refine(const Json& s) {
  for (const char* key : {"rcu_in_blocks", "rcu_in_stages", "rcu_out_stages", "crp_stages"})
    require_setting(s, key, 2);
  require_bilinear(s);
  const std::vector<Index> in = s.at("in_channels");
  const Index out = s.at("out_channels"), output_blocks = s.at("rcu_out_blocks");
  const Json size = s.at("out_size");
  const nn::RefineOptions options = refine_options(s);
  const auto block = std::make_shared<nn::RefineBlock>(in, out, output_blocks, options);
  return {block, nn::published_refine(static_cast<Index>(in.size()), output_blocks, options),
          [=](const LayerInputs& x) {
            const Tensor& first = x.tensors.at(0);
            if (size != Json{first.size(1), first.size(2)})
              throw NotBuilt{"a refine block with another size than its first input"};
            return block->forward(x.tensors, x.labels);
          }};
}

Layer conv_mean_pool(const Json& s) {
  require_setting(s, "bias", true);
  require_setting(s, "factor", 2);
  const Index in = s.at("in_channels"), out = s.at("out_channels"), kernel = s.at("kernel_size");
  const auto block = std::make_shared<nn::ConvMeanPool>(in, out, kernel);
  return {block, nn::published_conv_mean_pool(),
          [block](const LayerInputs& x) { return block->forward(x.tensors.at(0)); }};
}

Layer residual(const Json& s) {
  require_setting(s, "kernel_size", 3);
  require_setting(s, "bias", true);
  const Index in = s.at("in_channels"), out = s.at("out_channels");
  const nn::NcsnBlockOptions options{.down = !s.at("resample").is_null(),
                                     .dilation = s.at("dilation"),
                                     .activation = nn::activation_named(s.at("act")),
                                     .norm = norm_of(s).value()};
  require_setting(s, "factor", options.halves() ? 2 : 1);
  return classed(std::make_shared<nn::NcsnResidualBlock>(in, out, options),
                 nn::published_ncsn_block(in, out, options));
}

const LayerTable ncsn_table = {
    {"instance_norm_pp", instance_norm<Kind::plus>},
    {"variance_norm", instance_norm<Kind::variance>},
    {"cond_instance_norm_pp", instance_norm<Kind::plus>},
    {"cond_instance_norm", instance_norm<Kind::plain>},
    {"cond_variance_norm", instance_norm<Kind::variance>},
    {"rcu", units},
    {"cond_rcu", units},
    {"crp", pooling},
    {"cond_crp", pooling},
    {"msf", fusion},
    {"cond_msf", fusion},
    {"refine", refine},
    {"cond_refine", refine},
    {"conv_mean_pool", conv_mean_pool},
    {"ncsn_res_block", residual},
    {"cond_ncsn_res_block", residual},
};

}  // namespace

const LayerTable& ncsn_layers() { return ncsn_table; }

}  // namespace ito::reference
