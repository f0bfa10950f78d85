#pragma once
// The single layers and blocks that layers_ files hold, by the `op` of their settings.

#include <functional>
#include <map>
#include <memory>

#include "nn/published_names.h"
#include "tests/reference/file.h"

namespace ito::reference {

/// What a case is evaluated on.
struct LayerInputs {
  std::vector<Tensor> tensors;  ///< in argument order, images [N, H, W, C]
  std::vector<Index> labels;    ///< of conditional layers
};

/// A layer as a function of the case's inputs; modules have parameters and their published names.
struct Layer {
  std::shared_ptr<nn::Module> module;
  nn::NameTable names;
  std::function<Tensor(const LayerInputs&)> forward;
};

using LayerTable = std::map<std::string, Layer (*)(const nlohmann::json& settings)>;

const LayerTable& unet_layers();
const LayerTable& ncsn_layers();

}  // namespace ito::reference
