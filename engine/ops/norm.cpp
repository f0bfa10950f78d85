// Group normalisation and its special cases. One kernel computes the value, one the vjp; under
// create_graph the definition in plain operations is differentiated instead.

#include "engine/autograd.h"
#include "engine/ops.h"
#include "engine/ops/device_of.h"
#include "kernels/kernels.h"

namespace ito {
namespace {

using Gradients = std::vector<Tensor>;

/// (x - mean) / sqrt(var + eps) over the positions and channels of each group, times gamma plus
/// beta, and SiLU of that if wanted, in plain operations. x is [N, S, C].
Tensor group_norm_definition(const Tensor& x, const Tensor& gamma, const Tensor& beta,
                             const kernels::Norm& s) {
  const Tensor grouped = reshape(x, {s.N, s.S, s.G, s.C / s.G});
  const Tensor centred = grouped - mean(grouped, {1, 3}, true);
  const Tensor variance = mean(square(centred), {1, 3}, true);
  Tensor y = reshape(centred / sqrt(variance + s.eps), x.shape());
  if (gamma.defined()) y = y * gamma;
  if (beta.defined()) y = y + beta;
  return s.silu ? silu(y) : y;
}

/// x [N, S, C] -> the same; gamma and beta [C] or empty.
Tensor fused_group_norm(const Tensor& x, const Tensor& gamma, const Tensor& beta,
                        const kernels::Norm& s) {
  const Device device = device_of("group_norm", x, gamma, beta);
  Tensor y(x.shape(), device), average({s.N, s.G}, device), rstd({s.N, s.G}, device);
  kernels::group_norm(device, s, x.data(), gamma.data(), beta.data(), y.mutable_data(),
                      average.mutable_data(), rstd.mutable_data());
  std::vector<Tensor> inputs{x};
  const bool scaled = gamma.defined(), shifted = beta.defined();
  if (scaled) inputs.push_back(gamma);
  if (shifted) inputs.push_back(beta);
  const Vjp vjp = [s, average, rstd, scaled, shifted](const Backward& v) {
    if (recording()) {
      return composed_vjp(v, [&](const std::vector<Tensor>& in) {
        return group_norm_definition(in[0], scaled ? in[1] : Tensor(),
                                     shifted ? in[scaled ? 2 : 1] : Tensor(), s);
      });
    }
    const Tensor& input = v.x[0];
    Gradients gradients{Tensor(input.shape(), input.device())};
    for (std::size_t i = 1; i < v.x.size(); ++i) {
      gradients.emplace_back(v.x[i].shape(), input.device());
    }
    Real* const dgamma = scaled ? gradients[1].mutable_data() : nullptr;
    Real* const dbeta = shifted ? gradients.back().mutable_data() : nullptr;
    kernels::group_norm_grad(input.device(), s, input.data(), scaled ? v.x[1].data() : nullptr,
                             shifted ? v.x.back().data() : nullptr, average.data(), rstd.data(),
                             v.g.data(), gradients[0].mutable_data(), dgamma, dbeta);
    return gradients;
  };
  return record("group_norm", y, inputs, vjp, keep_inputs);
}

void check_channels(const char* where, const Tensor& p, const char* name, Index C) {
  if (p.defined() && p.shape() != Shape{C}) {
    fail(where, "expected ", name, " [", C, "], got ", p.shape());
  }
}

}  // namespace

namespace {

Tensor checked_group_norm(const Tensor& x, const Tensor& gamma, const Tensor& beta, Index groups,
                          double eps, bool silu) {
  if (x.rank() < 2) fail("group_norm", "expected [N, ..., C], got ", x.shape());
  const Index N = x.size(0), C = x.size(-1);
  if (groups < 1 || C % groups != 0) {
    fail("group_norm", groups, " groups do not divide ", C, " channels");
  }
  check_channels("group_norm", gamma, "gamma", C);
  check_channels("group_norm", beta, "beta", C);
  if (x.elements() == 0) return x;
  const kernels::Norm s{N, x.elements() / (N * C), C, groups, eps, silu};
  return reshape(fused_group_norm(reshape(x, {N, s.S, C}), gamma, beta, s), x.shape());
}

}  // namespace

Tensor group_norm(const Tensor& x, const Tensor& gamma, const Tensor& beta, Index groups,
                  double eps) {
  return checked_group_norm(x, gamma, beta, groups, eps, false);
}

Tensor group_norm_silu(const Tensor& x, const Tensor& gamma, const Tensor& beta, Index groups,
                       double eps) {
  return checked_group_norm(x, gamma, beta, groups, eps, true);
}

Tensor instance_norm(const Tensor& x, const Tensor& gamma, const Tensor& beta, double eps) {
  if (x.rank() < 2) fail("instance_norm", "expected [N, ..., C], got ", x.shape());
  return group_norm(x, gamma, beta, x.size(-1), eps);
}

Tensor layer_norm(const Tensor& x, const Tensor& gamma, const Tensor& beta, double eps) {
  if (x.rank() < 1) fail("layer_norm", "expected at least one axis");
  return reshape(group_norm(reshape(x, {-1, x.size(-1)}), gamma, beta, 1, eps), x.shape());
}

}  // namespace ito
