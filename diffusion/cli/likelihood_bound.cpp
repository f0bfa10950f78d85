#include "diffusion/cli/likelihood_bound.h"

#include <iomanip>
#include <iostream>
#include <nlohmann/json.hpp>
#include <numeric>

#include "diffusion/cli/command.h"
#include "diffusion/cli/interrupt.h"
#include "diffusion/cli/progress.h"
#include "diffusion/training/objective.h"

namespace ito::cli {
namespace {

using nlohmann::json;

/// The chain of the model's SDE, which is DDPM's, with so many steps.
VpSde chain_of(const TrainedModel& model, Index steps) {
  SdeConfig config = model.config().sde;
  if (config.type != SdeConfig::Type::vp)
    fail("elbo", "the bound is that of DDPM's chain, for the SDE vp; this model has ",
         model.sde().name());
  if (steps > 0 && steps != config.N && labels_of(model.config().objective) == Labels::discrete)
    fail("elbo", "the model was trained on a chain of ", config.N, " steps, not of ", steps);
  if (steps > 0) config.N = steps;
  return make_vp(config);
}

NoisePredictor noise_of(const TrainedModel& model, const VpSde& chain) {
  return labels_of(model.config().objective) == Labels::discrete
             ? noise_of_network(model.network())
             : noise_of_score(chain, model.score());
}

ReverseVariance variance_named(const std::string& name) {
  if (name == "beta") return ReverseVariance::beta;
  if (name == "posterior") return ReverseVariance::posterior;
  throw UsageError("--variance: expected beta or posterior, got " + printable(name));
}

json to_json(const BoundArguments& a, const VariationalBound& bound, Index step) {
  const auto optional = [](const std::optional<double>& error) {
    return error ? json(*error) : json(nullptr);
  };
  return {
      {"bits_per_dim_at_most", bound.mean},
      {"standard_errors",
       {{"total", bound.total}, {"data", optional(bound.data)}, {"noise", optional(bound.noise)}}},
      {"prior", bound.prior},
      {"terms", bound.terms},
      {"variance", a.variance},
      {"images", bound.per_image.size()},
      {"draws", a.options.draws},
      {"step", step},
      {"seed", a.options.seed},
      {"per_image", bound.per_image}};
}

void tell(const VariationalBound& bound) {
  const auto images = bound.per_image.size();
  std::cout << std::setprecision(4) << "at most " << bound.mean << " +- " << std::setprecision(2)
            << bound.total << " bits/dim, the mean and standard error of " << images
            << (images == 1 ? " image\n" : " images\n");
  tell_error("data", bound.data, bound.noise ? "--n 2" : "--draws 2");
  tell_error("noise", bound.noise, "--draws 2");
  const double steps = std::accumulate(bound.terms.begin() + 1, bound.terms.end(), 0.0);
  std::cout << std::setprecision(4) << "prior " << bound.prior << ", " << bound.terms.size() - 1
            << " steps " << steps << ", decoder " << bound.terms[0]
            << " bits/dim; about the levels themselves, no offset" << std::endl;
}

}  // namespace

void tell_error(const char* name, const std::optional<double>& error, const char* remedy) {
  std::cout << "  " << std::left << std::setw(16) << name;
  if (error) {
    std::cout << "+- " << *error << "\n";
  } else {
    std::cout << "within the total (" << remedy << " tells it apart)\n";
  }
}

int likelihood_bound(const TrainedModel& model, const ImageSet& set, Index n, BoundArguments a,
                     const std::string& json, Overwrite overwrite) {
  a.options.variance = variance_named(a.variance);
  const VpSde chain = chain_of(model, a.steps);
  VariationalBound bound;
  {
    Progress progress("bound", 1000);
    a.options.progress = [&](double done) {
      progress.update(static_cast<Index>(1000 * done), "");
      return !interrupted_by_user();
    };
    bound = variational_bound(chain, noise_of(model, chain), set, std::min(n, set.count),
                              model.config().data.range, a.options);
  }
  if (!bound.complete) {
    std::cerr << "ito: stopped; nothing was written" << std::endl;
    return Exit::interrupted;
  }
  if (!json.empty()) write_file(json, to_json(a, bound, model.step()).dump(2) + "\n", overwrite);
  tell(bound);
  return Exit::ok;
}

}  // namespace ito::cli
