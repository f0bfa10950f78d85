// Layers and blocks of DDPM and NCSN++.

#include "engine/ops.h"
#include "nn/blocks/attention.h"
#include "nn/blocks/published_pieces.h"
#include "nn/blocks/pyramid.h"
#include "nn/blocks/resample.h"
#include "nn/blocks/residual.h"
#include "nn/layers/fir.h"
#include "nn/layers/group_norm.h"
#include "nn/layers/linear.h"
#include "tests/reference/layers.h"

namespace ito::reference {

namespace {

using Json = nlohmann::json;

template <class M>
Layer unary(std::shared_ptr<M> module, nn::NameTable names) {
  return {module, std::move(names),
          [module](const LayerInputs& in) { return module->forward(in.tensors.at(0)); }};
}

/// The rule that gives these numbers of groups.
nn::Groups groups_for(Index channels_0, Index groups_0, Index channels_1, Index groups_1) {
  if (groups_0 == groups_1) return {nn::Groups::Rule::fixed, groups_0};
  const auto quarter = [](Index channels) { return std::min<Index>(channels / 4, 32); };
  if (groups_0 != quarter(channels_0) || groups_1 != quarter(channels_1))
    throw NotBuilt{text("a block with ", groups_0, " and ", groups_1, " groups")};
  return {nn::Groups::Rule::quarter, 32};
}

/// An operation without parameters.
Layer operation(std::function<Tensor(const std::vector<Tensor>&)> forward) {
  return {std::make_shared<nn::Module>(),
          {},
          [forward = std::move(forward)](const LayerInputs& in) { return forward(in.tensors); }};
}

Layer nin(const Json& s) {
  require_setting(s, "bias", true);
  return unary(std::make_shared<nn::Linear>(s.at("in_channels"), s.at("out_channels")),
               {{"W", "weight"}, {"b", "bias"}});
}

Layer group_norm(const Json& s) {
  require_setting(s, "norm_eps", 1e-6);
  const nn::Groups groups{nn::Groups::Rule::fixed, s.at("groups")};
  return unary(std::make_shared<nn::GroupNorm>(s.at("channels").get<Index>(), groups),
               nn::published_group_norm());
}

Layer attention(const Json& s) {
  require_setting(s, "norm_eps", 1e-6);
  const nn::Groups groups{nn::Groups::Rule::fixed, s.at("groups")};
  const Index channels = s.at("channels");
  const bool skip_rescale = s.at("skip_rescale");
  return unary(std::make_shared<nn::AttentionBlock>(channels, groups, skip_rescale),
               nn::published_attention_block());
}

/// The filter of a resampling; none where there is no FIR filter.
std::vector<double> taps(const Json& s) {
  const auto kernel = s.find("fir_kernel");
  if (!s.value("fir", true) || kernel == s.end()) return {};
  return kernel->is_null() ? std::vector<double>{1, 1} : kernel->get<std::vector<double>>();
}

nn::Resize resize(const Json& s) {
  const Json& name = s.value("resample", Json());
  if (name.is_null()) return nn::Resize::keep;
  require_setting(s, "factor", 2);
  if (!s.at("gain").is_null()) require_setting(s, "gain", 1);
  return name == "up" ? nn::Resize::up : nn::Resize::down;
}

nn::Shortcut shortcut(const Json& s) {
  if (s.at("shortcut").is_null()) return nn::Shortcut::none;
  return s.value("conv_shortcut", false) ? nn::Shortcut::wide : nn::Shortcut::pointwise;
}

template <nn::BlockKind kind>
Layer residual(const Json& s) {
  require_setting(s, "norm_eps", 1e-6);
  const Index in = s.at("in_channels"), out = s.at("out_channels");
  const Json& temb = s.at("temb_dim");
  const nn::BlockOptions options{.embedding = temb.is_null() ? 0 : temb.get<Index>(),
                                 .activation = nn::activation_named(s.at("act")),
                                 .groups = groups_for(in, s.at("groups_0"), out, s.at("groups_1")),
                                 .kind = kind,
                                 .fir = taps(s),
                                 .skip_rescale = s.at("skip_rescale")};
  const nn::ResidualShape shape{.resize = resize(s),
                                .wide_shortcut = s.value("conv_shortcut", false)};
  const auto block = std::make_shared<nn::ResidualBlock>(in, out, options, 0, shape);
  return {block, nn::published_residual_block(options, shortcut(s)),
          [block](const LayerInputs& inputs) {
            const std::vector<Tensor>& x = inputs.tensors;
            return block->forward(x.at(0), x.size() > 1 ? x.at(1) : Tensor(), nullptr);
          }};
}

template <class Resample>
Layer resample(const Json& s) {
  require_setting(s, "factor", 2);
  if (!s.at("gain").is_null()) require_setting(s, "gain", 1);
  const Index in = s.at("in_channels"), out = s.at("out_channels");
  const nn::ResampleOptions options{.with_conv = s.at("with_conv"), .fir = taps(s)};
  return unary(std::make_shared<Resample>(in, out, options),
               nn::published_resample(options.with_conv, !options.fir.empty()));
}

Layer combine(const Json& s) {
  require_setting(s, "kernel_size", 1);
  require_setting(s, "bias", true);
  const Index in = s.at("in_channels"), out = s.at("out_channels");
  const auto block = std::make_shared<nn::CombineBlock>(in, out, nn::combine_named(s.at("method")));
  return {block, nn::published_combine(), [block](const LayerInputs& inputs) {
            const std::vector<Tensor>& x = inputs.tensors;
            return block->forward(x.at(0), x.at(1));
          }};
}

nn::FirFilter fir_filter(const Json& s) {
  return {.taps = taps(s), .factor = s.at("factor"), .gain = s.at("gain")};
}

template <Tensor (*resample)(const Tensor&, const nn::FirFilter&)>
Layer fir(const Json& s) {
  return operation([filter = fir_filter(s)](const auto& in) { return resample(in.at(0), filter); });
}

/// The weight, an input, is stored [out, in, K, K].
template <Tensor (*resample)(const Tensor&, const Tensor&, const nn::FirFilter&)>
Layer fir_conv(const Json& s) {
  return operation([filter = fir_filter(s)](const auto& in) {
    return resample(in.at(0), permute(channels_first(in.at(1)), {2, 3, 1, 0}), filter);
  });
}

Layer naive_upsample(const Json& s) {
  const Index factor = s.at("factor");
  return operation([factor](const auto& in) { return upsample_nearest(in.at(0), factor); });
}

Layer naive_downsample(const Json& s) {
  const Index factor = s.at("factor");
  return operation([factor](const auto& in) { return downsample_mean(in.at(0), factor); });
}

Layer filter(const Json& s) {
  require_setting(s, "kernel_as_given", true);
  const Json& pad = s.at("pad");
  const FirOptions options{.up = s.at("up"),
                           .down = s.at("down"),
                           .pad_before = pad.is_array() ? pad.at(0) : pad,
                           .pad_after = pad.is_array() ? pad.at(1) : pad};
  return operation([options](const auto& in) { return upfirdn2d(in.at(0), in.at(1), options); });
}

const LayerTable unet_table = {
    {"nin", nin},
    {"group_norm", group_norm},
    {"attn_block", attention},
    {"res_block_ddpm", residual<nn::BlockKind::ddpm>},
    {"res_block_biggan", residual<nn::BlockKind::biggan>},
    {"combine", combine},
    {"upsample_2d", fir<nn::fir_upsample>},
    {"downsample_2d", fir<nn::fir_downsample>},
    {"upsample_conv_2d", fir_conv<nn::fir_upsample_conv>},
    {"conv_downsample_2d", fir_conv<nn::fir_conv_downsample>},
    {"upsample", resample<nn::Upsample>},
    {"downsample", resample<nn::Downsample>},
    {"naive_upsample_2d", naive_upsample},
    {"naive_downsample_2d", naive_downsample},
    {"upfirdn2d", filter},
};

}  // namespace

const LayerTable& unet_layers() { return unet_table; }

}  // namespace ito::reference
