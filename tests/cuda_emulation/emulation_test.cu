// Right kernels, and what surrounds them, do what they do on a device.

#include <cmath>
#include <functional>
#include <stdexcept>

#include "testing.h"

namespace cuda_emulation::test {
namespace {

constexpr unsigned full_mask = 0xffffffffu;

/// One sum a block: lanes by exchange, then the warps' results from shared memory.
template <int threads>
__global__ void sum_by_shuffles(const float* x, float* y) {
  __shared__ float partial[threads / 32];
  float value = x[blockIdx.x * threads + threadIdx.x];
  for (int distance = 16; distance > 0; distance /= 2) {
    value += __shfl_xor_sync(full_mask, value, distance);
  }
  if (threadIdx.x % 32 == 0) partial[threadIdx.x / 32] = value;
  __syncthreads();
  value = partial[0];
  for (int i = 1; i < threads / 32; ++i) value += partial[i];
  if (threadIdx.x == 0) y[blockIdx.x] = value;
}

/// The same by a tree in dynamic shared memory.
__global__ void sum_by_tree(const float* x, float* y) {
  float* const tree = static_cast<float*>(dynamic_shared());
  const unsigned me = threadIdx.x;
  tree[me] = x[blockIdx.x * blockDim.x + me];
  for (unsigned half = blockDim.x / 2; half > 0; half /= 2) {
    __syncthreads();
    if (me < half) tree[me] += tree[me + half];
  }
  if (me == 0) y[blockIdx.x] = tree[0];
}

TEST(Emulation, SumsOfBlocks) {
  Array<float> x(count_to(3 * 64)), y(3);
  const std::vector<float> sums = {2016, 6112, 10208};  // 64 numbers from 0, 64 and 128 on
  for (const Order which : {Order::forwards, Order::reversed, Order::both}) {
    const InOrder in(which);
    RUN(sum_by_shuffles<64>, 3, 64, 0, x.data(), y.data());
    EXPECT_EQ(y.on_host(), sums);
    RUN(sum_by_tree, 3, 64, 64 * sizeof(float), x.data(), y.data());
    EXPECT_EQ(y.on_host(), sums);
  }
}

__global__ void indices(int* y, int columns) {
  const unsigned column = blockIdx.x * blockDim.x + threadIdx.x;
  const unsigned row = blockIdx.y * blockDim.y + threadIdx.y;
  const unsigned plane = blockIdx.z * blockDim.z + threadIdx.z;
  const unsigned rows = gridDim.y * blockDim.y;
  const auto at = (plane * rows + row) * static_cast<unsigned>(columns) + column;
  y[at] = static_cast<int>(at);
}

TEST(Emulation, GridsAndBlocksOfThreeDimensions) {
  constexpr int columns = 3 * 8, all = columns * (2 * 4) * (5 * 2);
  Array<int> y(all);
  RUN(indices, dim3(3, 2, 5), dim3(8, 4, 2), 0, y.data(), columns);
  const std::vector<int> result = y.on_host();
  for (int i = 0; i < all; ++i) ASSERT_EQ(result[static_cast<std::size_t>(i)], i);
}

__global__ void exchanges(int* y) {
  const int me = static_cast<int>(threadIdx.x);
  int* const mine = y + 6 * me;
  mine[0] = __shfl_sync(full_mask, me, 5);
  mine[1] = __shfl_down_sync(full_mask, me, 3);
  mine[2] = __shfl_up_sync(full_mask, me, 3);
  mine[3] = __shfl_xor_sync(full_mask, me, 1);
  mine[4] = __shfl_down_sync(full_mask, me, 3, 8);
  const double wide = __shfl_xor_sync(full_mask, me + 0.5, 16);  // eight bytes
  mine[5] = static_cast<int>(2 * wide);
}

TEST(Emulation, ExchangesWithinAWarp) {
  Array<int> y(64 * 6);
  RUN(exchanges, 1, 64, 0, y.data());
  const std::vector<int> result = y.on_host();
  for (int me = 0; me < 64; ++me) {
    const int lane = me % 32, warp = me - lane;
    const std::vector<int> expected = {
        warp + 5, lane + 3 < 32 ? me + 3 : me,    lane >= 3 ? me - 3 : me,
        me ^ 1,   lane % 8 + 3 < 8 ? me + 3 : me, 2 * (me ^ 16) + 1};
    const auto at = result.begin() + 6 * me;
    EXPECT_EQ(std::vector<int>(at, at + 6), expected) << me;
  }
}

__global__ void histogram(const int* x, int* counts, int* largest) {
  const int value = __ldg(x + threadIdx.x);
  atomicAdd(counts + value % 4, 1);
  atomicMax(largest, value);
}

TEST(Emulation, AtomicsOnIntegers) {
  std::vector<int> values;
  for (int i = 0; i < 64; ++i) values.push_back(i * 7 % 64);
  Array<int> x(values), counts(std::vector<int>(4, 0)), largest(std::vector<int>(1, -1));
  const InOrder both(Order::both);
  RUN(histogram, 1, 64, 0, x.data(), counts.data(), largest.data());
  EXPECT_EQ(counts.on_host(), std::vector<int>(4, 16));
  EXPECT_EQ(largest.on_host(), std::vector<int>(1, 63));
}

/// Locals, vectors of four and control words outlive a switch.
__global__ void locals(const float4* x, float4* y) {
  float4 mine = x[threadIdx.x];
  float table[100];
  for (int i = 0; i < 100; ++i) table[i] = mine.x * static_cast<float>(i);
  __syncthreads();
  float sum = 0;
  for (const float entry : table) sum += entry;
  __syncwarp();
  y[threadIdx.x] = make_float4(sum, mine.y, max(mine.z, mine.w), fmaf(mine.x, mine.y, 1.0f));
}

TEST(Emulation, LocalsOutliveABarrier) {
  std::vector<float4> values;
  for (int i = 0; i < 64; ++i) {
    const auto f = static_cast<float>(i);
    values.push_back({f, f + 1, f + 2, f + 3});
  }
  Array<float4> x(values), y(64);
  RUN(locals, 1, 64, 0, x.data(), y.data());
  const std::vector<float4> result = y.on_host();
  for (int i = 0; i < 64; ++i) {
    const auto f = static_cast<float>(i);
    const float4 v = result[static_cast<std::size_t>(i)];
    EXPECT_EQ(v.x, 4950 * f);  // 0 + 1 + ... + 99, exact below 2^24
    EXPECT_EQ(v.y, f + 1);
    EXPECT_EQ(v.z, f + 3);
    EXPECT_EQ(v.w, f * (f + 1) + 1);
  }
}

__global__ void add_one(float* x) { x[threadIdx.x] += 1; }

__global__ void catches(int* y) {
  __syncthreads();
  try {
    if (threadIdx.x % 2 == 1) throw std::runtime_error("odd");
    y[threadIdx.x] = 0;
  } catch (const std::runtime_error&) {
    y[threadIdx.x] = 1;
  }
  __syncthreads();
}

TEST(Emulation, ExceptionsStayWithinAThread) {
  Array<int> y(32);
  RUN(catches, 1, 32, 0, y.data());
  const std::vector<int> result = y.on_host();
  for (std::size_t i = 0; i < 32; ++i) EXPECT_EQ(result[i], static_cast<int>(i % 2));
}

TEST(Emulation, BothOrdersStartFromTheSameMemory) {
  const InOrder both(Order::both);
  Array<float> x(count_to(4));
  RUN(add_one, 1, 4, 0, x.data());
  EXPECT_EQ(x.on_host(), (std::vector<float>{1, 2, 3, 4}));
}

TEST(Emulation, GraphsReplayWhatWasCaptured) {
  Array<float> x(count_to(4));
  std::vector<float> host(4, -1);
  cudaStream_t stream = nullptr;
  ASSERT_EQ(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking), cudaSuccess);
  ASSERT_EQ(cudaStreamBeginCapture(stream, cudaStreamCaptureModeGlobal), cudaSuccess);
  cudaLaunchConfig_t config = {};
  config.blockDim = 4;
  config.stream = stream;
  kernel_name = "add_one";
  ASSERT_EQ(cudaLaunchKernelEx(&config, add_one, x.data()), cudaSuccess);
  ASSERT_EQ(cudaMemcpyAsync(host.data(), x.data(), 16, cudaMemcpyDeviceToHost, stream),
            cudaSuccess);
  cudaGraph_t graph = nullptr;
  cudaGraphExec_t executable = nullptr;
  ASSERT_EQ(cudaStreamEndCapture(stream, &graph), cudaSuccess);
  ASSERT_EQ(cudaGraphInstantiate(&executable, graph), cudaSuccess);
  ASSERT_EQ(cudaGraphDestroy(graph), cudaSuccess);
  EXPECT_EQ(host[0], -1);  // captured, not done
  for (float replay = 1; replay <= 3; ++replay) {
    ASSERT_EQ(cudaGraphLaunch(executable, stream), cudaSuccess);
    EXPECT_EQ(host, (std::vector<float>{replay, 1 + replay, 2 + replay, 3 + replay}));
  }
  cudaGraphExecDestroy(executable);
  cudaStreamDestroy(stream);
}

// What CUDA forbids while a stream is captured is an error there, and then there is no graph.
TEST(Emulation, CapturesRefuseWhatWaitsOrAllocates) {
  cudaStream_t stream = nullptr;
  cudaEvent_t event = nullptr;
  void* memory = nullptr;
  ASSERT_EQ(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking), cudaSuccess);
  ASSERT_EQ(cudaEventCreate(&event), cudaSuccess);
  const std::vector<std::function<cudaError_t()>> forbidden = {
      [&] { return cudaStreamSynchronize(stream); }, [&] { return cudaDeviceSynchronize(); },
      [&] { return cudaEventSynchronize(event); }, [&] { return cudaMalloc(&memory, 64); },
      [&] { return cudaFree(nullptr); }};
  for (const auto& call : forbidden) {
    cudaGraph_t graph = nullptr;
    ASSERT_EQ(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal), cudaSuccess);
    EXPECT_EQ(call(), cudaErrorStreamCaptureUnsupported);
    EXPECT_EQ(cudaStreamEndCapture(stream, &graph), cudaErrorStreamCaptureInvalidated);
    EXPECT_EQ(graph, nullptr);
    EXPECT_EQ(call(), cudaSuccess);
  }
  cudaFree(memory);
  cudaEventDestroy(event);
  cudaStreamDestroy(stream);
}

// Memory asked for in the stream's order belongs to the graph: each launch finds the same block.
TEST(Emulation, CapturedMemoryIsTheGraphs) {
  Array<float> x(count_to(4));
  cudaStream_t stream = nullptr;
  cudaGraph_t graph = nullptr;
  cudaGraphExec_t executable = nullptr;
  void* memory = nullptr;
  ASSERT_EQ(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking), cudaSuccess);
  ASSERT_EQ(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal), cudaSuccess);
  ASSERT_EQ(cudaMallocAsync(&memory, 16, stream), cudaSuccess);
  cudaMemcpyAsync(memory, x.data(), 16, cudaMemcpyDeviceToDevice, stream);
  cudaLaunchConfig_t config = {};
  config.blockDim = 4;
  config.stream = stream;
  kernel_name = "add_one";
  ASSERT_EQ(cudaLaunchKernelEx(&config, add_one, static_cast<float*>(memory)), cudaSuccess);
  cudaMemcpyAsync(x.data(), memory, 16, cudaMemcpyDeviceToDevice, stream);
  ASSERT_EQ(cudaFreeAsync(memory, stream), cudaSuccess);
  ASSERT_EQ(cudaStreamEndCapture(stream, &graph), cudaSuccess);
  ASSERT_EQ(cudaGraphInstantiate(&executable, graph), cudaSuccess);
  cudaGraphDestroy(graph);
  for (int replay = 0; replay < 3; ++replay) cudaGraphLaunch(executable, stream);
  EXPECT_EQ(x.on_host(), (std::vector<float>{3, 4, 5, 6}));
  cudaGraphExecDestroy(executable);
  cudaStreamDestroy(stream);
}

TEST(Emulation, EventsTellTheTimeBetween) {
  cudaEvent_t begin = nullptr, end = nullptr;
  cudaEventCreate(&begin);
  cudaEventCreate(&end);
  float milliseconds = -1;
  EXPECT_EQ(cudaEventElapsedTime(&milliseconds, begin, end), cudaErrorInvalidResourceHandle);
  cudaEventRecord(begin);
  cudaEventRecord(end);
  EXPECT_EQ(cudaEventSynchronize(end), cudaSuccess);
  EXPECT_EQ(cudaEventElapsedTime(&milliseconds, begin, end), cudaSuccess);
  EXPECT_GE(milliseconds, 0);
  cudaEventDestroy(begin);
  cudaEventDestroy(end);
  cudaGetLastError();
}

TEST(Emulation, WrongCallsAreRefused) {
  Array<float> x(count_to(4));
  float host[4] = {};
  EXPECT_EQ(start("add_one", add_one, 1, 2048, 0, x.data()), cudaErrorInvalidConfiguration);
  EXPECT_EQ(start("add_one", add_one, 0, 32, 0, x.data()), cudaErrorInvalidConfiguration);
  EXPECT_EQ(start("add_one", add_one, 1, 32, std::size_t{1} << 20, x.data()),
            cudaErrorInvalidConfiguration);
  EXPECT_EQ(cudaMemcpy(x.data(), host, 16, cudaMemcpyDeviceToHost), cudaErrorInvalidValue);
  EXPECT_EQ(cudaMemcpy(host, host, 16, cudaMemcpyHostToDevice), cudaErrorInvalidValue);
  EXPECT_EQ(cudaFree(x.data() + 1), cudaErrorInvalidValue);
  EXPECT_EQ(cudaSetDevice(1), cudaErrorInvalidDevice);
  EXPECT_STREQ(cudaGetErrorName(cudaGetLastError()), "cudaErrorInvalidDevice");
  EXPECT_EQ(cudaGetLastError(), cudaSuccess);
}

TEST(Emulation, MemoryEndsAndComesBack) {
  std::size_t before = 0, now = 0, total = 0;
  ASSERT_EQ(cudaMemGetInfo(&before, &total), cudaSuccess);
  set_device_memory(total - before + 3000);
  void *first = nullptr, *second = nullptr;
  EXPECT_EQ(cudaMalloc(&first, 2000), cudaSuccess);
  EXPECT_EQ(reinterpret_cast<std::size_t>(first) % 256, 0u);
  EXPECT_EQ(cudaMalloc(&second, 2000), cudaErrorMemoryAllocation);
  EXPECT_EQ(second, nullptr);
  cudaMemGetInfo(&now, &total);
  EXPECT_EQ(now, 1000u);
  EXPECT_EQ(cudaFree(first), cudaSuccess);
  EXPECT_EQ(cudaFree(first), cudaErrorInvalidValue);
  EXPECT_EQ(cudaMalloc(&second, 3000), cudaSuccess);
  EXPECT_EQ(cudaFree(second), cudaSuccess);
  set_device_memory(std::size_t{8} << 30);
  cudaGetLastError();
}

}  // namespace
}  // namespace cuda_emulation::test
