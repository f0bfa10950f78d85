#pragma once
// What papers say of samplers from experience, held against the bench: seen, not seen, or undecided
// within the sampling error. Theorems are tested elsewhere; none of this is one.

#include "diffusion/truth/bench.h"

namespace ito {

/// That `better` errs less than `worse` at equal evaluations under `sde`.
struct Claim {
  std::string text, source;
  std::string better, worse, sde;  ///< contestants by name
  int budget;
};
/// Those of Song et al. were made of networks, whose scores err; here the scores are exact.
std::vector<Claim> empirical_claims();

enum class Verdict { seen, not_seen, undecided };
std::string to_string(Verdict verdict);

/// A claim on one target: the ratio of the two sliced Wasserstein distances (below 1: as claimed)
/// and its 95 % interval, from the logarithms in each repeat and Student's t.
struct Finding {
  Claim claim;
  std::string target;
  double ratio, low, high;

  /// seen: the interval lies below 1; not seen: above; undecided: it holds 1.
  Verdict verdict() const;
};

/// On every target for which both samplers have a point.
std::vector<Finding> weigh_claims(const BenchResult& result);

}  // namespace ito
