#pragma once
// What the host knows of a tensor that rarely changes.

#include <memory>
#include <mutex>
#include <vector>

#include "engine/tensor.h"

namespace ito::nn {

/// The elements of a tensor on the host, read again from its device only after they have changed:
/// each reading waits for all that the device has to do. Threads may share it.
class HostCopy {
 public:
  std::shared_ptr<const std::vector<Real>> of(const Tensor& tensor) const {
    const std::lock_guard lock(mutex_);
    const bool known = seen_.data() == tensor.data() && version_ == tensor.version();
    if (!known || values_ == nullptr) {
      values_ = std::make_shared<const std::vector<Real>>(tensor.to_host());
      seen_ = tensor.detach();  // held, so that no other tensor comes to its address
      version_ = tensor.version();
    }
    return values_;
  }

 private:
  mutable std::mutex mutex_;
  mutable Tensor seen_;
  mutable std::uint64_t version_ = 0;
  mutable std::shared_ptr<const std::vector<Real>> values_;
};

}  // namespace ito::nn
