#include "tests/engine/op_cases.h"

namespace ito::test {
namespace {

using Inputs = std::vector<Tensor>;

OpCase elementwise(const std::string& name, Tensor (*f)(const Tensor&), double low = -2.5,
                   double high = 2.5) {
  return {name, {{3, 37}}, [f](const Inputs& x) { return f(x[0]); }, low, high, true};
}

OpCase broadcast(const std::string& name, Tensor (*f)(const Tensor&, const Tensor&), Shape a,
                 Shape b, double low = 0.5, double high = 2) {
  return {name,
          {std::move(a), std::move(b)},
          [f](const Inputs& x) { return f(x[0], x[1]); },
          low,
          high};
}

OpCase convolution(const std::string& name, Shape x, Shape w, Conv2dOptions options) {
  return {name,
          {std::move(x), std::move(w)},
          [options](const Inputs& in) { return conv2d(in[0], in[1], options); },
          -1.5,
          1.5,
          true};
}

OpCase fir(const std::string& name, Shape x, const Shape& kernel, FirOptions options) {
  std::vector<Real> taps;
  for (Index i = 0; i < kernel.elements(); ++i)
    taps.push_back(static_cast<Real>(0.1 * double(i) - 0.3));
  const Tensor k(kernel, taps);
  return {
      name,
      {std::move(x)},
      [k, options](const Inputs& in) { return upfirdn2d(in[0], k.to(in[0].device()), options); },
      -1.5,
      1.5,
      true};
}

void add_pointwise(std::vector<OpCase>& cases) {
  for (const OpCase& c :
       {elementwise("exp", exp), elementwise("log", log, 0.2, 4), elementwise("sqrt", sqrt, 0.2, 4),
        elementwise("tanh", tanh), elementwise("sigmoid", sigmoid), elementwise("silu", silu),
        elementwise("relu", relu), elementwise("gelu", gelu), elementwise("softplus", softplus),
        elementwise("erf", erf), elementwise("sin", sin), elementwise("cos", cos),
        elementwise("abs", abs), elementwise("square", square)}) {
    cases.push_back(c);
  }
  const Shape s{3, 37};
  cases.push_back({"pow_3", {s}, [](const Inputs& x) { return pow(x[0], 3); }});
  cases.push_back({"pow_-1.5", {s}, [](const Inputs& x) { return pow(x[0], -1.5); }, 0.3, 3});
  cases.push_back({"elu", {s}, [](const Inputs& x) { return elu(x[0]); }});
  cases.push_back({"elu_0.5", {s}, [](const Inputs& x) { return elu(x[0], 0.5); }});
  cases.push_back({"leaky_relu", {s}, [](const Inputs& x) { return leaky_relu(x[0]); }});
  cases.push_back({"clamp", {s}, [](const Inputs& x) { return clamp(x[0], -0.7, 0.9); }});
  cases.push_back({"affine", {s}, [](const Inputs& x) { return affine(x[0], -1.7, 0.4); }});
  cases.push_back({"select", {s, s}, [](const Inputs& x) {
                     std::vector<Real> mask;
                     for (Index i = 0; i < x[0].elements(); ++i) mask.push_back(Real(i % 3 == 0));
                     return select(Tensor(x[0].shape(), mask, x[0].device()), x[0], x[1]);
                   }});
  cases.push_back(
      {"dropout",
       {{4, 6, 5}},
       [](const Inputs& x) { return dropout(x[0], 0.3, {.seed = 5, .purpose = Purpose::dropout}); },
       -1.5,
       1.5,
       true});
}

void add_broadcast(std::vector<OpCase>& cases) {
  for (const OpCase& c :
       {broadcast("add_same", add, {2, 3, 4}, {2, 3, 4}),
        broadcast("add_last", add, {2, 3, 4}, {4}),
        broadcast("add_first", add, {2, 1, 1}, {2, 3, 4}),
        broadcast("sub_middle", sub, {2, 3, 4}, {1, 3, 1}),
        broadcast("sub_scalar", sub, {}, {2, 3}), broadcast("mul_same", mul, {5, 7}, {5, 7}),
        broadcast("mul_outer", mul, {5, 1}, {1, 7}),
        broadcast("mul_channels", mul, {2, 2, 3, 5}, {2, 1, 1, 5}),
        broadcast("div_same", div, {5, 7}, {5, 7}), broadcast("div_last", div, {2, 3, 4}, {4}),
        broadcast("div_both", div, {3, 1, 2}, {1, 4, 1})}) {
    cases.push_back(c);
  }
}

void add_reduce(std::vector<OpCase>& cases) {
  const Shape s{3, 4, 2, 5};
  cases.push_back({"sum_all", {s}, [](const Inputs& x) { return sum(x[0]); }});
  cases.push_back({"sum_first", {s}, [](const Inputs& x) { return sum(x[0], {0}); }});
  cases.push_back({"sum_last_keep", {s}, [](const Inputs& x) { return sum(x[0], {-1}, true); }});
  cases.push_back({"sum_1_3", {s}, [](const Inputs& x) { return sum(x[0], {1, 3}); }});
  cases.push_back({"mean_1_2", {s}, [](const Inputs& x) { return mean(x[0], {1, 2}); }});
  cases.push_back({"mean_all", {s}, [](const Inputs& x) { return square(mean(x[0])); }});
  cases.push_back({"max_last", {s}, [](const Inputs& x) { return square(max(x[0], {3})); }});
  cases.push_back({"max_0_2", {s}, [](const Inputs& x) { return max(x[0], {0, 2}, true); }});
  cases.push_back({"sum_to", {s}, [](const Inputs& x) { return sum_to(x[0], {4, 1, 5}); }});
  cases.push_back({"broadcast_to", {{4, 1, 5}}, [](const Inputs& x) {
                     return broadcast_to(x[0], {3, 4, 2, 5});
                   }});
}

void add_shape(std::vector<OpCase>& cases) {
  cases.push_back({"reshape", {{4, 6}}, [](const Inputs& x) {
                     return square(reshape(x[0], {2, -1, 3}));
                   }});
  cases.push_back({"permute", {{2, 3, 4, 5}}, [](const Inputs& x) {
                     return square(permute(x[0], {2, 0, 3, 1}));
                   }});
  cases.push_back({"concat_last", {{2, 3, 4}, {2, 3, 2}, {2, 3, 1}}, [](const Inputs& x) {
                     return square(concat(x, -1));
                   }});
  cases.push_back(
      {"concat_first", {{2, 3}, {1, 3}}, [](const Inputs& x) { return square(concat(x, 0)); }});
  cases.push_back(
      {"slice", {{3, 5, 4}}, [](const Inputs& x) { return square(slice(x[0], 1, 1, 4)); }});
  cases.push_back({"split", {{3, 6}}, [](const Inputs& x) {
                     const std::vector<Tensor> parts = split(x[0], 1, {1, 3, 2});
                     return parts[0] * parts[1] + sum(parts[2], {1}, true);
                   }});
  cases.push_back({"pad", {{2, 3, 4}}, [](const Inputs& x) {
                     return square(pad(x[0], {{0, 0}, {1, 2}, {-1, 3}}));
                   }});
  cases.push_back({"embedding", {{6, 3}}, [](const Inputs& x) {
                     return square(embedding(x[0], {4, 0, 4, 5}));
                   }});
}

void add_products(std::vector<OpCase>& cases) {
  const auto product = [](bool ta, bool tb) {
    return [ta, tb](const Inputs& x) { return matmul(x[0], x[1], ta, tb); };
  };
  cases.push_back({"matmul", {{4, 5}, {5, 3}}, product(false, false), -1.5, 1.5, true});
  cases.push_back({"matmul_ta", {{5, 4}, {5, 3}}, product(true, false)});
  cases.push_back({"matmul_tb", {{4, 5}, {3, 5}}, product(false, true), -1.5, 1.5, true});
  cases.push_back({"matmul_ta_tb", {{5, 4}, {3, 5}}, product(true, true)});
  cases.push_back({"matmul_batched", {{2, 3, 4, 5}, {2, 3, 5, 2}}, product(false, false)});
  cases.push_back({"matmul_batched_ta_tb", {{3, 5, 4}, {3, 2, 5}}, product(true, true)});
  cases.push_back({"matmul_rows", {{3, 4, 5}, {5, 2}}, product(false, false), -1.5, 1.5, true});
  cases.push_back({"matmul_rows_tb", {{3, 4, 5}, {2, 5}}, product(false, true), -1.5, 1.5, true});
  cases.push_back({"matmul_rows_ta", {{3, 5, 4}, {5, 2}}, product(true, false)});
  cases.push_back({"matmul_shared_a", {{4, 5}, {3, 5, 2}}, product(false, false)});
  cases.push_back({"matmul_add",
                   {{3, 4, 5}, {5, 2}, {2}},
                   [](const Inputs& x) { return square(matmul_add(x[0], x[1], x[2])); },
                   -1.5,
                   1.5,
                   true});
  cases.push_back({"matmul_add_residual", {{3, 4, 5}, {5, 2}, {2}, {3, 4, 2}}, [](const Inputs& x) {
                     return square(matmul_add(x[0], x[1], x[2], x[3], 0.7));
                   }});
  cases.push_back({"attention", {{2, 5, 4}, {2, 6, 4}, {2, 6, 3}}, [](const Inputs& x) {
                     return attention(x[0], x[1], x[2]);
                   }});
}

void add_convolutions(std::vector<OpCase>& cases) {
  for (const OpCase& c :
       {convolution("conv2d_3x3", {2, 5, 4, 3}, {3, 3, 3, 2}, {.pad_before = 1, .pad_after = 1}),
        convolution("conv2d_1x1", {3, 3, 4, 5}, {1, 1, 5, 3}, {}),
        convolution("conv2d_valid", {2, 5, 6, 2}, {3, 2, 2, 3}, {}),
        convolution("conv2d_stride", {2, 6, 5, 2}, {3, 3, 2, 3}, {.stride = 2, .pad_after = 1}),
        convolution("conv2d_dilation", {2, 6, 5, 2}, {3, 3, 2, 2},
                    {.pad_before = 2, .pad_after = 2, .dilation = 2}),
        convolution("conv2d_stride_dilation", {1, 9, 8, 1}, {3, 2, 1, 2},
                    {.stride = 3, .pad_before = 1, .pad_after = 2, .dilation = 2}),
        convolution("conv2d_1_to_1", {2, 4, 4, 1}, {3, 3, 1, 1},
                    {.pad_before = 1, .pad_after = 1})}) {
    cases.push_back(c);
  }
  const Conv2dOptions same{.pad_before = 1, .pad_after = 1};
  cases.push_back(
      {"conv2d_add",
       {{2, 4, 3, 2}, {3, 3, 2, 3}, {3}},
       [same](const Inputs& x) { return square(conv2d_add(x[0], x[1], x[2], {}, same)); },
       -1.5,
       1.5,
       true});
  cases.push_back(
      {"conv2d_add_per_image_residual",
       {{2, 4, 3, 2}, {3, 3, 2, 3}, {2, 3}, {2, 4, 3, 3}},
       [same](const Inputs& x) { return square(conv2d_add(x[0], x[1], x[2], x[3], same, 0.7)); }});
  const Conv2dOptions strided{.stride = 2, .pad_before = 1};
  cases.push_back(
      {"conv2d_transposed",
       {{2, 3, 3, 3}, {3, 3, 2, 3}},
       [strided](const Inputs& x) { return conv2d_input_grad(x[0], x[1], 6, 6, strided); },
       -1.5,
       1.5,
       true});
  cases.push_back({"conv2d_weight_grad", {{2, 6, 6, 2}, {2, 3, 3, 3}}, [strided](const Inputs& x) {
                     return conv2d_weight_grad(x[0], x[1], 3, 3, strided);
                   }});
}

void add_norms(std::vector<OpCase>& cases) {
  cases.push_back({"group_norm",
                   {{2, 3, 2, 6}, {6}, {6}},
                   [](const Inputs& x) { return group_norm(x[0], x[1], x[2], 3, 1e-6); },
                   -1.5,
                   1.5,
                   true});
  cases.push_back({"group_norm_silu",
                   {{2, 3, 2, 6}, {6}, {6}},
                   [](const Inputs& x) { return group_norm_silu(x[0], x[1], x[2], 3, 1e-6); },
                   -1.5,
                   1.5,
                   true});
  // 4 channels in rows of 4 positions, and channels in two pieces
  cases.push_back({"group_norm_silu_rows",
                   {{2, 12, 4}, {4}, {4}},
                   [](const Inputs& x) { return group_norm_silu(x[0], x[1], x[2], 1, 1e-6); },
                   -1.5,
                   1.5,
                   true});
  cases.push_back({"group_norm_silu_pieces",
                   {{2, 3, 136}, {136}, {136}},
                   [](const Inputs& x) { return group_norm_silu(x[0], x[1], x[2], 17, 1e-6); },
                   -1.5,
                   1.5,
                   true});
  cases.push_back({"group_norm_one_channel",
                   {{2, 3, 2, 4}, {4}, {4}},
                   [](const Inputs& x) { return group_norm(x[0], x[1], x[2], 4, 1e-6); },
                   -1.5,
                   1.5,
                   true});
  cases.push_back({"group_norm_plain",
                   {{2, 3, 2, 6}},
                   [](const Inputs& x) { return group_norm(x[0], Tensor(), Tensor(), 2, 1e-5); },
                   -1.5,
                   1.5,
                   true});
  cases.push_back({"group_norm_no_beta",
                   {{2, 3, 2, 4}, {4}},
                   [](const Inputs& x) { return group_norm(x[0], x[1], Tensor(), 2, 1e-5); },
                   -1.5,
                   1.5,
                   true});
  cases.push_back({"group_norm_no_gamma",
                   {{2, 3, 2, 4}, {4}},
                   [](const Inputs& x) { return group_norm(x[0], Tensor(), x[1], 2, 1e-5); },
                   -1.5,
                   1.5,
                   true});
  cases.push_back({"instance_norm",
                   {{2, 3, 3, 4}, {4}, {4}},
                   [](const Inputs& x) { return instance_norm(x[0], x[1], x[2], 1e-5); },
                   -1.5,
                   1.5,
                   true});
  cases.push_back({"layer_norm",
                   {{2, 3, 5}, {5}, {5}},
                   [](const Inputs& x) { return layer_norm(x[0], x[1], x[2], 1e-5); },
                   -1.5,
                   1.5,
                   true});
  cases.push_back(
      {"softmax", {{3, 2, 7}}, [](const Inputs& x) { return softmax(x[0]); }, -3, 3, true});
  cases.push_back(
      {"log_softmax", {{3, 7}}, [](const Inputs& x) { return log_softmax(x[0]); }, -3, 3, true});
  cases.push_back({"cross_entropy", {{4, 5}}, [](const Inputs& x) {
                     return cross_entropy(x[0], {0, 3, 4, 3});
                   }});
}

void add_resampling(std::vector<OpCase>& cases) {
  cases.push_back({"upsample_nearest",
                   {{2, 3, 2, 3}},
                   [](const Inputs& x) { return square(upsample_nearest(x[0], 2)); },
                   -1.5,
                   1.5,
                   true});
  cases.push_back({"downsample_mean",
                   {{2, 4, 6, 3}},
                   [](const Inputs& x) { return square(downsample_mean(x[0], 2)); },
                   -1.5,
                   1.5,
                   true});
  for (const OpCase& c :
       {fir("upfirdn2d_up", {2, 4, 3, 2}, {4, 4}, {.up = 2, .pad_before = 2, .pad_after = 1}),
        fir("upfirdn2d_down", {2, 6, 5, 2}, {4, 4}, {.down = 2, .pad_before = 1, .pad_after = 1}),
        fir("upfirdn2d_up_down", {1, 5, 4, 2}, {3, 2},
            {.up = 2, .down = 3, .pad_before = 3, .pad_after = 2}),
        fir("upfirdn2d_crop", {1, 6, 6, 1}, {2, 3}, {.pad_before = -1, .pad_after = -2}),
        fir("upfirdn2d_wide_pad", {1, 3, 3, 2}, {3, 3},
            {.up = 3, .down = 2, .pad_before = 5, .pad_after = 4})}) {
    cases.push_back(c);
  }
}

}  // namespace

std::ostream& operator<<(std::ostream& out, const OpCase& op) {
  out << op.name;
  for (const Shape& shape : op.shapes) out << ' ' << shape;
  return out << " in [" << op.low << ", " << op.high << "]";
}

const std::vector<OpCase>& op_cases() {
  static const std::vector<OpCase> cases = [] {
    std::vector<OpCase> all;
    add_pointwise(all);
    add_broadcast(all);
    add_reduce(all);
    add_shape(all);
    add_products(all);
    add_convolutions(all);
    add_norms(all);
    add_resampling(all);
    return all;
  }();
  return cases;
}

std::uint64_t case_seed(const std::string& name) {
  std::uint64_t hash = 1469598103934665603u;
  for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211u;
  return hash;
}

std::vector<Tensor> case_inputs(const OpCase& op) {
  std::vector<Tensor> inputs;
  for (const Shape& shape : op.shapes) {
    const RandomStream stream{.seed = case_seed(op.name),
                              .sub = static_cast<std::uint32_t>(inputs.size())};
    const Tensor u = random_uniform({1, shape.elements()}, stream).with_shape(shape);
    inputs.push_back(affine(u, op.high - op.low, op.low));
  }
  return inputs;
}

}  // namespace ito::test
