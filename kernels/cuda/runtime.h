#pragma once
// The functions of which kernels/backend.h speaks, for CUDA.

#include <cstddef>
#include <string>
#include <vector>

namespace ito::kernels::cuda {

std::vector<std::string> devices();
void* allocate(std::size_t bytes);
void release(void* block) noexcept;
void copy_to_host(void* host, const void* block, std::size_t bytes);
void copy_from_host(void* block, const void* host, std::size_t bytes);

}  // namespace ito::kernels::cuda
