#pragma once
// cudaLaunchKernelEx: a kernel with its arguments becomes a function without any, and a list of the
// device memory that it may touch.

#include <cstring>
#include <functional>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "emulation.h"
#include "runtime_api.h"

namespace cuda_emulation {

/// What is known of the elements behind a pointer, to find numbers that were never written.
enum class Elements { integers, floats, doubles, unknown };

/// A pointer among a kernel's arguments.
struct Pointer {
  const void* address;
  int argument;  ///< from 0
  bool written;  ///< or may be
  bool direct;   ///< an argument itself, rather than bytes within one
  Elements elements;
};

/// A kernel with its arguments: call() is the work of one thread.
struct Kernel {
  const char* name = "unnamed";
  const void* function = nullptr;
  std::function<void()> call;
  std::vector<Pointer> pointers;
};

cudaError_t launch(const cudaLaunchConfig_t& config, Kernel kernel);

template <class T>
constexpr Elements elements_of() {
  if constexpr (requires(T t) { t.x; }) {
    return elements_of<decltype(T::x)>();  // float4 and its kin
  } else {
    return std::is_same_v<T, float>    ? Elements::floats
           : std::is_same_v<T, double> ? Elements::doubles
           : std::is_class_v<T>        ? Elements::unknown
                                       : Elements::integers;
  }
}

/// Adds the pointers in an argument to the list. Within a struct anything may be one.
template <class Argument>
void add_pointers(const Argument& argument, int number, std::vector<Pointer>& list) {
  if constexpr (std::is_pointer_v<Argument>) {
    using T = std::remove_pointer_t<Argument>;
    if constexpr (std::is_void_v<T>) {
      list.push_back({argument, number, !std::is_const_v<T>, true, Elements::unknown});
    } else if constexpr (!std::is_function_v<T>) {
      list.push_back(
          {argument, number, !std::is_const_v<T>, true, elements_of<std::remove_cv_t<T>>()});
    }
  } else if constexpr (std::is_class_v<Argument>) {
    static_assert(std::is_trivially_copyable_v<Argument>, "arguments are copied as bytes");
    for (std::size_t i = 0; i + sizeof(void*) <= sizeof(Argument); i += sizeof(void*)) {
      const void* address = nullptr;
      std::memcpy(&address, reinterpret_cast<const char*>(&argument) + i, sizeof(address));
      list.push_back({address, number, true, false, Elements::unknown});
    }
  }
}

}  // namespace cuda_emulation

template <class... Parameters, class... Arguments>
cudaError_t cudaLaunchKernelEx(const cudaLaunchConfig_t* config, void (*kernel)(Parameters...),
                               Arguments&&... arguments) {
  std::tuple<Parameters...> values(std::forward<Arguments>(arguments)...);
  cuda_emulation::Kernel work;
  work.function = reinterpret_cast<const void*>(kernel);
  if (cuda_emulation::kernel_name != nullptr) work.name = cuda_emulation::kernel_name;
  std::apply(
      [&](const auto&... value) {
        int number = 0;
        (cuda_emulation::add_pointers(value, number++, work.pointers), ...);
      },
      values);
  work.call = [kernel, values] { std::apply(kernel, values); };
  return cuda_emulation::launch(*config, std::move(work));
}
