// ito restore

#include <cmath>
#include <filesystem>
#include <iomanip>
#include <iostream>

#include "diffusion/cli/command.h"
#include "diffusion/cli/device.h"
#include "diffusion/cli/image_output.h"
#include "diffusion/cli/images.h"
#include "diffusion/cli/interrupt.h"
#include "diffusion/cli/progress.h"
#include "diffusion/cli/sampling_flags.h"
#include "diffusion/control/matrix_operator.h"
#include "diffusion/control/operator_named.h"
#include "diffusion/control/pixel_operators.h"
#include "diffusion/control/restoration.h"
#include "diffusion/data/npy.h"
#include "diffusion/data/open.h"
#include "diffusion/metrics/image_quality.h"

namespace ito::cli {
namespace {

struct RestoreArguments {
  std::string run, operation, data, measurement, save, method;
  ImageOutput out;
  SampleRange range = {.seed = 0, .first = 0, .count = 4, .batch = 64};  ///< count: of each image
  Index n = 8, threads = 0;
  double noise = 0, scale = 1;
  bool raw = false;
  ConfigFlags flags;

  /// Parts that are known exactly are put back exactly, unless the user says otherwise.
  std::string chosen_method() const {
    if (!method.empty()) return method;
    return noise == 0 && (operation == "grey" || operation.starts_with("mask:")) ? "projection"
                                                                                 : "pigdm";
  }

  Overwrite replace() const { return out.overwrite ? Overwrite::yes : Overwrite::no; }
};

/// What is measured, of n images, in [0, 1] as files hold it.
struct Given {
  Tensor truth;  ///< [n, domain...]; empty where only the measurement is known
  Tensor y;      ///< [n, range...]
};

/// The operator and its measurement where the model is.
Given moved(const Given& given, Operator& A, Device device) {
  A.move(device);
  return {given.truth, given.y.to(device)};
}

/// y = A u for u in [0, 1] as the measurement A x of x = 2 u - 1, and its noise.
Measurement as_the_model_sees(const Operator& A, const Tensor& y, double noise, Range range) {
  if (range != Range::centered) return {A, y, noise};
  const Tensor ones = Tensor::full(batch_shape(1, A.domain()), 1, y.device());
  return {A, y * 2 - A.apply(ones), 2 * noise};
}

Bounds bounds_of(Range range) {
  if (range == Range::stored) return {};
  return {range == Range::centered ? -1.0 : 0.0, 1};
}

/// What a mask does not know is 0 in its measurements.
Tensor masked_like(const Operator& A, const Tensor& y) {
  return dynamic_cast<const MaskOperator*>(&A) ? A.apply(y) : y;
}

/// x with the known pixels of a mask as the file gave them: the way to the model's scale and back
/// may have cost their last bit.
Tensor with_known_pixels(const Measurement& given, const Tensor& x) {
  const auto* mask = dynamic_cast<const MaskOperator*>(&given.A);
  if (!mask || given.noise_std > 0) return x;
  return select(broadcast_to(mask->mask(), x.shape()), given.y, x);
}

/// The measurement of a file: [n, range...], or for masks images of which only the known part is
/// looked at.
Tensor measurement_of(const RestoreArguments& a, const Operator& A) {
  const ImageSet set = open_images(a.measurement).train;
  if (set.item != A.range())
    fail("restore", printable(a.measurement), ": the operator ", printable(a.operation), " gives ",
         A.range(), " for each image ", A.domain(), ", the file holds ", set.item);
  const Index n = std::min(a.n, set.count);
  return masked_like(A, batch(set, 0, n, set.levels > 0 ? Range::unit : Range::stored));
}

Given measure(const RestoreArguments& a, const TrainedModel& model, const Operator& A) {
  if (!a.measurement.empty()) return {{}, measurement_of(a, A)};
  const ImageSet set = images_for(model, a.run, a.data.empty() ? "held-out" : a.data);
  const Tensor truth = batch(set, 0, std::min(a.n, set.count), Range::unit), y = A.apply(truth);
  if (a.noise == 0) return {truth, y};
  const Tensor z = random_normal(y.shape(), {a.range.seed, Purpose::noise});
  return {truth, masked_like(A, y + z * a.noise)};
}

/// Each row `times` times: [n, ...] -> [n times, ...].
Tensor repeat_rows(const Tensor& x, Index times) {
  std::vector<Tensor> rows;
  for (Index i = 0; i < x.size(0); ++i)
    for (Index k = 0; k < times; ++k) rows.push_back(slice(x, 0, i, i + 1));
  return concat(rows, 0);
}

/// Named estimates of the images in [0, 1], [n, domain...]: baselines, then completions.
using Estimates = std::vector<std::pair<std::string, Tensor>>;

Estimates baselines(const Given& given, const Measurement& measured, Range range) {
  Estimates all = {{"least squares", to_unit(least_squares(measured), range)}};
  if (const auto* radon = dynamic_cast<const Radon*>(&measured.A))
    all.emplace_back("back-projection", radon->filtered_back_projection(given.y));
  for (auto& [name, images] : all) images = images.to(Device::cpu);
  return all;
}

/// Completion k of every image.
Tensor completion(const Tensor& x, Index completions, Index k) {
  std::vector<Tensor> rows;
  for (Index i = k; i < x.size(0); i += completions) rows.push_back(slice(x, 0, i, i + 1));
  return concat(rows, 0);
}

Sources sources_of(const RestoreArguments& a, const SamplingConfig& sampling) {
  Sources sources = {{{"--run", checkpoint_of(a.run)}}, sampling_to_json(sampling)};
  if (!a.measurement.empty() && std::filesystem::is_regular_file(a.measurement))
    sources.files.push_back({"--measurement", a.measurement});
  const std::string mask = a.operation.starts_with("mask:") ? a.operation.substr(5) : "";
  if (std::filesystem::is_regular_file(mask)) sources.files.push_back({"--operator", mask});
  return sources;
}

/// One row of the picture for each image: baselines, completions, the truth.
void write(const RestoreArguments& a, const Estimates& estimates, const Tensor& truth,
           const Tensor& x, const Sources& sources) {
  if (a.out.path.ends_with(".npy")) return a.out.write(x, Range::unit, 0, sources);
  std::vector<Tensor> columns;
  for (const auto& [name, images] : estimates) columns.push_back(images);
  if (truth.defined()) columns.push_back(truth);
  std::vector<Tensor> cells;
  for (Index i = 0; i < columns[0].size(0); ++i)
    for (const Tensor& column : columns) cells.push_back(slice(column, 0, i, i + 1));
  a.out.write(concat(cells, 0), Range::unit, static_cast<Index>(columns.size()), sources);
}

/// Structural similarity, where images are large enough for its windows.
std::string ssim_of(const Tensor& x, const Tensor& truth) {
  const bool fits = x.rank() == 4 && std::min(x.size(1), x.size(2)) >= ssim_window;
  return fits ? text("   SSIM ", std::fixed, std::setprecision(3), mean_ssim(x, truth)) : "";
}

void tell(const Estimates& estimates, const Tensor& truth, const Tensor& x) {
  if (truth.defined()) {
    for (const auto& [name, images] : estimates)
      std::cout << std::left << std::setw(18) << name << std::fixed << std::setprecision(2)
                << mean_psnr(images, truth) << " dB" << ssim_of(images, truth) << "\n";
  }
  Index clipped = 0;
  for (const Real value : x.to_host()) clipped += value < 0 || value > 1 ? 1 : 0;
  std::cout << std::defaultfloat << clipped << " of " << x.elements()
            << " values are outside [0, 1]; pictures clip them" << std::endl;
}

/// What the options ask for is checked before anything is computed.
SamplingConfig checked(const RestoreArguments& a, const TrainedModel& model) {
  a.out.check();
  if (!a.save.empty()) check_writable(a.save, a.replace());
  a.out.check_item(model.item());
  if (!a.measurement.empty() && !a.data.empty())
    throw UsageError("--data and --measurement exclude each other: the first is measured here");
  try {
    restoration_method_named(a.chosen_method());
  } catch (const Error& e) {
    throw UsageError(e.what());
  }
  return sampling_of(model, a.flags.patch());
}

/// The completions, those of one image after another.
Samples complete(const RestoreArguments& a, const TrainedModel& model,
                 const SamplingConfig& sampling, const Measurement& measured) {
  SampleRange range = a.range;
  range.count *= measured.y.size(0);
  const RestorationOptions options = {restoration_method_named(a.chosen_method()), a.scale,
                                      bounds_of(model.config().data.range)};
  Progress progress("restoring", 1000);
  return restore(model.sde(), model.score(),
                 {measured.A, repeat_rows(measured.y, a.range.count), measured.noise_std}, options,
                 sampling, range, {.progress = [&](int done, int total) {
                   progress.update(Index{1000} * done / total, "");
                   return !interrupted_by_user();
                 }});
}

void show(const RestoreArguments& a, const Given& given, const Measurement& measured,
          const Tensor& x, Range scale, const Sources& sources) {
  const Index n = given.y.size(0), completions = a.range.count;
  Estimates estimates = baselines(given, measured, scale);
  for (Index k = 0; k < completions; ++k)
    estimates.emplace_back(text("completion ", k + 1), completion(x, completions, k));
  write(a, estimates, given.truth, x, sources);
  std::cout << n << (n == 1 ? " image, " : " images, ") << completions
            << (completions == 1 ? " completion" : " completions") << " each: " << a.out.path
            << "\n";
  tell(estimates, given.truth, x);
}

int restore_images(const RestoreArguments& a) {
  use_threads(a.threads);
  const TrainedModel model(read_checkpoint(checkpoint_of(a.run)),
                           a.raw ? Weights::raw : Weights::averaged, a.range.device);
  const SamplingConfig sampling = checked(a, model);
  kernels::set_convolution_mode(model.config().convolution);
  const auto A = operator_named(a.operation, model.item(), a.range.seed);
  check_adjoint(*A);
  const Given given = moved(measure(a, model, *A), *A, a.range.device);
  const Range scale = model.config().data.range;
  const Measurement measured = as_the_model_sees(*A, given.y, a.noise, scale);
  if (!a.save.empty()) write_npy(a.save, given.y, a.replace());

  catch_interrupts();
  const Samples samples = complete(a, model, sampling, measured);
  if (!samples.complete) {
    std::cerr << "ito: stopped; no pictures were written" << std::endl;
    return Exit::interrupted;
  }
  const Measurement as_given = {*A, repeat_rows(given.y, a.range.count), a.noise};
  const Tensor x = with_known_pixels(as_given, to_unit(samples.x, scale)).to(Device::cpu);
  show(a, given, measured, x, scale, sources_of(a, sampling));
  return Exit::ok;
}

}  // namespace

void add_restore(CLI::App& app, int& exit) {
  CLI::App* command =
      app.add_subcommand("restore", "Inpaint, colour, enlarge, deblur or rebuild images");
  auto a = std::make_shared<RestoreArguments>();
  command->add_option("--run", a->run, "Folder of a run, or a checkpoint")->required();
  command
      ->add_option("--operator", a->operation,
                   "What was measured: mask:half:lower, mask:box:4, mask:random:0.5, mask:FILE "
                   "(white is known), grey, box:2, bicubic:2, gaussian:1.5, motion:5,45, radon:23 "
                   "or random:32")
      ->required();
  command->add_option(
      "--data", a->data,
      "Images to measure: held-out (default), train, or a data set by name or path");
  command->add_option("--measurement", a->measurement,
                      "The measurement itself: a picture, or .npy with images in [0, 1]");
  a->out.add_to(*command);
  command->add_option("--save-measurement", a->save, "Write the measurement as .npy");
  command->add_option("--n", a->n, "How many images")->check(CLI::Range(1, 1 << 20));
  command->add_option("--completions", a->range.count, "Samples for each image")
      ->check(CLI::Range(1, 1 << 16));
  command->add_option("--noise", a->noise, "Std of the measurement's noise, of values in [0, 1]")
      ->check(CLI::Range(0.0, 1e6));
  command->add_option(
      "--method", a->method,
      "projection, perturbed, pigdm or dps; by default projection for masks and grey "
      "without noise, else pigdm");
  command->add_option("--scale", a->scale, "Factor on the guidance; of dps the step")
      ->check(CLI::Range(0.0, 1e6));
  command->add_option("--seed", a->range.seed, "Seed of all noise and of random masks");
  command->add_option("--batch", a->range.batch, "Samples computed at once")
      ->check(CLI::Range(1, 1 << 16));
  a->flags.add_to(*command, sampling_flags);
  command->add_flag("--no-ema", a->raw, "The last weights instead of their average");
  add_device(*command, a->range.device);
  command->add_option("--threads", a->threads, "Threads, 0 for all cores")
      ->check(CLI::Range(0, 1024));
  command->callback([a, &exit] { exit = restore_images(*a); });
}

}  // namespace ito::cli
