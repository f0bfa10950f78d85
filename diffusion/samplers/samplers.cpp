#include "diffusion/samplers/samplers.h"

#include "diffusion/samplers/ancestral.h"
#include "diffusion/samplers/annealed_langevin.h"
#include "diffusion/samplers/ddim.h"
#include "diffusion/samplers/dpm_solver.h"
#include "diffusion/samplers/euler_maruyama.h"
#include "diffusion/samplers/heun.h"
#include "diffusion/samplers/hmc.h"
#include "diffusion/samplers/mala.h"
#include "diffusion/samplers/reverse_diffusion.h"
#include "diffusion/samplers/sra1.h"
#include "diffusion/samplers/unadjusted_langevin.h"
#include "diffusion/score.h"

namespace ito {

const std::vector<std::string>& predictor_names() {
  static const std::vector<std::string> names = {
      "euler_maruyama", "reverse_diffusion", "ancestral",    "sra1", "heun",
      "ddim",           "dpm_solver_2",      "dpm_solver_3", "edm",  "none"};
  return names;
}

const std::vector<std::string>& corrector_names() {
  static const std::vector<std::string> names = {"langevin", "ald", "ula", "mala", "hmc", "none"};
  return names;
}

namespace {

/// The names as in "a, b or c".
std::string listed(const std::vector<std::string>& names) {
  std::string list;
  for (std::size_t i = 0; i < names.size(); ++i)
    list += (i == 0 ? "" : i + 1 == names.size() ? " or " : ", ") + names[i];
  return list;
}

/// What solves the probability flow anyway; null for another name.
std::unique_ptr<Predictor> make_flow_solver(const std::string& name, const ReverseSde& reverse,
                                            const EdmOptions& edm) {
  const Sde& sde = reverse.sde;
  if (name == "heun") return std::make_unique<Heun>(sde, reverse.score);
  if (name == "ddim") return std::make_unique<Ddim>(sde, reverse.score);
  if (name == "dpm_solver_2") return std::make_unique<DpmSolver>(sde, reverse.score, 2);
  if (name == "dpm_solver_3") return std::make_unique<DpmSolver>(sde, reverse.score, 3);
  if (name == "edm") return std::make_unique<Edm>(sde, reverse.score, edm);
  return nullptr;
}

}  // namespace

std::unique_ptr<Predictor> make_predictor(const std::string& name, const ReverseSde& unchecked,
                                          StepSize size, const EdmOptions& edm) {
  const ReverseSde reverse = {unchecked.sde, checked(unchecked.score, unchecked.sde),
                              unchecked.probability_flow};
  if (name == "none") return nullptr;
  if (name == "euler_maruyama") return std::make_unique<EulerMaruyama>(reverse, size);
  if (name == "reverse_diffusion") return std::make_unique<ReverseDiffusion>(reverse, size);
  if (name == "ancestral") {
    if (reverse.probability_flow)
      fail("ancestral", "has no probability flow; euler_maruyama and reverse_diffusion have one");
    if (size == StepSize::published)
      reverse.sde.ancestral_noise(reverse.sde.T());  // throws if none
    return std::make_unique<Ancestral>(reverse.sde, reverse.score, size);
  }
  if (name == "sra1") return std::make_unique<Sra1>(reverse);
  if (auto solver = make_flow_solver(name, reverse, edm)) return solver;
  fail("sampler", "expected the predictor ", listed(predictor_names()), ", got ", name);
}

std::unique_ptr<Corrector> make_corrector(const std::string& name, const Sde& sde,
                                          const Score& unchecked, double snr, LangevinNorms norms,
                                          const ChainOptions& chain) {
  const Score score = checked(unchecked, sde);
  StepRule e = annealed_step(sde, snr);
  if (chain.step_size > 0) e = [size = chain.step_size](double) { return size; };
  if (name == "none") return nullptr;
  if (name == "langevin") return std::make_unique<Langevin>(sde, score, snr, norms);
  if (name == "ald") return std::make_unique<AnnealedLangevin>(sde, score, snr);
  if (name == "ula") return std::make_unique<UnadjustedLangevin>(score, e);
  if (name == "mala") return std::make_unique<Mala>(score, e, chain.metropolis);
  if (name == "hmc") return std::make_unique<Hmc>(score, e, chain.leapfrog, chain.metropolis);
  fail("sampler", "expected the corrector ", listed(corrector_names()), ", got ", name);
}

}  // namespace ito
