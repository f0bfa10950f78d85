#include "engine/graph.h"

#include <algorithm>
#include <iterator>

#include "engine/autograd.h"
#include "engine/tape.h"

namespace ito {

Graph::Graph() : tape_(std::make_shared<MemoryTape>(Device::cuda)) {}
Graph::~Graph() = default;

Graph::Tensors Graph::run(const Tensors& x, const std::function<Tensors(const Tensors&)>& compute) {
  const NoGrad no_grad;
  if (std::ranges::any_of(x, [](const Tensor& x_i) { return x_i.device() != Device::cuda; }))
    fail("graph", "expected tensors on the CUDA device");
  if (x_.empty()) {
    std::ranges::transform(x, std::back_inserter(x_), &Tensor::clone);
  } else {
    if (x.size() != x_.size()) fail("graph", "expected ", x_.size(), " tensors, got ", x.size());
    for (std::size_t i = 0; i < x.size(); ++i) x_[i].assign(x[i]);
  }
  Tensors y;
  {
    const MemoryTape::Scope scope(*tape_);
    recording_.run([&] {
      y = compute(x_);
      std::ranges::transform(y, y.begin(), &Tensor::detach);
    });
  }
  std::ranges::transform(y, y.begin(), &Tensor::clone);
  return y;
}

Tensor Graph::run(const Tensor& x, const std::function<Tensor(const Tensor&)>& compute) {
  return run(Tensors{x}, [&](const Tensors& same) { return Tensors{compute(same[0])}; })[0];
}

}  // namespace ito
