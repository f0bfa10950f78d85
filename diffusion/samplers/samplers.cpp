#include "diffusion/samplers/samplers.h"

#include "diffusion/samplers/ancestral.h"
#include "diffusion/samplers/annealed_langevin.h"
#include "diffusion/samplers/euler_maruyama.h"
#include "diffusion/samplers/reverse_diffusion.h"

namespace ito {

std::unique_ptr<Predictor> make_predictor(const std::string& name, const ReverseSde& reverse,
                                          StepSize size) {
  if (name == "none") return nullptr;
  if (name == "euler_maruyama") return std::make_unique<EulerMaruyama>(reverse, size);
  if (name == "reverse_diffusion") return std::make_unique<ReverseDiffusion>(reverse, size);
  if (name == "ancestral") {
    if (reverse.probability_flow) fail("ancestral", "has no probability flow");
    return std::make_unique<Ancestral>(reverse.sde, reverse.score, size);
  }
  fail("sampler",
       "expected the predictor euler_maruyama, reverse_diffusion, ancestral or none, got ", name);
}

std::unique_ptr<Corrector> make_corrector(const std::string& name, const Sde& sde,
                                          const Score& score, double snr, LangevinNorms norms) {
  if (name == "none") return nullptr;
  if (name == "langevin") return std::make_unique<Langevin>(sde, score, snr, norms);
  if (name == "ald") return std::make_unique<AnnealedLangevin>(sde, score, snr);
  fail("sampler", "expected the corrector langevin, ald or none, got ", name);
}

}  // namespace ito
