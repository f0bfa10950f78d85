#pragma once
// What the emulation's own tests share.

#include <cuda_runtime.h>
#include <gtest/gtest.h>

#include <initializer_list>
#include <string>
#include <vector>

#include "sanitizer.h"

namespace cuda_emulation::test {

template <class... Parameters, class... Arguments>
cudaError_t start(const char* name, void (*kernel)(Parameters...), dim3 grid, dim3 block,
                  std::size_t shared, Arguments... arguments) {
  cudaLaunchConfig_t config = {};
  config.gridDim = grid;
  config.blockDim = block;
  config.dynamicSmemBytes = shared;
  kernel_name = name;
  return cudaLaunchKernelEx(&config, kernel, arguments...);
}

/// RUN(kernel, grid, block, shared bytes, arguments...)
#define RUN(kernel, ...) ASSERT_EQ(start(#kernel, kernel, __VA_ARGS__), cudaSuccess)

/// Values on the device, for the length of a test.
template <class T>
class Array {
 public:
  explicit Array(std::size_t size) : size_(size) {
    EXPECT_EQ(cudaMalloc(&data_, size * sizeof(T)), cudaSuccess);
  }
  explicit Array(const std::vector<T>& values) : Array(values.size()) {
    EXPECT_EQ(cudaMemcpy(data_, values.data(), size_ * sizeof(T), cudaMemcpyHostToDevice),
              cudaSuccess);
  }
  ~Array() { cudaFree(data_); }
  Array(const Array&) = delete;
  Array& operator=(const Array&) = delete;

  T* data() { return data_; }
  std::vector<T> on_host() const {
    std::vector<T> values(size_);
    EXPECT_EQ(cudaMemcpy(values.data(), data_, size_ * sizeof(T), cudaMemcpyDeviceToHost),
              cudaSuccess);
    return values;
  }

 private:
  std::size_t size_;
  T* data_ = nullptr;
};

inline std::vector<float> count_to(int n) {
  std::vector<float> values;
  for (int i = 0; i < n; ++i) values.push_back(static_cast<float>(i));
  return values;
}

/// Threads in this order until the end of the scope.
class InOrder {
 public:
  explicit InOrder(Order order) : before_(order_now()) { set_order(order); }
  ~InOrder() { set_order(before_); }
  InOrder(const InOrder&) = delete;
  InOrder& operator=(const InOrder&) = delete;

 private:
  static Order order_now() { return order(); }
  Order before_;
};

}  // namespace cuda_emulation::test
