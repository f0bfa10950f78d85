// net_*: one evaluation of a network, and the gradients of <y, cotangent> in its input and in all
// parameters.

#include "engine/autograd.h"
#include "tests/reference/network.h"
#include "tests/reference/replay.h"

namespace ito::reference {

namespace {

Rule net_rule(const ReferenceFile& file, const char* floor, const Tensor& ours) {
  return floor_rule(floor_factor, file.number(floor), without_floor, largest(ours));
}

}  // namespace

void replay_net(const ReferenceFile& file, Report& report) {
  report.each_case([&](const std::string&, const nlohmann::json&) {
    const Network network = build_network(file);
    Tensor x = file.images("in.x");
    x.require_grad();
    const Tensor y = network.score->forward(x, file.numbers("in.t"));
    report.compare_images("out.y", y, net_rule(file, "fp32_vs_fp64_maxabs_y", y));
    if (!file.has("in.cotangent")) return;

    std::vector<Tensor> inputs = network.parameters();
    inputs.push_back(x);
    std::vector<Tensor> gradients = grad({y}, inputs, {file.images("in.cotangent")});
    report.compare_images("grad.x", gradients.back(),
                          net_rule(file, "fp32_vs_fp64_maxabs_gradx", gradients.back()));
    gradients.pop_back();
    compare_gradients(file, report, "grad", network.published(gradients));
  });
}

}  // namespace ito::reference
