// Chooses the kernels: by device, and on the CPU by what the processor can do.

#include <cstring>

#include "kernels/backend.h"
#include "kernels/kernels.h"
#include "kernels/threads.h"

namespace ito::kernels {

namespace baseline {
extern const Table cpu_table;
}
#ifdef ITO_X86_LEVELS
namespace v3 {
extern const Table cpu_table;
}
namespace v4 {
extern const Table cpu_table;
}
#endif

namespace {

struct Level {
  const char* name;
  const Table* table;
};

struct Levels {
  Level level[3];
  const char* names[3];
  int count = 0;
  int chosen = 0;

  void add(const char* name, const Table& kernels) {
    names[count] = name;
    level[count++] = {name, &kernels};
  }

  Levels() {
    add("baseline", baseline::cpu_table);
#ifdef ITO_X86_LEVELS
    const bool has_v3 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
                        __builtin_cpu_supports("bmi2");
    const bool has_v4 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                        __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
                        __builtin_cpu_supports("avx512vl");
    if (has_v3) add("v3", v3::cpu_table);
    if (has_v3 && has_v4) add("v4", v4::cpu_table);
#endif
    chosen = count - 1;
  }
};

Levels& levels() {
  static Levels instance;
  return instance;
}

const Table* replaced = nullptr;

}  // namespace

const Table& table(Device device) {
  if (replaced != nullptr) return *replaced;
  if (device == Device::cpu) return *levels().level[levels().chosen].table;
  return *cuda_backend().table;
}

const char* const* simd_levels(int* count) {
  *count = levels().count;
  return levels().names;
}

const char* simd_level() { return levels().names[levels().chosen]; }

bool set_simd_level(const char* name) {
  for (int i = 0; i < levels().count; ++i) {
    if (std::strcmp(levels().names[i], name) == 0) {
      levels().chosen = i;
      return true;
    }
  }
  return false;
}

void replace_kernels(const Table* replacement) { replaced = replacement; }

}  // namespace ito::kernels
