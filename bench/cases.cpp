#include "bench/cases.h"

#include <cmath>
#include <nlohmann/json.hpp>

namespace ito::bench {
namespace {

using Inputs = std::vector<Tensor>;

/// x [N, size, size, in], by default at the batch that convolutions are measured at.
OpCase convolution(const std::string& name, Index kernel, Index in, Index out, Index size,
                   Index N = 32) {
  const Index pad = kernel / 2;
  const Conv2dOptions same = {.pad_before = pad, .pad_after = pad};
  return {.name = name,
          .shapes = {{N, size, size, in}, {kernel, kernel, in, out}},
          .f = [same](const Inputs& x) { return conv2d(x[0], x[1], same); },
          .flops = 2.0 * static_cast<double>(N * size * size * kernel * kernel * in * out)};
}

OpCase compared(OpCase op) {
  op.compared = true;
  return op;
}

OpCase product(const std::string& name, Index m, Index k, Index n) {
  return {.name = name,
          .shapes = {{m, k}, {k, n}},
          .f = [](const Inputs& x) { return matmul(x[0], x[1]); },
          .flops = 2.0 * static_cast<double>(m * k * n)};
}

OpCase group_norm_silu_case(const std::string& name, const Shape& x, Index groups) {
  return {.name = name, .shapes = {x, {x(-1)}, {x(-1)}}, .f = [groups](const Inputs& in) {
            return group_norm_silu(in[0], in[1], in[2], groups, 1e-6);
          }};
}

OpCase attention_case(const std::string& name, Index B, Index T, Index D) {
  const Shape x = {B, T, D};
  return {.name = name,
          .shapes = {x, x, x},
          .f = [](const Inputs& in) { return attention(in[0], in[1], in[2]); },
          .flops = 4.0 * static_cast<double>(B * T * T * D)};
}

OpCase elementwise(const std::string& name, std::vector<Shape> shapes,
                   std::function<Tensor(const Inputs&)> f) {
  return {.name = name, .shapes = std::move(shapes), .f = std::move(f)};
}

std::vector<OpCase> all_op_cases() {
  const Shape image = {32, 32, 32, 128};
  std::vector<OpCase> all = {
      compared(convolution("conv3x3_128_32", 3, 128, 128, 32)),
      compared(convolution("conv3x3_256_16", 3, 256, 256, 16)),
      compared(convolution("conv3x3_256_8", 3, 256, 256, 8)),
      compared(convolution("conv1x1_256_16", 1, 256, 256, 16)),
      compared(product("linear_512", 1024, 512, 512)),
      compared(group_norm_silu_case("group_norm_silu_128_32", image, 32)),
      compared(attention_case("attention_256", 32, 256, 256)),
      convolution("conv3x3_3_128_32", 3, 3, 128, 32),
      convolution("conv3x3_128_3_32", 3, 128, 3, 32), convolution("conv3x3_256_4", 3, 256, 256, 4),
      convolution("conv3x3_512_256_8", 3, 512, 256, 8), convolution("conv3x3_32_32", 3, 32, 32, 32),
      convolution("conv3x3_64_16", 3, 64, 64, 16), convolution("conv3x3_16_8", 3, 16, 16, 8),
      product("linear_64", 16384, 64, 64), product("linear_128", 128, 128, 128),
      product("linear_1024", 1024, 1024, 1024), attention_case("attention_16", 128, 16, 32),
      // of a size for the emulated device
      compared(convolution("conv3x3_toy", 3, 8, 8, 8, 2)),
      compared(product("linear_toy", 32, 16, 16)),
      compared(group_norm_silu_case("group_norm_silu_toy", {2, 8, 8, 32}, 32)),
      compared(attention_case("attention_toy", 2, 16, 8))};
  for (const OpCase& op :
       {elementwise("silu", {image}, [](const Inputs& x) { return silu(x[0]); }),
        elementwise("add", {image, image}, [](const Inputs& x) { return x[0] + x[1]; }),
        elementwise("add_bias", {image, {128}}, [](const Inputs& x) { return x[0] + x[1]; }),
        elementwise("dropout", {image}, [](const Inputs& x) { return dropout(x[0], 0.1, {}); }),
        elementwise("concat", {image, image}, [](const Inputs& x) { return concat(x, 3); }),
        elementwise("upsample_nearest", {{32, 16, 16, 128}},
                    [](const Inputs& x) { return upsample_nearest(x[0], 2); })}) {
    all.push_back(op);
  }
  return all;
}

template <class Case>
const Case& named(const std::vector<Case>& cases, const std::string& name) {
  std::string known;
  for (const Case& one : cases) {
    if (one.name == name) return one;
    known += " " + one.name;
  }
  fail("bench", "no case \"", name, "\"; there are", known);
}

}  // namespace

const std::vector<NetworkCase>& network_cases() {
  static const std::vector<NetworkCase> cases = {{"ddpm_cifar10", R"({
  "model": {"type": "ddpm", "image_size": 32, "channels": 3, "width": 128,
            "multipliers": [1, 2, 2, 2], "blocks": 2, "attention": [16], "dropout": 0.1},
  "batch": {"size": 8}
})"},
                                                 {"ncsnpp_cifar10", R"({
  "model": {"type": "ncsnpp", "image_size": 32, "channels": 3, "width": 128,
            "multipliers": [1, 2, 2, 2], "blocks": 4, "attention": [16], "dropout": 0.1},
  "sde": {"type": "ve"},
  "batch": {"size": 4}
})"},
                                                 {"ddpm_mnist", R"({
  "model": {"type": "ddpm", "image_size": 32, "channels": 1, "width": 32,
            "multipliers": [1, 2, 2], "blocks": 2, "attention": [16], "dropout": 0.1,
            "group_rule": "quarter"},
  "batch": {"size": 64}
})"},
                                                 {"ddpm_tiny", R"({
  "model": {"type": "ddpm", "image_size": 8, "channels": 1, "width": 16,
            "multipliers": [1, 2], "blocks": 1, "attention": [4], "dropout": 0.1,
            "group_rule": "quarter"},
  "batch": {"size": 128}
})"},
                                                 {"ddpm_toy", R"({
  "model": {"type": "ddpm", "image_size": 8, "channels": 1, "width": 8,
            "multipliers": [1, 1], "blocks": 1, "attention": [4], "dropout": 0.1,
            "group_rule": "quarter"},
  "batch": {"size": 2}
})"}};
  return cases;
}

NetworkCase network_case(const std::string& name) {
  const std::size_t at = name.find('@');
  NetworkCase found = named(network_cases(), name.substr(0, at));
  if (at == std::string::npos) return found;
  auto config = nlohmann::json::parse(found.config);
  config["batch"]["size"] = std::stoi(name.substr(at + 1));
  return {name, config.dump()};
}

const std::vector<OpCase>& op_cases() {
  static const std::vector<OpCase> cases = all_op_cases();
  return cases;
}

const OpCase& op_case(const std::string& name) { return named(op_cases(), name); }

std::vector<Tensor> op_inputs(const OpCase& op) {
  std::vector<Tensor> inputs;
  for (const Shape& shape : op.shapes) {
    const auto sub = static_cast<std::uint32_t>(inputs.size());
    const Tensor x =
        random_normal({1, shape.elements()}, {.seed = 1, .sub = sub}).with_shape(shape);
    const bool weight = sub > 0 && op.flops > 0 && op.backward_factor == 2;
    const double summed = static_cast<double>(shape.elements() / shape(-1));
    inputs.push_back(weight && shape.rank() != 3 ? x * (1 / std::sqrt(summed)) : x);
  }
  return inputs;
}

double bytes_touched(const std::vector<Tensor>& inputs, const Tensor& output) {
  Index elements = output.elements();
  for (const Tensor& x : inputs) elements += x.elements();
  return static_cast<double>(elements) * sizeof(Real);
}

}  // namespace ito::bench
