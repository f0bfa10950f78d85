#pragma once
// The optimiser of optim_ and train_ files.

#include "nn/adam.h"
#include "tests/reference/file.h"

namespace ito::reference {

nn::AdamConfig adam_config(const nlohmann::json& settings);

}  // namespace ito::reference
