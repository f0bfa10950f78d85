// ito encode, ito decode

#include <cmath>
#include <iomanip>
#include <iostream>

#include "diffusion/cli/class_flags.h"
#include "diffusion/cli/command.h"
#include "diffusion/cli/flow_model.h"
#include "diffusion/cli/image_output.h"
#include "diffusion/cli/images.h"
#include "diffusion/data/npy.h"
#include "diffusion/training/sampling.h"

namespace ito::cli {
namespace {

struct EncodeArguments {
  FlowArguments flow;
  ClassFlags classes;
  std::string data = "held-out", out;
  Index n = 64, first = 0;
  bool overwrite = false;
};

struct DecodeArguments {
  FlowArguments flow;
  ClassFlags classes;
  std::string codes;
  ImageOutput out;
  double temperature = 1;
};

int stopped() {
  std::cerr << "ito: stopped; nothing was written" << std::endl;
  return Exit::interrupted;
}

double evaluations(const Carried& carried) { return std::round(carried.evaluations()); }

/// Root mean square of the codes in units of the prior's standard deviation.
double spread(const Carried& codes, const Sde& sde) {
  return std::sqrt(sum_squares(codes.x) / static_cast<double>(codes.x.elements())) /
         sde.prior_std();
}

Tensor images(const EncodeArguments& a, const FlowModel& flow) {
  const ImageSet set = images_for(flow.model(), a.flow.run, a.data);
  if (a.first >= set.count)
    fail("encode", printable(set.source), ": there is no image ", a.first, " among ", set.count);
  return batch(set, a.first, std::min(a.n, set.count - a.first), flow.range());
}

/// By whose flows the codes are made: each class's, or that of all data.
std::vector<Score> flow_scores(const ClassScores& classes) {
  if (classes.classes().empty()) return {classes.score()};
  return classes.scores();
}

int encode_images(const EncodeArguments& a) {
  const Overwrite overwrite = a.overwrite ? Overwrite::yes : Overwrite::no;
  if (!a.out.ends_with(".npy"))
    throw UsageError("--out: expected a name ending in .npy, got " + printable(a.out));
  check_writable(a.out, overwrite);
  const FlowModel flow(a.flow);
  Index networks = 0;
  const std::vector<Score> scores = flow_scores(ClassScores(a.classes, flow.model(), networks));
  if (scores.size() != 1)
    throw UsageError(text("--class: expected one class to encode by, got ", scores.size()));
  const Tensor x = images(a, flow);
  const auto codes = flow.to_codes(x, scores.front());
  if (!codes) return stopped();
  const auto back = flow.to_images(codes->x, scores.front());
  if (!back) return stopped();
  write_npy(a.out, codes->x, overwrite);
  const Difference error = difference(to_unit(back->x, flow.range()), to_unit(x, flow.range()));
  std::cout << x.size(0) << (x.size(0) == 1 ? " code " : " codes ") << flow.model().item() << ": "
            << a.out << "\n"
            << std::setprecision(3) << "decoded again they differ from the images by " << error.rms
            << " (root mean square; at most " << error.largest << ") of [0, 1]\n"
            << "codes have a root mean square of " << spread(*codes, flow.model().sde())
            << " standard deviations of the prior\n"
            << evaluations(*codes) << " evaluations of the score an image to encode, "
            << evaluations(*back) << " to decode" << std::endl;
  return Exit::ok;
}

Sources sources_of(const DecodeArguments& a) {
  Sources sources = {{{"--run", checkpoint_of(a.flow.run)}, {"--codes", a.codes}}};
  a.classes.add_to(sources);
  return sources;
}

int decode_codes(const DecodeArguments& a) {
  a.out.check();
  if (!(a.temperature > 0 && std::isfinite(a.temperature)))
    throw UsageError(text("--temperature: expected a number above 0, got ", a.temperature));
  const FlowModel flow(a.flow);
  a.out.check_item(flow.model().item());
  Index networks = 0;
  const ClassScores classes(a.classes, flow.model(), networks);
  const Tensor z = read_codes(a.codes, flow.model());
  std::vector<Tensor> images;
  double used = 0;
  for (const Score& score : flow_scores(classes)) {
    const auto decoded = flow.to_images(z * a.temperature, score);
    if (!decoded) return stopped();
    images.push_back(decoded->x);
    used += evaluations(*decoded);
  }
  const auto rows = static_cast<Index>(images.size());
  const Index columns = rows > 1 ? z.size(0) : 0;
  a.out.write(concat(images, 0), flow.range(), columns, sources_of(a));
  std::cout << rows * z.size(0) << (rows * z.size(0) == 1 ? " image: " : " images: ") << a.out.path
            << "\n"
            << used / static_cast<double>(rows) << " evaluations of the score an image"
            << std::endl;
  return Exit::ok;
}

}  // namespace

void add_encode(CLI::App& app, int& exit) {
  CLI::App* command =
      app.add_subcommand("encode", "Latent codes of images by the probability flow");
  auto a = std::make_shared<EncodeArguments>();
  a->flow.add_to(*command);
  a->classes.add_to(*command);
  command->add_option("--data", a->data, "held-out, train, or another data set");
  command->add_option("--n", a->n, "How many images")->check(CLI::Range(1, 1 << 24));
  command->add_option("--first", a->first, "Number of the first image")
      ->check(CLI::Range(Index{0}, Index{1} << 31));
  command->add_option("--out", a->out, ".npy: the codes x(T), floats [N, H, W, C]")->required();
  command->add_flag("--overwrite", a->overwrite, "Replace an existing file");
  command->callback([a, &exit] { exit = encode_images(*a); });
}

void add_decode(CLI::App& app, int& exit) {
  CLI::App* command =
      app.add_subcommand("decode", "Images of latent codes by the probability flow");
  auto a = std::make_shared<DecodeArguments>();
  a->flow.add_to(*command);
  a->classes.add_to(*command);
  command->add_option("--codes", a->codes, ".npy as ito encode writes it")->required();
  command->add_option("--temperature", a->temperature, "Multiplies the codes first");
  a->out.add_to(*command);
  command->callback([a, &exit] { exit = decode_codes(*a); });
}

}  // namespace ito::cli
