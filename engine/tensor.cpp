#include "engine/tensor.h"

#include <algorithm>
#include <limits>

#include "engine/autograd.h"
#include "engine/pool.h"
#include "kernels/kernels.h"
#include "kernels/memory.h"

namespace ito {

Index Shape::elements() const {
  Index n = 1;
  for (const Index size : *this) n *= size;
  return n;
}

void Shape::insert(const_iterator at, std::size_t count, Index size) {
  if (rank_ + count > kernels::max_rank) {
    fail("shape", "at most ", kernels::max_rank, " axes are supported, got ", rank_ + count);
  }
  Index* const first = begin() + (at - begin());
  std::copy_backward(first, end(), end() + count);
  std::fill_n(first, count, size);
  rank_ += count;
}

void Shape::erase(const_iterator at) {
  Index* const first = begin() + (at - begin());
  std::copy(first + 1, end(), first);
  --rank_;
}

bool Shape::operator==(const Shape& other) const {
  return std::equal(begin(), end(), other.begin(), other.end());
}

std::strong_ordering Shape::operator<=>(const Shape& other) const {
  return std::lexicographical_compare_three_way(begin(), end(), other.begin(), other.end());
}

Index Shape::operator()(int axis) const {
  const int wanted = axis < 0 ? axis + rank() : axis;
  if (wanted < 0 || wanted >= rank()) fail("shape", "no axis ", axis, " in shape ", *this);
  return (*this)[static_cast<std::size_t>(wanted)];
}

std::ostream& operator<<(std::ostream& out, const Shape& shape) {
  out << '[';
  for (int axis = 0; axis < shape.rank(); ++axis) out << (axis > 0 ? ", " : "") << shape(axis);
  return out << ']';
}

namespace {

/// Number of elements, checked: sizes may come from a file.
Index checked_elements(const Shape& shape) {
  constexpr Index most = std::numeric_limits<Index>::max() / static_cast<Index>(sizeof(Real));
  Index n = 1;
  for (const Index size : shape) {
    if (size < 0) fail("tensor", "negative size in shape ", shape);
    if (size > 0 && n > most / size) fail("tensor", "shape ", shape, " is too large");
    n *= size;
  }
  return n;
}

std::size_t bytes_of(Index elements) { return static_cast<std::size_t>(elements) * sizeof(Real); }

/// Between tensors of one size, on any devices.
void copy_elements(const Tensor& from, Tensor& to) {
  if (from.device() != to.device()) {
    const std::size_t bytes = bytes_of(from.elements());
    if (from.device() == Device::cpu) {
      kernels::copy_from_host(to.device(), to.mutable_data(), from.data(), bytes);
    } else {
      kernels::copy_to_host(from.device(), to.mutable_data(), from.data(), bytes);
    }
    return;
  }
  kernels::Strided s;
  s.rank = 1;
  s.size[0] = from.elements();
  s.a[0] = s.y[0] = 1;
  kernels::copy_strided(from.device(), from.data(), to.mutable_data(), s);
}

}  // namespace

Tensor::Tensor(Shape shape, Device device)
    : shape_(std::move(shape)),
      elements_(checked_elements(shape_)),
      storage_(std::make_shared<Storage>(device, bytes_of(elements_))) {}

Tensor::Tensor(Shape shape, const std::vector<Real>& values, Device device)
    : Tensor(std::move(shape), device) {
  assign(values);
}

Tensor Tensor::zeros(Shape shape, Device device) { return full(std::move(shape), 0, device); }

Tensor Tensor::full(Shape shape, double value, Device device) {
  Tensor y(std::move(shape), device);
  kernels::fill(device, y.mutable_data(), y.elements(), static_cast<Real>(value));
  return y;
}

Tensor Tensor::scalar(double value, Device device) { return full({}, value, device); }

Device Tensor::device() const {
  if (!defined()) fail("tensor", "an empty tensor has no device");
  return storage_->device;
}

const Real* Tensor::data() const { return defined() ? storage_->data : nullptr; }

Real* Tensor::mutable_data() {
  if (!defined()) fail("tensor", "an empty tensor cannot be written");
  ++storage_->version;
  return storage_->data;
}

std::vector<Real> Tensor::to_host() const {
  std::vector<Real> values(static_cast<std::size_t>(elements_));
  kernels::copy_to_host(device(), values.data(), data(), bytes_of(elements_));
  return values;
}

double Tensor::item() const {
  if (!defined() || elements_ != 1) fail("item", "expected one element, got shape ", shape_);
  return static_cast<double>(to_host()[0]);
}

void Tensor::assign(const std::vector<Real>& values) {
  if (static_cast<Index>(values.size()) != elements_) {
    fail("assign", "expected ", elements_, " values for shape ", shape_, ", got ", values.size());
  }
  kernels::copy_from_host(device(), mutable_data(), values.data(), bytes_of(elements_));
}

void Tensor::assign(const Tensor& values) {
  if (values.shape() != shape_) {
    fail("assign", "expected shape ", shape_, ", got ", values.shape());
  }
  copy_elements(values, *this);
}

Tensor Tensor::detach() const { return with_node(nullptr); }

Tensor Tensor::clone() const {
  Tensor y(shape_, device());
  copy_elements(*this, y);
  return y;
}

Tensor Tensor::to(Device wanted) const {
  if (wanted == device()) return *this;
  Tensor y(shape_, wanted);
  copy_elements(*this, y);
  return y;
}

Tensor& Tensor::require_grad() {
  if (!defined()) fail("require_grad", "an empty tensor has no gradient");
  node_ = new_leaf();
  return *this;
}

Tensor Tensor::with_node(std::shared_ptr<Node> node) const {
  Tensor y = *this;
  y.node_ = std::move(node);
  return y;
}

Tensor Tensor::without_elements() const {
  Tensor y = *this;
  y.storage_ = nullptr;
  return y;
}

Tensor Tensor::with_shape(Shape shape) const {
  if (checked_elements(shape) != elements_) {
    fail("reshape", "cannot view shape ", shape_, " as ", shape);
  }
  Tensor y = detach();
  y.shape_ = std::move(shape);
  return y;
}

bool Tensor::alone() const { return storage_.use_count() == 1; }

std::uint64_t Tensor::version() const { return defined() ? storage_->version : 0; }

}  // namespace ito
