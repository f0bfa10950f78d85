#include "diffusion/cli/flow_model.h"

#include "diffusion/cli/command.h"
#include "diffusion/cli/device.h"
#include "diffusion/cli/interrupt.h"
#include "diffusion/cli/progress.h"
#include "diffusion/data/npy.h"
#include "kernels/convolution.h"
#include "nn/device.h"

namespace ito::cli {

void FlowArguments::add_to(CLI::App& command) {
  command.add_option("--run", run, "Folder of a run, or a checkpoint")->required();
  command.add_option("--eps", code.eps, "Time of the images");
  command.add_option("--tolerance", tolerance, "Of the solver, relative and absolute");
  command.add_option("--batch", code.batch, "Images computed at once")
      ->check(CLI::Range(1, 1 << 16));
  command.add_flag("--no-ema", raw, "The last weights instead of their average");
  command.add_flag("--exact", exact, "Direct convolutions only, whatever the run was trained with");
  add_device(command, device);
  command.add_option("--threads", threads, "Threads, 0 for all cores")->check(CLI::Range(0, 1024));
}

FlowModel::FlowModel(const FlowArguments& a)
    : options_(a.code),
      model_(read_checkpoint(checkpoint_of(a.run)), a.raw ? Weights::raw : Weights::averaged,
             a.device) {
  options_.ode.rtol = options_.ode.atol = a.tolerance;
  model_.check_eps(a.code.eps);
  use_threads(a.threads);
  kernels::set_convolution_mode(a.exact ? kernels::ConvolutionMode::exact
                                        : model_.config().convolution);
}

namespace {

template <class Carry>
std::optional<Carried> with_progress(const char* what, CodeOptions options, Carry carry) {
  catch_interrupts();
  Progress progress(what, 1000);
  options.ode.progress = [&](double done) {
    progress.update(static_cast<Index>(1000 * done), "");
    return !interrupted_by_user();
  };
  Carried carried = carry(options);
  if (!carried.complete) return {};
  carried.x = carried.x.to(Device::cpu);
  return carried;
}

}  // namespace

std::optional<Carried> FlowModel::to_codes(const Tensor& x, const Score& score) const {
  return with_progress("encoding", options_, [&](const CodeOptions& options) {
    return encode(model_.sde(), score, x.to(nn::device_of(model_.network())), options);
  });
}

std::optional<Carried> FlowModel::to_images(const Tensor& z, const Score& score) const {
  return with_progress("decoding", options_, [&](const CodeOptions& options) {
    return decode(model_.sde(), score, z.to(nn::device_of(model_.network())), options);
  });
}

Tensor read_codes(const std::string& path, const TrainedModel& model) {
  const NpyArray array = read_npy(path);
  const bool codes = !array.reals.empty() && array.shape.rank() > 1 && array.shape[0] > 0 &&
                     Shape(array.shape.begin() + 1, array.shape.end()) == model.item();
  if (!codes) {
    Shape expected = model.item();
    expected.insert(expected.begin(), 1);
    fail("codes", printable(path), ": expected floats of a shape like ", expected,
         " with any number of codes, got ", array.reals.empty() ? "bytes " : "", array.shape);
  }
  return Tensor(array.shape, array.reals);
}

Tensor rows_of(const Tensor& x, const std::vector<Index>& numbers, const std::string& source) {
  std::vector<Tensor> rows;
  for (const Index n : numbers) {
    if (n < 0 || n >= x.size(0))
      fail("codes", printable(source), ": there is no number ", n, " among ", x.size(0));
    rows.push_back(slice(x, 0, n, n + 1));
  }
  return concat(rows, 0);
}

}  // namespace ito::cli
