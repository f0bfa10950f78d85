// layers_*: single layers and blocks, with their gradients.

#include <cmath>
#include <functional>
#include <memory>
#include <numbers>

#include "engine/autograd.h"
#include "engine/ops.h"
#include "nn/blocks/attention.h"
#include "nn/blocks/published_pieces.h"
#include "nn/blocks/pyramid.h"
#include "nn/blocks/resample.h"
#include "nn/blocks/residual.h"
#include "nn/layers/fir.h"
#include "nn/layers/group_norm.h"
#include "nn/layers/linear.h"
#include "nn/layers/time_embedding.h"
#include "tests/reference/replay.h"

namespace ito::reference {

namespace {

/// Limits relative to the largest value, and to the largest gradient of the case.
constexpr double value_limit = 2e-6, gradient_limit = 4e-6;

using Json = nlohmann::json;
using Function = std::function<Tensor(const std::vector<Tensor>&)>;

/// A layer as a function of the case's inputs; modules have parameters and their published names.
struct Layer {
  std::shared_ptr<nn::Module> module;
  nn::NameTable names;
  Function forward;
};

template <class M>
Layer unary(std::shared_ptr<M> module, nn::NameTable names) {
  const Function forward = [module](const std::vector<Tensor>& in) {
    return module->forward(in.at(0));
  };
  return {module, std::move(names), forward};
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
Layer operation(Function forward) {
  return {std::make_shared<nn::Module>(), {}, std::move(forward)};
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
  return name == "up" ? nn::Resize::double_ : nn::Resize::halve;
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
          [block](const std::vector<Tensor>& x) {
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
  return {block, nn::published_combine(),
          [block](const std::vector<Tensor>& x) { return block->forward(x.at(0), x.at(1)); }};
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

const std::map<std::string, Layer (*)(const Json&)> layers = {
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

/// Images are stored channels first; vectors stay as they are.
Tensor input(const ReferenceFile& file, const std::string& name) {
  const Tensor stored = file.tensor(name);
  return stored.rank() == 4 ? channels_last(stored) : stored;
}

Tensor as_stored(const Tensor& ours) { return ours.rank() == 4 ? channels_first(ours) : ours; }

void compare_values(Report& report, const std::string& name, const Tensor& y) {
  const double size = largest(y);
  report.compare(name, y,
                 rule(value_limit * size, text(value_limit, " of the largest value"), size));
}

void compare_gradients(Report& report, const nn::TensorMap& gradients) {
  double size = 0;
  for (const auto& [name, g] : gradients) size = std::max(size, largest(g));
  for (const auto& [name, g] : gradients)
    report.compare(name, g,
                   rule(gradient_limit * size,
                        text(gradient_limit, " of the largest gradient of the case"), size));
}

/// Gradients in the inputs and the parameters, under their stored names.
nn::TensorMap gradients_of(const Layer& layer, const std::string& name, const Json& settings,
                           const Tensor& y, const std::vector<Tensor>& inputs,
                           const Tensor& cotangent) {
  std::vector<Tensor> wanted = inputs;
  const std::vector<nn::Parameter> parameters = layer.module->parameters();
  for (const nn::Parameter& p : parameters) wanted.push_back(*p.value);
  const std::vector<Tensor> gradients = grad({y}, wanted, {cotangent});

  nn::TensorMap stored, ours;
  for (std::size_t i = 0; i < inputs.size(); ++i)
    stored.emplace(text(name, ".grad.", settings.at("inputs").at(i).get<std::string>()),
                   as_stored(gradients[i]));
  for (std::size_t i = 0; i < parameters.size(); ++i)
    ours.emplace(parameters[i].name, gradients[inputs.size() + i]);
  for (const auto& [published, g] : nn::to_published(ours, layer.names))
    stored.emplace(text(name, ".grad.param.", published), g);
  return stored;
}

void replay_layer(const ReferenceFile& file, Report& report, const std::string& name,
                  const Json& settings, const Layer& layer) {
  nn::load_published(*layer.module, layer.names, file.tensors_below(name + ".param"));
  std::vector<Tensor> inputs;
  for (const Json& in : settings.at("inputs")) {
    inputs.push_back(input(file, text(name, ".in.", in.get<std::string>())));
    inputs.back().require_grad();
  }
  const Tensor y = layer.forward(inputs);
  compare_values(report, name + ".out.y", as_stored(y));
  const std::string cotangent = name + ".in.cotangent";
  if (file.has(cotangent))
    compare_gradients(report,
                      gradients_of(layer, name, settings, y, inputs, input(file, cotangent)));
}

/// Labels have no gradient in ito, but the embedding tells it: a pair (sin a, cos a) moves along
/// (cos a, -sin a) with the pair's frequency da/dt.
Tensor label_gradient(const Tensor& y, const Tensor& cotangent,
                      const std::vector<double>& frequencies) {
  const std::vector<Real> value = y.to_host(), c = cotangent.to_host();
  const std::size_t half = frequencies.size(), dim = static_cast<std::size_t>(y.size(1));
  std::vector<Real> gradient;
  for (std::size_t n = 0; n < static_cast<std::size_t>(y.size(0)); ++n) {
    const Real *pair = value.data() + n * dim, *weight = c.data() + n * dim;
    double sum = 0;
    for (std::size_t k = 0; k < half; ++k)
      sum += frequencies[k] *
             static_cast<double>(weight[k] * pair[half + k] - weight[half + k] * pair[k]);
    gradient.push_back(static_cast<Real>(sum));
  }
  return Tensor({y.size(0)}, gradient);
}

void compare_embedding(const ReferenceFile& file, Report& report, const std::string& name,
                       const char* input_name, const Tensor& y,
                       const std::vector<double>& frequencies) {
  compare_values(report, name + ".out.y", y);
  const std::string cotangent = name + ".in.cotangent";
  if (!file.has(cotangent)) return;
  compare_gradients(report, {{text(name, ".grad.", input_name),
                              label_gradient(y, file.tensor(cotangent), frequencies)}});
}

void replay_timestep(const ReferenceFile& file, Report& report, const std::string& name,
                     const Json& settings) {
  require_setting(settings, "max_positions", 10000);
  const Index dim = settings.at("dim");
  const Tensor y = nn::positional_embedding(file.numbers(name + ".in.t"), dim);
  // All frequencies are at most 1, so that the angles at t = 1 are the frequencies.
  const std::vector<Real> one = nn::positional_embedding({1}, dim).to_host();
  std::vector<double> frequencies;
  for (std::size_t k = 0; k < one.size() / 2; ++k)
    frequencies.push_back(std::atan2(one[k], one[one.size() / 2 + k]));
  compare_embedding(file, report, name, "t", y, frequencies);
}

void replay_fourier(const ReferenceFile& file, Report& report, const std::string& name,
                    const Json& settings) {
  require_setting(settings, "scale_in_W", true);
  require_setting(settings, "W_trained", false);
  require_setting(settings, "input_is_log", true);
  const std::string W = name + ".param.W";
  const Tensor y = nn::fourier_embedding(file.numbers(name + ".in.x"), file.tensor(W));
  std::vector<double> frequencies = file.numbers(W);
  for (double& w : frequencies) w *= 2 * std::numbers::pi;
  compare_embedding(file, report, name, "x", y, frequencies);
}

}  // namespace

void replay_layers(const ReferenceFile& file, Report& report) {
  report.each_case([&](const std::string& name, const Json& settings) {
    const std::string op = settings.at("op");
    if (op == "timestep_embedding") return replay_timestep(file, report, name, settings);
    if (op == "fourier_embedding") return replay_fourier(file, report, name, settings);
    const auto layer = layers.find(op);
    if (layer == layers.end()) throw NotBuilt{op};
    replay_layer(file, report, name, settings, layer->second(settings));
  });
}

}  // namespace ito::reference
