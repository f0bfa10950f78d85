#include "engine/graph.h"

#include "engine/autograd.h"
#include "engine/tape.h"

namespace ito {

Graph::Graph() : tape_(std::make_shared<MemoryTape>(Device::cuda)) {}
Graph::~Graph() = default;

Tensor Graph::run(const Tensor& x, const std::function<Tensor(const Tensor&)>& compute) {
  const NoGrad no_grad;
  if (x.device() != Device::cuda) fail("graph", "expected a tensor on the CUDA device");
  x_.defined() ? x_.assign(x) : static_cast<void>(x_ = x.clone());
  Tensor y;
  {
    const MemoryTape::Scope scope(*tape_);
    recording_.run([&] { y = compute(x_).detach(); });
  }
  return y.clone();
}

}  // namespace ito
