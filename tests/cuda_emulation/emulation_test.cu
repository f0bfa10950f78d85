#include <cuda_runtime.h>
#include <gtest/gtest.h>

#include <vector>

namespace cuda_emulation::test {
namespace {

template <class... Parameters, class... Arguments>
void run(const char* name, void (*kernel)(Parameters...), dim3 grid, dim3 block, std::size_t shared,
         Arguments... arguments) {
  cudaLaunchConfig_t config = {};
  config.gridDim = grid;
  config.blockDim = block;
  config.dynamicSmemBytes = shared;
  kernel_name = name;
  ASSERT_EQ(cudaLaunchKernelEx(&config, kernel, arguments...), cudaSuccess);
}

template <class T>
T* on_device(const std::vector<T>& values) {
  T* memory = nullptr;
  EXPECT_EQ(cudaMalloc(&memory, values.size() * sizeof(T)), cudaSuccess);
  cudaMemcpyAsync(memory, values.data(), values.size() * sizeof(T), cudaMemcpyHostToDevice);
  return memory;
}
template <class T>
std::vector<T> on_host(const T* memory, std::size_t count) {
  std::vector<T> values(count);
  cudaMemcpyAsync(values.data(), memory, count * sizeof(T), cudaMemcpyDeviceToHost);
  return values;
}

template <int threads>
__global__ void sum(const float* x, float* y) {
  __shared__ float partial[threads / 32];
  float value = x[blockIdx.x * threads + threadIdx.x];
  for (int distance = 16; distance > 0; distance /= 2) {
    value += __shfl_xor_sync(0xffffffffu, value, distance);
  }
  if (threadIdx.x % 32 == 0) partial[threadIdx.x / 32] = value;
  __syncthreads();
  if (threadIdx.x == 0) {
    float all = 0;
    for (int i = 0; i < threads / 32; ++i) all += partial[i];
    y[blockIdx.x] = all;
  }
}

TEST(Emulation, SumsABlock) {
  std::vector<float> x(3 * 64);
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(i);
  float* const a = on_device(x);
  float* y = nullptr;
  cudaMalloc(&y, 3 * sizeof(float));
  for (const Order which : {Order::forwards, Order::reversed}) {
    set_order(which);
    run("sum", sum<64>, 3, 64, 0, a, y);
    EXPECT_EQ(on_host(y, 3), (std::vector<float>{63 * 32, 63 * 32 + 64 * 64, 63 * 32 + 128 * 64}));
  }
  set_order(Order::forwards);
  cudaFree(a);
  cudaFree(y);
}

}  // namespace
}  // namespace cuda_emulation::test
