#pragma once
// The names of Python that a file of torch.save may use here.

#include <set>
#include <string>

namespace ito {

/// What tensors need and nothing else: the storages by type, and what makes tensors of them.
const std::set<std::string>& torch_names();

/// The element type, by its safetensors name, of a storage: "F32" of "torch.FloatStorage"; empty
/// for a name that is no storage.
std::string torch_storage_type(const std::string& name);

namespace torch_name {
constexpr const char* tensor_v2 = "torch._utils._rebuild_tensor_v2";
constexpr const char* tensor = "torch._utils._rebuild_tensor";
constexpr const char* parameter = "torch._utils._rebuild_parameter";
constexpr const char* size = "torch.Size";
}  // namespace torch_name

}  // namespace ito
