#pragma once
// Tensor: a handle to a contiguous, row-major block of Reals on a device.

#include <compare>
#include <initializer_list>
#include <iterator>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "engine/error.h"
#include "kernels/types.h"

namespace ito {

/// Sizes of the axes, outermost first, at most kernels::max_rank of them. Images are [N, H, W, C].
/// A sequence that needs no memory of its own, as every tensor has one; throws Error where it would
/// have too many axes.
class Shape {
 public:
  using value_type = Index;
  using iterator = Index*;
  using const_iterator = const Index*;

  Shape() = default;
  Shape(std::initializer_list<Index> sizes) : Shape(sizes.begin(), sizes.end()) {}
  explicit Shape(std::size_t rank, Index size = 0) { insert(begin(), rank, size); }
  template <std::input_iterator I>
  Shape(I first, I last) {
    for (; first != last; ++first) push_back(*first);
  }

  int rank() const { return static_cast<int>(rank_); }
  /// Number of elements; 1 for a scalar (rank 0).
  Index elements() const;
  /// Size of axis `axis`; negative axes count from the end. Throws when there is no such axis.
  Index operator()(int axis) const;

  std::size_t size() const { return rank_; }
  bool empty() const { return rank_ == 0; }
  iterator begin() { return sizes_; }
  iterator end() { return sizes_ + rank_; }
  const_iterator begin() const { return sizes_; }
  const_iterator end() const { return sizes_ + rank_; }
  Index& operator[](std::size_t axis) { return sizes_[axis]; }
  Index operator[](std::size_t axis) const { return sizes_[axis]; }
  Index& back() { return sizes_[rank_ - 1]; }
  Index back() const { return sizes_[rank_ - 1]; }
  void push_back(Index size) { insert(end(), 1, size); }
  /// Before `at`.
  void insert(const_iterator at, Index size) { insert(at, 1, size); }
  void insert(const_iterator at, std::size_t count, Index size);
  template <std::input_iterator I>
  void insert(const_iterator at, I first, I last) {
    Index* place = begin() + (at - begin());
    for (; first != last; ++first) insert(place++, *first);
  }
  void erase(const_iterator at);
  bool operator==(const Shape& other) const;
  std::strong_ordering operator<=>(const Shape& other) const;

 private:
  std::size_t rank_ = 0;
  Index sizes_[kernels::max_rank] = {};
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
  /// Whether no other handle shares the elements.
  bool alone() const;

 private:
  Shape shape_;
  Index elements_ = 0;
  std::shared_ptr<Storage> storage_;
  std::shared_ptr<Node> node_;
};

}  // namespace ito
