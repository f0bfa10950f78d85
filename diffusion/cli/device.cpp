#include "diffusion/cli/device.h"

#include "diffusion/cli/command.h"
#include "kernels/backend.h"
#include "kernels/precision.h"
#include "kernels/threads.h"

namespace ito::cli {
namespace {

/// Empty where there is a CUDA device, else why there is none.
std::string why_no_cuda() {
  try {
    kernels::cuda_backend().devices();
    return "";
  } catch (const std::runtime_error& e) {
    return e.what();
  }
}

Device device_named(const std::string& name) {
  if (name == "cpu") return Device::cpu;
  const std::string why = why_no_cuda();
  if (name == "auto") return why.empty() ? Device::cuda : Device::cpu;
  if (!why.empty()) throw UsageError("--device cuda: " + why);
  return Device::cuda;
}

kernels::Precision precision_named(const std::string& name) {
  if (name == "full") return kernels::Precision::full;
  return name == "tf32" ? kernels::Precision::tf32 : kernels::Precision::bf16;
}

}  // namespace

void add_device(CLI::App& command, Device& device) {
  command
      .add_option_function<std::string>(
          "--device", [&device](const std::string& name) { device = device_named(name); },
          "cpu (default), cuda, or auto: cuda where there is one")
      ->check(CLI::IsMember({"auto", "cpu", "cuda"}));
  command
      .add_option_function<std::string>(
          "--precision",
          [](const std::string& name) { kernels::set_precision(precision_named(name)); },
          "Of products on a GPU: full (default), tf32 or bf16 (tensor cores)")
      ->check(CLI::IsMember({"full", "tf32", "bf16"}));
}

std::vector<std::string> devices() {
  std::vector<std::string> lines = {
      text("cpu: ", kernels::threads(), " threads, level ", kernels::simd_level())};
  const std::string why = why_no_cuda();
  if (!why.empty()) {
    lines.push_back("cuda: " + why);
    return lines;
  }
  for (const std::string& name : kernels::cuda_backend().devices())
    lines.push_back("cuda: " + name);
  return lines;
}

}  // namespace ito::cli
