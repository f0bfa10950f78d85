#pragma once
// What a kernel sees: its place in the grid, barriers, exchange within a warp, atomics, arithmetic.

#include <math.h>  // NOLINT(modernize-deprecated-headers): the C functions, as CUDA has them

#include <cstdint>
#include <cstring>
#include <type_traits>

#include "vector_types.h"

#define __global__
#define __device__
#define __host__
#define __constant__ static const
#define __align__(n) __attribute__((aligned(n)))
// A shared array is a static one, and bytes around it that nobody may write. Their mangled names
// say what they are, so that shared_memory.cpp finds them in the program's symbol table; that they
// lie side by side comes of -fdata-sections, without which compilers sort them (GCC on aarch64).
#define __shared__                                                                                \
  static __attribute__((used, retain, abi_tag("ito_cuda_guard"))) char ITO_JOIN(ito_guard_,       \
                                                                                __COUNTER__)[64]; \
  static __attribute__((abi_tag("ito_cuda_shared"), aligned(16)))
#define ITO_JOIN(a, b) ITO_JOIN_EXPANDED(a, b)
#define ITO_JOIN_EXPANDED(a, b) a##b
#define __forceinline__ inline __attribute__((always_inline))
#define __launch_bounds__(...)
#ifndef __restrict__
#define __restrict__ __restrict
#endif

extern uint3 threadIdx, blockIdx;
extern dim3 blockDim, gridDim;
constexpr int warpSize = 32;

namespace cuda_emulation {

/// A place in the source where threads wait for each other.
struct Place {
  const char* operation = nullptr;
  const char* file = nullptr;
  int line = 0;
  bool operator==(const Place&) const = default;
};

void synchronize_block(Place place);
void synchronize_warp(unsigned mask, Place place);

/// Lays down `bits` for the warp, waits for it, and returns what lane `source` laid down.
std::uint64_t exchange(unsigned mask, std::uint64_t bits, int source, Place place);
int lane();

template <class T>
T shuffle(unsigned mask, T value, int source, Place place) {
  static_assert(std::is_trivially_copyable_v<T> && (sizeof(T) == 4 || sizeof(T) == 8));
  std::uint64_t bits = 0;
  std::memcpy(&bits, &value, sizeof(T));
  bits = exchange(mask, bits, source, place);
  std::memcpy(&value, &bits, sizeof(T));
  return value;
}

}  // namespace cuda_emulation

// The caller's file and line come as default arguments.
#define ITO_HERE const char *file = __builtin_FILE(), int line = __builtin_LINE()

inline void __syncthreads(ITO_HERE) {
  cuda_emulation::synchronize_block({"__syncthreads", file, line});
}
inline void __syncwarp(unsigned mask = 0xffffffffu, ITO_HERE) {
  cuda_emulation::synchronize_warp(mask, {"__syncwarp", file, line});
}

// A lane whose source lies outside its group of `width` lanes gets its own value back.
template <class T>
T __shfl_sync(unsigned mask, T value, int source, int width = warpSize, ITO_HERE) {
  const int base = cuda_emulation::lane() / width * width;
  return cuda_emulation::shuffle(mask, value, base + (source & (width - 1)),
                                 {"__shfl_sync", file, line});
}
template <class T>
T __shfl_xor_sync(unsigned mask, T value, int bits, int width = warpSize, ITO_HERE) {
  const int me = cuda_emulation::lane(), from = me ^ bits;
  return cuda_emulation::shuffle(mask, value, from / width > me / width ? me : from,
                                 {"__shfl_xor_sync", file, line});
}
template <class T>
T __shfl_down_sync(unsigned mask, T value, unsigned distance, int width = warpSize, ITO_HERE) {
  const int me = cuda_emulation::lane(), from = me + static_cast<int>(distance);
  return cuda_emulation::shuffle(mask, value, from / width != me / width ? me : from,
                                 {"__shfl_down_sync", file, line});
}
template <class T>
T __shfl_up_sync(unsigned mask, T value, unsigned distance, int width = warpSize, ITO_HERE) {
  const int me = cuda_emulation::lane(), from = me - static_cast<int>(distance);
  return cuda_emulation::shuffle(mask, value, from < me / width * width ? me : from,
                                 {"__shfl_up_sync", file, line});
}
#undef ITO_HERE

// One thread runs at a time, so a plain read, change and write cannot be torn. Integers only: sums
// of floats would depend on the order.
#define ITO_ATOMIC(name, expression)                  \
  template <class T>                                  \
  T name(T* address, std::type_identity_t<T> value) { \
    static_assert(std::is_integral_v<T>);             \
    const T old = *address;                           \
    *address = static_cast<T>(expression);            \
    return old;                                       \
  }
ITO_ATOMIC(atomicAdd, old + value)
ITO_ATOMIC(atomicMax, old > value ? old : value)
ITO_ATOMIC(atomicMin, old < value ? old : value)
ITO_ATOMIC(atomicOr, old | value)
ITO_ATOMIC(atomicExch, value)
#undef ITO_ATOMIC

template <class T>
T __ldg(const T* address) {
  return *address;
}
inline void __threadfence() {}

#define ITO_MIN_MAX(type)                                   \
  inline type min(type a, type b) { return b < a ? b : a; } \
  inline type max(type a, type b) { return a < b ? b : a; }
ITO_MIN_MAX(int)
ITO_MIN_MAX(unsigned)
ITO_MIN_MAX(long)
ITO_MIN_MAX(unsigned long)
ITO_MIN_MAX(long long)
ITO_MIN_MAX(unsigned long long)
#undef ITO_MIN_MAX
inline float min(float a, float b) { return fminf(a, b); }
inline float max(float a, float b) { return fmaxf(a, b); }
inline double min(double a, double b) { return fmin(a, b); }
inline double max(double a, double b) { return fmax(a, b); }

// Rounded to nearest, never contracted.
inline float __fadd_rn(float a, float b) { return a + b; }
inline float __fsub_rn(float a, float b) { return a - b; }
inline float __fmul_rn(float a, float b) { return a * b; }
inline float __fdiv_rn(float a, float b) { return a / b; }
inline float __fmaf_rn(float a, float b, float c) { return fmaf(a, b, c); }
inline float __fsqrt_rn(float a) { return sqrtf(a); }
inline double __dadd_rn(double a, double b) { return a + b; }
inline double __dsub_rn(double a, double b) { return a - b; }
inline double __dmul_rn(double a, double b) { return a * b; }
inline double __ddiv_rn(double a, double b) { return a / b; }
inline double __fma_rn(double a, double b, double c) { return fma(a, b, c); }
inline double __dsqrt_rn(double a) { return sqrt(a); }
inline float rsqrtf(float a) { return 1.0f / sqrtf(a); }
inline double rsqrt(double a) { return 1.0 / sqrt(a); }

inline int __float_as_int(float a) { return __builtin_bit_cast(int, a); }
inline unsigned __float_as_uint(float a) { return __builtin_bit_cast(unsigned, a); }
inline float __int_as_float(int a) { return __builtin_bit_cast(float, a); }
inline float __uint_as_float(unsigned a) { return __builtin_bit_cast(float, a); }
inline long long __double_as_longlong(double a) { return __builtin_bit_cast(long long, a); }
inline double __longlong_as_double(long long a) { return __builtin_bit_cast(double, a); }
inline int __float2int_rn(float a) { return static_cast<int>(rintf(a)); }
inline float __int2float_rn(int a) { return static_cast<float>(a); }
inline float __uint2float_rn(unsigned a) { return static_cast<float>(a); }
inline float __double2float_rn(double a) { return static_cast<float>(a); }
inline unsigned __umulhi(unsigned a, unsigned b) {
  return static_cast<unsigned>(std::uint64_t{a} * b >> 32);
}
