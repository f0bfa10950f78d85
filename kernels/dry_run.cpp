#include "kernels/dry_run.h"

#include "kernels/kernels.h"

namespace ito::kernels {

namespace {

std::vector<DryWork>& work_list() {
  static std::vector<DryWork> list;
  return list;
}

void add(const void* a, const void* b, Index multiply_adds) {
  work_list().push_back({a, b, multiply_adds});
}

/// Becomes any kernel, and does nothing.
struct Nothing {
  template <class... Arguments>
  using Kernel = void (*)(Arguments...);

  template <class... Arguments>
  operator Kernel<Arguments...>() const {
    return [](Arguments...) {};
  }
};

void dry_conv(const Conv& s, const Real* a, const Real* b) {
  add(a, b, s.N * s.P * s.Q * s.O * s.KH * s.KW * s.C);
}

void dry_attention(const Attention& s, const Real* q, const Real* k) {
  add(q, k, s.B * s.T * s.M * (s.D + s.E));
}

Table make_dry_table() {
  Table t;
#define ITO_KERNEL(name, ...) t.name = Nothing();
#include "kernels/kernels.def"
#undef ITO_KERNEL
  t.gemm = [](Gemm g, const Real* a, const Real* b, Real*) {
    add(a, b, g.batch * g.m * g.n * g.k);
  };
  t.conv2d = [](Conv s, const Real* x, const Real* w, Real*) { dry_conv(s, x, w); };
  t.conv2d_add = [](Conv s, const Real* x, const Real* w, Addend, Real*) { dry_conv(s, x, w); };
  t.conv2d_input_grad = [](Conv s, const Real* dy, const Real* w, Real*) { dry_conv(s, dy, w); };
  t.conv2d_weight_grad = [](Conv s, const Real* x, const Real* dy, Real*) { dry_conv(s, x, dy); };
  t.attention = [](Attention s, const Real* q, const Real* k, const Real*, Real*, Real*) {
    dry_attention(s, q, k);
  };
  t.upfirdn2d = [](Fir s, const Real* x, const Real* k, Real*) {
    add(x, k, s.N * s.P * s.Q * s.C * s.KH * s.KW / (s.up * s.up));
  };
  return t;
}

}  // namespace

DryRun::DryRun() {
  static const Table dry = make_dry_table();
  work_list().clear();
  replace_kernels(&dry);
}

DryRun::~DryRun() { replace_kernels(nullptr); }

const std::vector<DryWork>& DryRun::work() const { return work_list(); }

}  // namespace ito::kernels
