#include "nn/recompute.h"

#include "engine/autograd.h"

namespace ito::nn {

namespace {

thread_local bool recompute_on = false;

}  // namespace

RecomputeScope::RecomputeScope(bool on) : before_(recompute_on) { recompute_on = on; }
RecomputeScope::~RecomputeScope() { recompute_on = before_; }

Tensor recomputable(const Module& module, const std::vector<Tensor>& inputs,
                    const std::function<Tensor(const std::vector<Tensor>&)>& f) {
  if (!recompute_on || !recording()) return f(inputs);
  std::vector<Tensor> all;
  std::vector<bool> defined;
  for (const Tensor& x : inputs) {
    defined.push_back(x.defined());
    if (x.defined()) all.push_back(x);
  }
  for (const Parameter& p : module.parameters()) all.push_back(*p.value);
  return checkpoint(
      [f, defined](const std::vector<Tensor>& x) {
        std::vector<Tensor> given;
        auto next = x.begin();
        for (const bool is : defined) given.push_back(is ? *next++ : Tensor());
        return f(given);
      },
      all);
}

}  // namespace ito::nn
