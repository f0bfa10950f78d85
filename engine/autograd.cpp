#include "engine/autograd.h"

#include <algorithm>
#include <atomic>
#include <unordered_map>
#include <unordered_set>

#include "engine/ops.h"
#include "kernels/kernels.h"

namespace ito {

/// One recorded operation, or a leaf (no vjp). Numbers grow along every path from inputs to
/// outputs.
struct Node {
  std::uint64_t number = 0;
  const char* operation = "leaf";
  std::vector<Tensor> inputs;
  std::vector<std::uint64_t> versions;  ///< of the inputs, when they were used
  Tensor output;                        ///< without its node: an edge to itself would never die
  std::uint64_t output_version = 0;
  Vjp vjp;
  bool consumed = false;

  void drop() {
    inputs.clear();
    output = Tensor();
    vjp = nullptr;
    consumed = true;
  }

  ~Node();
};

namespace {

thread_local bool recording_on = true;

std::uint64_t next_number() {
  static std::atomic<std::uint64_t> counter{0};
  return ++counter;
}

/// What nodes held on to, waiting to be freed one after another: freeing a long chain by recursion
/// would overflow the stack.
thread_local std::vector<std::vector<Tensor>> abandoned;
thread_local bool freeing = false;

void free_one_by_one(std::vector<Tensor> inputs) {
  abandoned.push_back(std::move(inputs));
  if (freeing) return;
  freeing = true;
  while (!abandoned.empty()) {
    std::vector<Tensor> next = std::move(abandoned.back());
    abandoned.pop_back();
    next.clear();  // may push more
  }
  freeing = false;
}

}  // namespace

Node::~Node() {
  if (!inputs.empty()) free_one_by_one(std::move(inputs));
}

std::shared_ptr<Node> new_leaf() {
  auto node = std::make_shared<Node>();
  node->number = next_number();
  return node;
}

bool recording() { return recording_on; }

RecordingScope::RecordingScope(bool on) : before_(recording_on) { recording_on = on; }
RecordingScope::~RecordingScope() { recording_on = before_; }

Tensor record(const char* operation, Tensor y, std::vector<Tensor> inputs, Vjp vjp, Keep keep) {
  const bool wanted =
      std::any_of(inputs.begin(), inputs.end(), [](const Tensor& x) { return x.requires_grad(); });
  if (!recording_on || !wanted) return y;
  auto node = std::make_shared<Node>();
  node->number = next_number();
  node->operation = operation;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    if ((keep.inputs >> i & 1) == 0) inputs[i] = inputs[i].without_elements();
  }
  node->versions.reserve(inputs.size());
  for (const Tensor& x : inputs) node->versions.push_back(x.version());
  node->inputs = std::move(inputs);
  node->output = (keep.output ? y : y.without_elements()).detach();
  node->output_version = node->output.version();
  node->vjp = std::move(vjp);
  return y.with_node(std::move(node));
}

namespace {

using NodePointer = std::shared_ptr<Node>;

/// The nodes through which `outputs` depend on a target, by ascending number.
std::vector<NodePointer> path_nodes(const std::vector<Tensor>& outputs,
                                    const std::unordered_set<const Node*>& targets,
                                    std::uint64_t lowest, bool& met_consumed) {
  std::vector<NodePointer> reached, waiting;
  std::unordered_set<const Node*> seen;
  const auto visit = [&](const NodePointer& node) {
    const bool older = node == nullptr || node->number < lowest;  // cannot lead to a target
    if (!older && seen.insert(node.get()).second) waiting.push_back(node);
  };
  for (const Tensor& y : outputs) visit(y.node());
  while (!waiting.empty()) {
    NodePointer node = std::move(waiting.back());
    waiting.pop_back();
    met_consumed = met_consumed || node->consumed;
    for (const Tensor& x : node->inputs) visit(x.node());
    reached.push_back(std::move(node));
  }
  std::sort(reached.begin(), reached.end(),
            [](const NodePointer& a, const NodePointer& b) { return a->number < b->number; });
  std::unordered_set<const Node*> leading;
  std::vector<NodePointer> path;
  for (NodePointer& node : reached) {
    const bool leads = targets.contains(node.get()) ||
                       std::any_of(node->inputs.begin(), node->inputs.end(), [&](const Tensor& x) {
                         return leading.contains(x.node().get());
                       });
    if (!leads) continue;
    leading.insert(node.get());
    path.push_back(std::move(node));
  }
  return path;
}

/// sum + g, in the memory of `sum` where nobody else has it and nothing is recorded.
Tensor added(Tensor sum, const Tensor& g) {
  if (recording() || !sum.alone()) return sum + g;
  const kernels::Strided flat = {.rank = 1, .size = {sum.elements()}, .a = {1}, .b = {1}, .y = {1}};
  const Real* const before = sum.data();
  kernels::binary(sum.device(), kernels::Binary::add, before, g.data(), sum.mutable_data(), flat);
  return sum;
}

/// Adds cotangents as they arrive.
class Cotangents {
 public:
  void add(const Node* node, const Tensor& g) {
    Tensor& sum = sums_[node];
    sum = sum.defined() ? added(std::move(sum), g) : g;
  }
  Tensor take(const Node* node) {
    const auto found = sums_.find(node);
    if (found == sums_.end()) return Tensor();
    Tensor g = std::move(found->second);
    sums_.erase(found);
    return g;
  }

 private:
  std::unordered_map<const Node*, Tensor> sums_;
};

void check_unwritten(const Node& node) {
  for (std::size_t i = 0; i < node.inputs.size(); ++i) {
    if (node.inputs[i].version() != node.versions[i]) {
      fail("grad", "input ", i, " of ", node.operation, " was overwritten after it was used");
    }
  }
  if (node.output.version() != node.output_version) {
    fail("grad", "the output of ", node.operation, " was overwritten after it was used");
  }
}

/// Runs one node's vjp and hands the gradients to the inputs on the path.
void step_back(const NodePointer& node, const Tensor& g,
               const std::unordered_set<const Node*>& on_path, Cotangents& cotangents) {
  check_unwritten(*node);
  std::vector<bool> needs;
  for (const Tensor& x : node->inputs) needs.push_back(on_path.contains(x.node().get()));
  const Tensor y = node->output.with_node(node);
  const std::vector<Tensor> gradients = node->vjp({g, y, node->inputs, needs});
  if (gradients.size() != node->inputs.size()) {
    fail("grad", "the vjp of ", node->operation, " returned ", gradients.size(), " gradients for ",
         node->inputs.size(), " inputs");
  }
  for (std::size_t i = 0; i < gradients.size(); ++i) {
    if (!needs[i] || !gradients[i].defined()) continue;
    const Tensor& x = node->inputs[i];
    if (gradients[i].shape() != x.shape()) {
      fail("grad", "the vjp of ", node->operation, " returned shape ", gradients[i].shape(),
           " for input ", i, " of shape ", x.shape());
    }
    cotangents.add(x.node().get(), gradients[i]);
  }
}

void check_arguments(const std::vector<Tensor>& outputs, const std::vector<Tensor>& inputs,
                     const std::vector<Tensor>& cotangents) {
  if (outputs.size() != cotangents.size()) {
    fail("grad", "expected one cotangent per output, got ", cotangents.size(), " for ",
         outputs.size());
  }
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    if (outputs[i].shape() != cotangents[i].shape()) {
      fail("grad", "expected a cotangent of shape ", outputs[i].shape(), ", got ",
           cotangents[i].shape());
    }
  }
  for (const Tensor& x : inputs) {
    if (!x.requires_grad()) {
      fail("grad", "an input of shape ", x.shape(), " is not part of the graph (require_grad)");
    }
  }
}

}  // namespace

std::vector<Tensor> grad(const std::vector<Tensor>& outputs, const std::vector<Tensor>& inputs,
                         const std::vector<Tensor>& cotangents, GradOptions options) {
  check_arguments(outputs, inputs, cotangents);
  std::unordered_set<const Node*> targets;
  std::uint64_t lowest = ~std::uint64_t{0};
  for (const Tensor& x : inputs) {
    targets.insert(x.node().get());
    lowest = std::min(lowest, x.node()->number);
  }
  bool met_consumed = false;
  std::vector<NodePointer> path = path_nodes(outputs, targets, lowest, met_consumed);
  if (met_consumed) {
    fail("grad", "this graph was already consumed by an earlier grad (retain_graph keeps it)");
  }
  std::unordered_set<const Node*> on_path;
  for (const NodePointer& node : path) on_path.insert(node.get());

  const RecordingScope scope(options.create_graph && recording());
  Cotangents sums;
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    if (on_path.contains(outputs[i].node().get())) sums.add(outputs[i].node().get(), cotangents[i]);
  }
  std::unordered_map<const Node*, Tensor> found;
  for (; !path.empty(); path.pop_back()) {
    const NodePointer& node = path.back();
    const Tensor g = sums.take(node.get());
    if (!g.defined()) continue;
    if (targets.contains(node.get())) found[node.get()] = g;
    if (!node->vjp) continue;
    const bool leads_on =
        std::any_of(node->inputs.begin(), node->inputs.end(),
                    [&](const Tensor& x) { return on_path.contains(x.node().get()); });
    if (leads_on) step_back(node, g, on_path, sums);
    if (leads_on && !options.create_graph && !options.retain_graph) node->drop();
  }
  std::vector<Tensor> gradients;
  for (const Tensor& x : inputs) {
    const auto g = found.find(x.node().get());
    gradients.push_back(g != found.end() ? g->second : Tensor::zeros(x.shape(), x.device()));
  }
  return gradients;
}

std::vector<Tensor> grad(const Tensor& output, const std::vector<Tensor>& inputs,
                         GradOptions options) {
  if (output.elements() != 1) {
    fail("grad", "expected a scalar (or a cotangent beside it), got shape ", output.shape());
  }
  return grad({output}, inputs, {Tensor::full(output.shape(), 1, output.device())}, options);
}

namespace {

/// The same value under a node of its own, younger than all that is recorded: a boundary at which
/// a walk over what follows ends.
Tensor boundary(const Tensor& x) {
  if (!x.requires_grad()) return x;
  return record(
      "boundary", x.detach(), {x}, [](const Backward& b) { return std::vector<Tensor>{b.g}; },
      keep_shapes);
}

/// d<f(x), g>/dx for the inputs that need it, recording f.
std::vector<Tensor> differentiate(const Backward& b,
                                  const std::function<Tensor(const std::vector<Tensor>&)>& f,
                                  const std::vector<Tensor>& x, bool create_graph) {
  Tensor y;
  {
    const RecordingScope on(true);
    y = f(x);
  }
  std::vector<Tensor> wanted;
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (b.needs[i]) wanted.push_back(x[i]);
  }
  const std::vector<Tensor> gradients = grad({y}, wanted, {b.g}, {create_graph, false});
  std::vector<Tensor> all(x.size());
  for (std::size_t i = 0, k = 0; i < x.size(); ++i) {
    if (b.needs[i]) all[i] = gradients[k++];
  }
  return all;
}

}  // namespace

std::vector<Tensor> composed_vjp(
    const Backward& b, const std::function<Tensor(const std::vector<Tensor>&)>& definition) {
  std::vector<Tensor> x;
  for (const Tensor& input : b.x) x.push_back(boundary(input));
  return differentiate(b, definition, x, true);
}

Tensor checkpoint(const std::function<Tensor(const std::vector<Tensor>&)>& f,
                  const std::vector<Tensor>& inputs) {
  Tensor y;
  {
    const NoGrad off;
    y = f(inputs);
  }
  return record("checkpoint", y, inputs, [f](const Backward& b) {
    std::vector<Tensor> x;
    for (const Tensor& input : b.x) {
      // Leaves stay themselves: f may hold them too (the parameters of a module).
      const bool leaf = !input.requires_grad() || !input.node()->vjp;
      x.push_back(leaf ? input : recording() ? boundary(input) : input.detach().require_grad());
    }
    return differentiate(b, f, x, recording());
  });
}

}  // namespace ito
