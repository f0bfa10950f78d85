// sampler_inpaint_* and sampler_colorize_*: chains whose known part is put back after each update.

#include "diffusion/control/imputation.h"
#include "tests/reference/chain.h"
#include "tests/reference/replay.h"

namespace ito::reference {

namespace {

Decoupling decoupling_of(const ReferenceFile& file) {
  const std::vector<double> M = file.numbers("M");
  if (M.size() != 9) fail("sampler", "expected M of 9 numbers, got ", M.size());
  std::array<double, 9> matrix;
  std::copy(M.begin(), M.end(), matrix.begin());
  return Decoupling(matrix);
}

/// The published constraint of a case.
ConstraintOf constraint_of(const ReferenceFile& file, const std::string& op) {
  const Tensor data = file.images("in.data");
  if (op == "sampler_inpaint") {
    return [data, mask = file.images("in.mask")](const Sde& sde) {
      return std::make_unique<Imputation>(sde, data, mask, KnownPart::published);
    };
  }
  if (op != "sampler_colorize") throw NotBuilt{op};
  return [data, decoupling = decoupling_of(file)](const Sde& sde) {
    return std::make_unique<Imputation>(sde, decoupling.luminance(data),
                                        luminance_mask(data.device()), KnownPart::published,
                                        decoupling);
  };
}

}  // namespace

void compare_decoupling(const ReferenceFile& file, Report& report) {
  const Tensor identity({3, 3}, {1, 0, 0, 0, 1, 0, 0, 0, 1});
  report.compare("M_inverse", decoupling_of(file).from(identity),
                 rule(4 * 0x1p-24, "a numerical inverse in float", 1));
}

void replay_sampler_constrained(const ReferenceFile& file, Report& report, const std::string& name,
                                const nlohmann::json& settings, const nn::ScoreNetwork& network) {
  const ConstraintOf constraint = constraint_of(file, settings.at("op"));
  Chain chain = run_chain(file, settings, network, constraint);
  compare_sample(file, report, name, settings, chain);
  compare_states(file, report, name, "x", chain.states);
  chain.entering.pop_back();  // what would enter the call after the last
  compare_states(file, report, name, "x_in", chain.entering);
}

}  // namespace ito::reference
