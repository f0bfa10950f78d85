#pragma once
// Score networks rebuilt from the file that describes them: one function per family.

#include <memory>

#include "nn/networks/score_network.h"
#include "nn/published_names.h"
#include "tests/reference/compare.h"

namespace ito::reference {

struct Network {
  std::unique_ptr<nn::ScoreNetwork> score;
  nn::NameTable names;

  /// The trained parameters, and by published name and layout tensors that belong to them
  /// (gradients) in that order.
  std::vector<Tensor> parameters() const;
  nn::TensorMap published(const std::vector<Tensor>& per_parameter) const;
};

/// The network of a net_ file with the parameters of its params_file. Throws NotBuilt for a family
/// or a setting that this version does not have.
Network build_network(const ReferenceFile& file);

/// What a file that runs a network needs: the network of `net_file`, and the recorded relative
/// error of one evaluation in float.
struct NetworkUse {
  Network network;
  std::optional<double> floor;  ///< of outputs, relative to the largest output
};
NetworkUse network_of(const ReferenceFile& file, const nlohmann::json& settings);

/// The factor on recorded floors of single evaluations: another float implementation has rounding
/// errors of its own, a double one meets only those of the stored numbers.
constexpr double floor_factor = sizeof(Real) == sizeof(float) ? 8 : 5;
/// Relative limit where no rounding error was recorded: about 8 times a typical one.
constexpr double without_floor = 1e-5;

/// Compares gradients (published names and layouts) with the stored PREFIX.param.NAME, within 3e-5
/// (or `lost`, if roundings of the data do more) of the largest of them; with the prefix "grad"
/// also with the fingerprints gradfp.param.NAME.
void compare_gradients(const ReferenceFile& file, Report& report, const std::string& prefix,
                       const nn::TensorMap& gradients, double lost = 0);

}  // namespace ito::reference
