#pragma once
// The functions of which kernels/backend.h speaks, for CUDA.

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

namespace ito::kernels::cuda {

std::vector<std::string> devices();
void* allocate(std::size_t bytes);
void release(void* block) noexcept;
void copy_to_host(void* host, const void* block, std::size_t bytes);
void copy_from_host(void* block, const void* host, std::size_t bytes);
void begin_capture();
void* end_capture();
void launch_graph(void* graph);
void release_graph(void* graph) noexcept;
double time(const std::function<void()>& work);

}  // namespace ito::kernels::cuda
