#include "diffusion/import/torch_names.h"

#include <map>

namespace ito {
namespace {

const std::map<std::string, std::string>& storages() {
  static const std::map<std::string, std::string> all = {
      {"torch.DoubleStorage", "F64"}, {"torch.FloatStorage", "F32"},
      {"torch.HalfStorage", "F16"},   {"torch.BFloat16Storage", "BF16"},
      {"torch.LongStorage", "I64"},   {"torch.IntStorage", "I32"},
      {"torch.ShortStorage", "I16"},  {"torch.CharStorage", "I8"},
      {"torch.ByteStorage", "U8"},    {"torch.BoolStorage", "BOOL"}};
  return all;
}

std::set<std::string> all_names() {
  std::set<std::string> names = {torch_name::tensor_v2, torch_name::tensor, torch_name::parameter,
                                 torch_name::size};
  for (const auto& [name, type] : storages()) names.insert(name);
  return names;
}

}  // namespace

const std::set<std::string>& torch_names() {
  static const std::set<std::string> names = all_names();
  return names;
}

std::string torch_storage_type(const std::string& name) {
  const auto found = storages().find(name);
  return found == storages().end() ? "" : found->second;
}

}  // namespace ito
