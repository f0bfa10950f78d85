#pragma once
// Reverse-mode differentiation. An operation computes its value and, when gradients are on and an
// input needs them, records a Node. A vector-Jacobian product (vjp) is written with the public
// operations, so that gradients can be differentiated again.

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "engine/tensor.h"

namespace ito {

/// What a vjp is given.
struct Backward {
  const Tensor& g;                 ///< cotangent of the output, shaped like it
  const Tensor& y;                 ///< the output
  const std::vector<Tensor>& x;    ///< the inputs
  const std::vector<bool>& needs;  ///< which of them want a gradient
};

/// Returns one tensor per input: its gradient, shaped like it, or an empty Tensor where none is
/// needed or where it is zero.
using Vjp = std::function<std::vector<Tensor>(const Backward&)>;

/// Whose elements a recorded operation holds on to until backward. Of the other tensors its vjp
/// sees the shape and the place in the graph only, and their memory returns when nobody else needs
/// them.
struct Keep {
  std::uint32_t inputs = ~std::uint32_t{0};  ///< bit i: input i
  bool output = true;
};
constexpr Keep keep_shapes = {.inputs = 0, .output = false};
constexpr Keep keep_inputs = {.output = false};
constexpr Keep keep_output = {.inputs = 0};

/// Records that `y`, fresh from a kernel, was computed from `inputs`, and returns it as part of the
/// graph. Returns `y` as it is when recording is off or no input requires a gradient.
Tensor record(const char* operation, Tensor y, std::vector<Tensor> inputs, Vjp vjp, Keep keep = {});

/// A node without history: what Tensor::require_grad hangs on a leaf.
std::shared_ptr<Node> new_leaf();

/// Whether operations record (per thread; on at start).
bool recording();

/// Switches recording within a scope.
class RecordingScope {
 public:
  explicit RecordingScope(bool on);
  ~RecordingScope();
  RecordingScope(const RecordingScope&) = delete;
  RecordingScope& operator=(const RecordingScope&) = delete;

 private:
  bool before_;
};

/// Gradients off within a scope.
struct NoGrad : RecordingScope {
  NoGrad() : RecordingScope(false) {}
};

struct GradOptions {
  bool create_graph = false;  ///< the gradients can be differentiated again
  bool retain_graph = false;  ///< the graph can be walked again (implied by create_graph)
};

/// Gradients of sum_i <outputs[i], cotangents[i]> with respect to `inputs` (leaves or intermediate
/// results). An input that the outputs do not depend on gets zeros. Only what leads from the
/// outputs to the inputs is visited. Throws when the graph was already consumed, when an input of a
/// recorded operation has been overwritten since, or when shapes disagree.
std::vector<Tensor> grad(const std::vector<Tensor>& outputs, const std::vector<Tensor>& inputs,
                         const std::vector<Tensor>& cotangents, GradOptions options = {});

/// Gradient of one scalar.
std::vector<Tensor> grad(const Tensor& output, const std::vector<Tensor>& inputs,
                         GradOptions options = {});

/// The vjp of a fused operation under create_graph: runs `definition`, its meaning in plain
/// operations, on the inputs again and differentiates that.
std::vector<Tensor> composed_vjp(
    const Backward& b, const std::function<Tensor(const std::vector<Tensor>&)>& definition);

/// f(inputs) without keeping what happens inside: backward runs f again with recording on.
/// `inputs` must name everything that gradients are wanted for, parameters included.
Tensor checkpoint(const std::function<Tensor(const std::vector<Tensor>&)>& f,
                  const std::vector<Tensor>& inputs);

}  // namespace ito
