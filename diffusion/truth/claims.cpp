#include "diffusion/truth/claims.h"

#include <cmath>

namespace ito {

std::vector<Claim> empirical_claims() {
  const std::string song = "Song et al. 2021, table 1", pc = "reverse diffusion + Langevin",
                    predictor = "reverse diffusion";
  std::vector<Claim> claims;
  for (const char* sde : {"ve", "vp"})
    for (const int at : {64, 256}) {
      claims.push_back({"predictor-corrector beats the predictor", song, pc, predictor, sde, at});
      claims.push_back({"predictor-corrector beats the corrector", song, pc, "Langevin", sde, at});
      claims.push_back(
          {"reverse diffusion beats ancestral", song, predictor, "ancestral", sde, at});
      claims.push_back({"the SDE beats the flow, both by reverse diffusion", song, predictor,
                        "reverse diffusion (flow)", sde, at});
    }
  claims.push_back({"DPM-Solver++ beats DDIM", "Lu et al. 2022, DPM-Solver++", "DPM-Solver++ 2",
                    "DDIM", "vp", 16});
  claims.push_back(
      {"Heun beats first order", "Karras et al. 2022, figure 2", "EDM", "DDIM", "ve", 32});
  claims.push_back({"flow solvers beat the SDE with few evaluations",
                    "Song, Meng and Ermon 2021, table 1", "DDIM", "ancestral", "vp", 16});
  return claims;
}

std::string to_string(Verdict verdict) {
  return verdict == Verdict::seen       ? "seen"
         : verdict == Verdict::not_seen ? "not seen"
                                        : "undecided";
}

Verdict Finding::verdict() const {
  return high < 1 ? Verdict::seen : low > 1 ? Verdict::not_seen : Verdict::undecided;
}

namespace {

/// The 97.5 % quantile of Student's t.
double student_t(std::size_t degrees) {
  constexpr double table[] = {12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365,
                              2.306,  2.262, 2.228, 2.201, 2.179, 2.160, 2.145};
  return table[std::min(degrees, std::size(table)) - 1];  // beyond: a little too wide
}

Finding compare(const Claim& claim, const std::string& target, const Repeats& better,
                const Repeats& worse) {
  Repeats log_ratio;
  for (std::size_t r = 0; r < better.size(); ++r)
    log_ratio.push_back(std::log(better[r] / worse[r]));
  const Estimate e = estimate(log_ratio);
  const double half = student_t(log_ratio.size() - 1) * e.standard_error;
  return {claim, target, std::exp(e.mean), std::exp(e.mean - half), std::exp(e.mean + half)};
}

}  // namespace

std::vector<Finding> weigh_claims(const BenchResult& result) {
  std::vector<Finding> findings;
  for (const Claim& claim : empirical_claims())
    for (const auto& [target, floor] : result.floors) {
      const BenchPoint* better = result.find(target, claim.sde, claim.better, claim.budget);
      const BenchPoint* worse = result.find(target, claim.sde, claim.worse, claim.budget);
      if (better && worse)
        findings.push_back(
            compare(claim, target, better->measured.wasserstein, worse->measured.wasserstein));
    }
  return findings;
}

}  // namespace ito
