// Kernels with faults planted in them: each is caught, with a message that names the kernel.

#include <stdexcept>

#include "testing.h"

namespace cuda_emulation::test {
namespace {

constexpr unsigned full_mask = 0xffffffffu;

/// AddressSanitizer may be the first to find a wrong access, in its own words; then ours name the
/// kernel.
std::string access_fault(const std::string& kernel, [[maybe_unused]] const std::string& words) {
#ifdef ITO_ADDRESS_SANITIZER
  return "kernel `" + kernel + "`";
#else
  return "kernel `" + kernel + "`.*" + words;
#endif
}

__global__ void missing_barrier(const float* x, float* y) {
  __shared__ float tile[64];
  const unsigned me = threadIdx.x;
  tile[me] = x[me];
  y[me] = tile[me ^ 1];
}
/// Writes its result again and again over what others still read.
__global__ void missing_second_barrier(const float* x, float* y) {
  __shared__ float tile[64];
  const unsigned me = threadIdx.x;
  float value = x[me];
  for (int i = 0; i < 3; ++i) {
    tile[me] = value;
    __syncthreads();
    value += tile[(me + 1) % 64];
  }
  y[me] = value;
}

TEST(PlantedFault, MissingBarrier) {
  Array<float> x(count_to(64)), y(64);
  const InOrder both(Order::both);
  EXPECT_DEATH(start("missing_barrier", missing_barrier, 1, 64, 0, x.data(), y.data()),
               "kernel `missing_barrier`.*depend on the order of threads");
  EXPECT_DEATH(
      start("missing_second_barrier", missing_second_barrier, 1, 64, 0, x.data(), y.data()),
      "kernel `missing_second_barrier`.*depend on the order of threads");
}

/// Without a check of both orders the two runs differ, or a value was read before it was written.
TEST(PlantedFault, MissingBarrierSeenByOrder) {
  Array<float> x(count_to(64)), y(64);
  std::vector<std::vector<float>> results;
  for (const Order which : {Order::forwards, Order::reversed}) {
    const InOrder in(which);
    RUN(missing_second_barrier, 1, 64, 0, x.data(), y.data());
    results.push_back(y.on_host());
  }
  EXPECT_NE(results[0], results[1]);
}

__global__ void divergent_barrier(float* y) {
  if (threadIdx.x < 32) {
    __syncthreads();
    y[threadIdx.x] = 1;
  }
  __syncthreads();
}
__global__ void barriers_apart(float* y) {
  if (threadIdx.x < 32) {
    y[threadIdx.x] = 1;
    __syncthreads();
  } else {
    __syncthreads();
  }
}
__global__ void divergent_warp(float* y) {
  float value = 1;
  if (threadIdx.x % 2 == 0) value = __shfl_xor_sync(full_mask, value, 2);
  y[threadIdx.x] = value;
}

TEST(PlantedFault, DivergentBarrier) {
  Array<float> y(64);
  EXPECT_DEATH(start("divergent_barrier", divergent_barrier, 1, 64, 0, y.data()),
               "kernel `divergent_barrier`, block \\(0, 0, 0\\): divergent barrier.*threads 0 to 31"
               " wait at __syncthreads.*threads 32 to 63 wait");
  EXPECT_DEATH(start("barriers_apart", barriers_apart, 1, 64, 0, y.data()),
               "kernel `barriers_apart`.*divergent barrier");
  EXPECT_DEATH(start("divergent_warp", divergent_warp, 1, 64, 0, y.data()),
               "kernel `divergent_warp`.*threads 0 to 0 wait at __shfl_xor_sync.*have returned");
}

__global__ void early_return(float* y, int n) {
  if (static_cast<int>(threadIdx.x) >= n) return;
  __syncthreads();
  y[threadIdx.x] = 1;
}

TEST(PlantedFault, EarlyReturnBeforeABarrier) {
  Array<float> y(64);
  RUN(early_return, 1, 64, 0, y.data(), 64);
  EXPECT_DEATH(start("early_return", early_return, dim3(1), 64, 0, y.data(), 50),
               "kernel `early_return`.*threads 0 to 49 wait at.*threads 50 to 63 have returned");
}

__global__ void dynamic_overrun(float* y, int offset) {
  float* const shared = static_cast<float*>(dynamic_shared());
  const int me = static_cast<int>(threadIdx.x);
  shared[me + offset] = 1;
  y[me] = 0;
}
template <int threads>
__global__ void static_overrun(float* y, int offset) {
  __shared__ float first[threads];
  __shared__ float second[threads];
  const int me = static_cast<int>(threadIdx.x);
  float* volatile arrays[] = {first, second};  // whose bounds the compiler does not see
  float *const a = arrays[0], *const b = arrays[1];
  a[me + offset] = 1;
  b[me + offset] = 2;
  __syncthreads();
  y[me] = first[threads - 1 - me] + second[threads - 1 - me];
}

TEST(PlantedFault, SharedMemoryOverrun) {
  Array<float> y(32);
  RUN(dynamic_overrun, 1, 32, 128, y.data(), 0);
  for (const int offset : {1, -1, 1000}) {
    EXPECT_DEATH(start("dynamic_overrun", dynamic_overrun, 1, 32, 128, y.data(), offset),
                 access_fault("dynamic_overrun", "dynamic shared memory of 128 bytes"));
  }
  RUN(static_overrun<32>, 1, 32, 0, y.data(), 0);
  EXPECT_DEATH(start("static_overrun", static_overrun<32>, 1, 32, 0, y.data(), 1),
               access_fault("static_overrun", "beside a __shared__ array"));
}

__global__ void out_of_bounds(float* y, int offset) {
  y[static_cast<int>(threadIdx.x) + offset] = 1;
}

TEST(PlantedFault, GlobalWriteOutOfBounds) {
  Array<float> before(32), y(33), behind(32);
  RUN(out_of_bounds, 1, 32, 0, y.data(), 1);
  EXPECT_DEATH(
      start("out_of_bounds", out_of_bounds, 1, 32, 0, y.data(), 2),
      access_fault("out_of_bounds", "0 bytes behind the end of an allocation of 132 bytes"));
  EXPECT_DEATH(start("out_of_bounds", out_of_bounds, 1, 32, 0, y.data(), -1),
               access_fault("out_of_bounds", "out of bounds"));
  EXPECT_DEATH(start("out_of_bounds", out_of_bounds, 1, 32, 0, y.data(), 100 << 20),
               access_fault("out_of_bounds", "accesses memory of the device"));
}

__global__ void scale(const float* x, float* y) { y[threadIdx.x] = 2 * x[threadIdx.x] - 1; }
__global__ void scale_doubles(const double* x, double* y) { y[threadIdx.x] = -x[threadIdx.x]; }
__global__ void accumulate(float* y) { y[threadIdx.x] += 1; }
__global__ void unwritten_static(float* y) {
  __shared__ float tile[32];
  if (threadIdx.x > 0) tile[threadIdx.x] = 1;
  __syncthreads();
  y[threadIdx.x] = tile[threadIdx.x] + 1;
}
__global__ void unwritten_dynamic(float* y) {
  const float* const shared = static_cast<float*>(dynamic_shared());
  y[threadIdx.x] = shared[threadIdx.x];
}
struct Pointers {
  const float* x;
  float* y;
};
__global__ void scale_by_struct(Pointers p) { p.y[threadIdx.x] = 2 * p.x[threadIdx.x]; }

TEST(PlantedFault, ReadOfMemoryNeverWritten) {
  Array<float> x(32), y(32);
  Array<double> wide_x(32), wide_y(32);
  EXPECT_DEATH(start("scale", scale, 1, 32, 0, x.data(), y.data()),
               "kernel `scale`.*never written.*byte 0 of an allocation of 128 bytes, argument 2");
  EXPECT_DEATH(start("scale_doubles", scale_doubles, 1, 32, 0, wide_x.data(), wide_y.data()),
               "kernel `scale_doubles`.*never written");
  EXPECT_DEATH(start("scale_by_struct", scale_by_struct, 1, 32, 0, Pointers{x.data(), y.data()}),
               "kernel `scale_by_struct`.*never written");
  EXPECT_DEATH(start("unwritten_static", unwritten_static, 1, 32, 0, y.data()),
               "kernel `unwritten_static`.*never written");
  EXPECT_DEATH(start("unwritten_dynamic", unwritten_dynamic, 1, 32, 128, y.data()),
               "kernel `unwritten_dynamic`.*never written");
  // In place the NaN keeps its address: the copy that fetches it says so.
  RUN(accumulate, 1, 32, 0, y.data());
  EXPECT_DEATH(y.on_host(), "cudaMemcpyAsync, after kernel `accumulate`.*never written");
}

TEST(PlantedFault, HostAccessToDeviceMemory) {
  Array<float> x(count_to(32)), y(32);
  RUN(scale, 1, 32, 0, x.data(), y.data());
  const volatile float* const from_host = y.data();
  EXPECT_DEATH(static_cast<void>(from_host[3]),
               "the host, after kernel `scale`.*memory of the device, byte 12 of an allocation");
  EXPECT_DEATH(*y.data() = 1, "the host, after kernel `scale`.*memory of the device, byte 0");
}

TEST(PlantedFault, KernelGivenHostMemory) {
  Array<float> y(32);
  std::vector<float> host(32, 1);
  EXPECT_DEATH(start("scale", scale, 1, 32, 0, host.data(), y.data()),
               "kernel `scale`.*argument 1 points to memory that is not the device's");
}

TEST(PlantedFault, MemoryFreedTooEarly) {
  Array<float> y(count_to(32));
  float* x = nullptr;
  cudaMalloc(&x, 128);
  cudaFree(x);
  EXPECT_DEATH(start("scale", scale, 1, 32, 0, x, y.data()), "kernel `scale`.*argument 1");
  EXPECT_DEATH(cudaMemcpy(x, y.data(), 128, cudaMemcpyDeviceToDevice), "cudaMemcpyAsync");
}

TEST(PlantedFault, CopyOutOfBounds) {
  Array<float> x(count_to(32));
  std::vector<float> host(64);
  EXPECT_DEATH(cudaMemcpy(host.data(), x.data() + 1, 128, cudaMemcpyDeviceToHost),
               "cudaMemcpyAsync.*128 bytes from byte 4 of an allocation of 128 bytes");
}

/// Each level sees the frame of the one above, so that no compiler makes a loop of it.
int recurse(int n, const volatile char* above) {
  volatile char frame[1024];
  frame[0] = static_cast<char>(n + above[0]);
  return n == 0 ? frame[0] : recurse(n - 1, frame) + frame[0];
}
__global__ void deep(int* y, int depth) {
  const char top = 0;
  y[threadIdx.x] = recurse(depth, &top);
}

TEST(PlantedFault, StackOfAThread) {
  Array<int> y(32);
  RUN(deep, 1, 32, 0, y.data(), 10);
  EXPECT_DEATH(start("deep", deep, 1, 32, 0, y.data(), 1000), "kernel `deep`.*stack is full");
}

__global__ void throws(float* y) {
  if (threadIdx.x == 7) throw std::runtime_error("7");
  y[threadIdx.x] = 0;
}

TEST(PlantedFault, ExceptionOutOfAKernel) {
  Array<float> y(32);
  EXPECT_DEATH(start("throws", throws, 1, 32, 0, y.data()),
               "kernel `throws`, block \\(0, 0, 0\\), thread \\(7, 0, 0\\): an exception");
}

}  // namespace
}  // namespace cuda_emulation::test
