#pragma once
// CUDA's small vectors, with its alignments, and their make functions.

struct uint3 {
  unsigned x, y, z;
};

struct dim3 {
  unsigned x = 1, y = 1, z = 1;
  constexpr dim3(unsigned x_ = 1, unsigned y_ = 1, unsigned z_ = 1) : x(x_), y(y_), z(z_) {}
  constexpr dim3(uint3 v) : x(v.x), y(v.y), z(v.z) {}
};

#define ITO_VECTORS(type, name, alignment)                         \
  struct alignas(2 * sizeof(type)) name##2 {                       \
    type x, y;                                                     \
  };                                                               \
  struct alignas(alignment) name##4 {                              \
    type x, y, z, w;                                               \
  };                                                               \
  inline name##2 make_##name##2(type x, type y) { return {x, y}; } \
  inline name##4 make_##name##4(type x, type y, type z, type w) { return {x, y, z, w}; }

ITO_VECTORS(float, float, 16)
ITO_VECTORS(double, double, 16)
ITO_VECTORS(int, int, 16)
ITO_VECTORS(unsigned, uint, 16)
ITO_VECTORS(unsigned char, uchar, 4)
ITO_VECTORS(long long, longlong, 16)
ITO_VECTORS(unsigned long long, ulonglong, 16)
#undef ITO_VECTORS

struct float3 {
  float x, y, z;
};
inline float3 make_float3(float x, float y, float z) { return {x, y, z}; }
inline uint3 make_uint3(unsigned x, unsigned y, unsigned z) { return {x, y, z}; }
