#include "tests/reference/network.h"

#include <cmath>
#include <functional>

#include "engine/ops.h"
#include "nn/device.h"
#include "nn/networks/ddpm.h"
#include "nn/networks/ddpm_published.h"
#include "nn/networks/ncsn.h"
#include "nn/networks/ncsn_published.h"
#include "nn/networks/ncsnpp.h"
#include "nn/networks/ncsnpp_published.h"

namespace ito::reference {

namespace {

void set_groups(const nlohmann::json& settings, nn::Groups& groups) {
  if (!settings.contains("groups_rule")) return;
  groups = {.rule = nn::group_rule_named(settings.at("groups_rule")),
            .max = settings.at("groups_max")};
}

Network build_ddpm(const nlohmann::json& config, const nlohmann::json& settings) {
  require_setting(settings, "embedding", "positional");
  require_setting(settings, "temb", true);
  require_setting(settings, "norm", "group_norm");
  require_setting(settings, "norm_eps", 1e-6);
  require_setting(settings, "skip_rescale", false);
  require_setting(settings, "conv_shortcut", false);
  nn::DdpmConfig ddpm = nn::ddpm_config_from_published(config);
  set_groups(settings, ddpm.groups);
  return {std::make_unique<nn::Ddpm>(ddpm), nn::ddpm_published_names(ddpm)};
}

Network build_ncsnpp(const nlohmann::json& config, const nlohmann::json& settings) {
  require_setting(settings, "norm", "group_norm");
  require_setting(settings, "norm_eps", 1e-6);
  require_setting(settings, "conv_shortcut", false);
  nn::NcsnppConfig ncsnpp = nn::ncsnpp_config_from_published(config);
  require_setting(settings, "temb", ncsnpp.conditional);
  require_setting(settings, "embedding", nn::name_of(ncsnpp.embedding));
  require_setting(settings, "scale_by_sigma", ncsnpp.scale_by_sigma);
  require_setting(settings, "skip_rescale", ncsnpp.skip_rescale);
  set_groups(settings, ncsnpp.groups);
  return {std::make_unique<nn::Ncsnpp>(ncsnpp), nn::ncsnpp_published_names(ncsnpp)};
}

Network build_ncsn(const nlohmann::json& config, const nlohmann::json& settings) {
  nn::NcsnConfig ncsn = nn::ncsn_config_from_published(config);
  const bool known = ncsn.conditional();
  require_setting(settings, "norm", known ? "cond_instance_norm_pp" : "instance_norm_pp");
  require_setting(settings, "norm_eps", 1e-5);
  require_setting(settings, "pool", known ? "avg" : "max");
  require_setting(settings, "scale_by_sigma", !known);
  return {std::make_unique<nn::Ncsn>(ncsn), nn::ncsn_published_names(ncsn)};
}

using Build = Network (*)(const nlohmann::json& config, const nlohmann::json& settings);

/// The families that are built.
const std::map<std::string, Build> families = {
    {"ddpm", build_ddpm},      {"ncsnpp", build_ncsnpp},   {"ncsn", build_ncsn},
    {"ncsnv2_64", build_ncsn}, {"ncsnv2_128", build_ncsn}, {"ncsnv2_256", build_ncsn}};

/// Elementwise limit of parameter gradients, of the largest one: the rounding errors of another
/// float implementation were met at 8e-6.
constexpr double gradient_limit = 3e-5;

/// What a file keeps of a large gradient g: sum g_i, sum g_i^2, sum g_i sin(i + 1).
std::vector<double> fingerprint(const Tensor& gradient) {
  double sum = 0, squares = 0, waves = 0, i = 0;
  for (const Real value : gradient.to_host()) {
    const auto g = static_cast<double>(value);
    sum += g;
    squares += g * g;
    waves += g * std::sin(++i);
  }
  return {sum, squares, waves};
}

/// The sums are compared with what they would be if all signs agreed, sqrt(n sum g^2); gradients
/// that are zero but for rounding with what the elementwise limit allows.
Rule fingerprint_rule(const std::vector<double>& stored, double n, double element_limit) {
  constexpr double relative = 1e-4;
  const double sums = std::max(relative * std::sqrt(n * stored[1]), std::sqrt(n) * element_limit);
  const double squares = std::max(relative * stored[1], n * element_limit * element_limit);
  return {{sums, squares, sums},
          {sums / relative, squares / relative, sums / relative},
          "fingerprint: 1e-4 of sqrt(n sum g^2) and of sum g^2"};
}

void compare_fingerprint(const ReferenceFile& file, Report& report, const std::string& name,
                         const Tensor& gradient, double element_limit) {
  if (!file.has(name)) return;
  const std::vector<Real>& values = file.contents().at(name).values;
  if (values.size() != 3) fail(name.c_str(), "expected 3 numbers, got ", values.size());
  const std::vector<double> ours = fingerprint(gradient);
  report.compare(name, Tensor({3}, std::vector<Real>(ours.begin(), ours.end())),
                 fingerprint_rule({values.begin(), values.end()},
                                  static_cast<double>(gradient.elements()), element_limit));
}

}  // namespace

std::vector<Tensor> Network::parameters() const {
  std::vector<Tensor> values;
  for (const nn::Parameter& p : score->parameters()) values.push_back(*p.value);
  return values;
}

nn::TensorMap Network::published(const std::vector<Tensor>& per_parameter) const {
  nn::TensorMap ours;
  const std::vector<nn::Parameter> parameters = score->parameters();
  for (std::size_t i = 0; i < parameters.size(); ++i)
    ours.emplace(parameters[i].name, per_parameter.at(i));
  return nn::to_published(ours, names);
}

Network build_network(const ReferenceFile& file) {
  const nlohmann::json& settings = file.settings().at("network");
  const std::string family = settings.at("family");
  const auto build = families.find(family);
  if (build == families.end()) throw NotBuilt{"the network family " + family};
  Network network = build->second(file.metadata("config"), settings);
  nn::move(*network.score, file.device());

  const ReferenceFile parameters = file.beside(file.contents().meta("params_file"));
  nn::load_published(*network.score, network.names, parameters.tensors_below("param"),
                     nn::Extra::ignore);
  return network;
}

NetworkUse network_of(const ReferenceFile& file, const nlohmann::json& settings) {
  const ReferenceFile net = file.beside(settings.at("net_file"));
  NetworkUse use{build_network(net), std::nullopt};
  const auto floor = net.number("fp32_vs_fp64_maxabs_y"), absmax = net.number("y_absmax");
  if (floor && absmax && *absmax > 0) use.floor = *floor / *absmax;
  return use;
}

void compare_gradients(const ReferenceFile& file, Report& report, const std::string& prefix,
                       const nn::TensorMap& gradients, double lost) {
  double largest_stored = 0;
  for (const auto& [name, gradient] : gradients) {
    const std::string stored = text(prefix, ".param.", name);
    if (!file.has(stored)) continue;
    for (const Real g : file.contents().at(stored).values)
      largest_stored = std::max(largest_stored, std::abs(static_cast<double>(g)));
  }
  const double relative = std::max(gradient_limit, lost), limit = relative * largest_stored;
  for (const auto& [name, gradient] : gradients) {
    report.compare(text(prefix, ".param.", name), gradient,
                   rule(limit, text(relative, " of the largest stored gradient"), largest_stored));
    if (prefix == "grad")
      compare_fingerprint(file, report, "gradfp.param." + name, gradient, limit);
  }
}

}  // namespace ito::reference
