#pragma once
// Tensor: a handle to a contiguous, row-major block of Reals on a device.

#include <initializer_list>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "engine/error.h"
#include "kernels/types.h"

namespace ito {

/// Sizes of the axes, outermost first. Images are [N, H, W, C].
class Shape : public std::vector<Index> {
 public:
  using std::vector<Index>::vector;
  int rank() const { return static_cast<int>(size()); }
  /// Number of elements; 1 for a scalar (rank 0).
  Index elements() const;
  /// Size of axis `axis`; negative axes count from the end. Throws when there is no such axis.
  Index operator()(int axis) const;
};

std::ostream& operator<<(std::ostream& out, const Shape& shape);  ///< [8, 28, 28, 1]

struct Node;     // engine/autograd.h
struct Storage;  // engine/pool.h

/// A handle: copies share the elements. Always contiguous; only `reshape` aliases. An empty handle
/// (default-constructed) has no storage. Operations are free functions in engine/ops.h and never
/// write their inputs.
class Tensor {
 public:
  Tensor() = default;
  /// Uninitialised elements.
  explicit Tensor(Shape shape, Device device = Device::cpu);
  /// The given elements; throws unless their number fits the shape.
  Tensor(Shape shape, const std::vector<Real>& values, Device device = Device::cpu);

  static Tensor zeros(Shape shape, Device device = Device::cpu);
  static Tensor full(Shape shape, double value, Device device = Device::cpu);
  /// Rank 0.
  static Tensor scalar(double value, Device device = Device::cpu);

  bool defined() const { return storage_ != nullptr; }
  const Shape& shape() const { return shape_; }
  Index size(int axis) const { return shape_(axis); }
  int rank() const { return shape_.rank(); }
  Index elements() const { return elements_; }
  Device device() const;

  /// The elements. Host code may read them only for a CPU tensor.
  const Real* data() const;
  /// For kernels that fill a new tensor, and for the optimiser, EMA and loading. Counts as a write:
  /// a recorded operation that has saved this tensor will refuse to run backward.
  Real* mutable_data();

  /// A copy of the elements on the host.
  std::vector<Real> to_host() const;
  /// The only element; throws unless there is exactly one.
  double item() const;
  /// Overwrites the elements (a write, as mutable_data). Sizes must agree.
  void assign(const std::vector<Real>& values);
  void assign(const Tensor& values);

  /// The same elements outside the graph.
  Tensor detach() const;
  /// A copy of the elements in new memory, outside the graph.
  Tensor clone() const;
  Tensor to(Device device) const;

  /// Makes this handle a leaf whose gradient can be asked for. Returns itself.
  Tensor& require_grad();
  bool requires_grad() const { return node_ != nullptr; }

  // For the autograd engine.
  const std::shared_ptr<Node>& node() const { return node_; }
  Tensor with_node(std::shared_ptr<Node> node) const;
  /// The same shape and place in the graph, not holding on to the storage.
  Tensor without_elements() const;
  /// The same storage under another shape, outside the graph (the operation is ito::reshape).
  Tensor with_shape(Shape shape) const;
  std::uint64_t version() const;

 private:
  Shape shape_;
  Index elements_ = 0;
  std::shared_ptr<Storage> storage_;
  std::shared_ptr<Node> node_;
};

}  // namespace ito
