// Softmax and what is built on it.

#include <cmath>

#include "engine/autograd.h"
#include "engine/ops.h"
#include "engine/ops/device_of.h"
#include "kernels/kernels.h"

namespace ito {
namespace {

using Gradients = std::vector<Tensor>;

Tensor softmax_value(const char* where, const Tensor& x, bool logarithm) {
  if (!x.defined() || x.rank() < 1 || x.size(-1) < 1) {
    fail(where, "expected [..., D] with D > 0, got ", x.shape());
  }
  Tensor y(x.shape(), x.device());
  const Index n = x.size(-1), rows = x.elements() / n;
  if (logarithm) {
    kernels::log_softmax(x.device(), x.data(), y.mutable_data(), rows, n);
  } else {
    kernels::softmax(x.device(), x.data(), y.mutable_data(), rows, n);
  }
  return y;
}

Tensor attention_definition(const Tensor& q, const Tensor& k, const Tensor& v, double scale) {
  return matmul(softmax(matmul(q, k, false, true) * scale), v);
}

/// Whether the gradient shall find the probabilities there: it then makes four products instead of
/// five. Not where they are larger than all that goes in and out, the memory that backward needs in
/// any case; nor on a GPU, whose kernel never has them in memory.
bool keeps_probabilities(const kernels::Attention& s, const Tensor& q, const Tensor& k,
                         const Tensor& v) {
  const bool recorded =
      recording() && (q.requires_grad() || k.requires_grad() || v.requires_grad());
  return recorded && q.device() == Device::cpu && s.T * s.M <= (s.T + s.M) * (s.D + s.E);
}

}  // namespace

Tensor softmax(const Tensor& x) {
  const Vjp vjp = [](const Backward& v) {
    const Tensor gy = v.g * v.y;
    return Gradients{gy - v.y * sum(gy, {-1}, true)};
  };
  return record("softmax", softmax_value("softmax", x, false), {x}, vjp, keep_output);
}

Tensor log_softmax(const Tensor& x) {
  return record(
      "log_softmax", softmax_value("log_softmax", x, true), {x},
      [](const Backward& v) { return Gradients{v.g - exp(v.y) * sum(v.g, {-1}, true)}; },
      keep_output);
}

Tensor cross_entropy(const Tensor& logits, const std::vector<Index>& labels) {
  if (logits.rank() != 2 || static_cast<Index>(labels.size()) != logits.size(0)) {
    fail("cross_entropy", "expected logits [", labels.size(), ", D] for ", labels.size(),
         " labels, got ", logits.shape());
  }
  const Index N = logits.size(0), D = logits.size(1);
  std::vector<Real> chosen(static_cast<std::size_t>(N * D), Real(0));
  for (Index n = 0; n < N; ++n) {
    const Index label = labels[static_cast<std::size_t>(n)];
    if (label < 0 || label >= D) fail("cross_entropy", "label ", label, " is not in [0, ", D, ")");
    chosen[static_cast<std::size_t>(n * D + label)] = Real(1);
  }
  const Tensor one_hot(logits.shape(), chosen, logits.device());
  return sum(log_softmax(logits) * one_hot) * (-1.0 / static_cast<double>(N));
}

Tensor attention(const Tensor& q, const Tensor& k, const Tensor& v) {
  const bool fits = q.rank() == 3 && k.rank() == 3 && v.rank() == 3 && q.size(0) == k.size(0) &&
                    k.size(0) == v.size(0) && q.size(2) == k.size(2) && k.size(1) == v.size(1);
  if (!fits) {
    fail("attention", "expected q [B, T, D], k [B, M, D], v [B, M, E], got ", q.shape(), ", ",
         k.shape(), " and ", v.shape());
  }
  const double scale = 1 / std::sqrt(static_cast<double>(q.size(2)));
  const kernels::Attention s{q.size(0), q.size(1), k.size(1), q.size(2), v.size(2), scale};
  Tensor y({s.B, s.T, s.E}, device_of("attention", q, k, v));
  const bool keeps = keeps_probabilities(s, q, k, v);
  Tensor p = keeps ? Tensor({s.B, s.T, s.M}, q.device()) : Tensor();
  kernels::attention(q.device(), s, q.data(), k.data(), v.data(), y.mutable_data(),
                     keeps ? p.mutable_data() : nullptr);
  const Vjp vjp = [s, p](const Backward& b) {
    if (recording()) {
      return composed_vjp(b, [&](const std::vector<Tensor>& in) {
        return attention_definition(in[0], in[1], in[2], s.scale);
      });
    }
    Gradients d;
    for (const Tensor& x : b.x) d.emplace_back(x.shape(), x.device());
    kernels::attention_grad(b.g.device(), s, b.x[0].data(), b.x[1].data(), b.x[2].data(),
                            p.defined() ? p.data() : nullptr, b.g.data(), d[0].mutable_data(),
                            d[1].mutable_data(), d[2].mutable_data());
    return d;
  };
  return record("attention", y, {q, k, v}, vjp, keep_inputs);
}

}  // namespace ito
