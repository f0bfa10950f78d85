// Device memory and the copies between it and the host, through pinned pages: so that the copy
// itself runs beside the host's work, in order with the kernels.

#include <algorithm>
#include <cstring>
#include <mutex>
#include <new>

#include "kernels/cuda/launch.h"
#include "kernels/cuda/runtime.h"

namespace ito::kernels::cuda {
namespace {

constexpr std::size_t piece_bytes = std::size_t{4} << 20;

/// Pinned pages in pieces that are used in turn, each again when the copy from it is done.
class Staging {
 public:
  void to_device(char* block, const char* host, std::size_t bytes) {
    const std::lock_guard lock(mutex_);
    while (bytes > 0) {
      Piece& piece = next_piece("copy to the device");
      const std::size_t part = std::min(bytes, piece_bytes);
      std::memcpy(piece.memory, host, part);
      check(cudaMemcpyAsync(block, piece.memory, part, cudaMemcpyHostToDevice, stream()),
            "cudaMemcpyAsync", "copy to the device");
      check(cudaEventRecord(piece.done, stream()), "cudaEventRecord", "copy to the device");
      block += part, host += part, bytes -= part;
    }
  }

  void to_host(char* host, const char* block, std::size_t bytes) {
    const std::lock_guard lock(mutex_);
    while (bytes > 0) {
      Piece& piece = next_piece("copy to the host");
      const std::size_t part = std::min(bytes, piece_bytes);
      check(cudaMemcpyAsync(piece.memory, block, part, cudaMemcpyDeviceToHost, stream()),
            "cudaMemcpyAsync", "copy to the host");
      check(cudaStreamSynchronize(stream()), "cudaStreamSynchronize", "copy to the host");
      std::memcpy(host, piece.memory, part);
      block += part, host += part, bytes -= part;
    }
  }

 private:
  struct Piece {
    char* memory = nullptr;
    cudaEvent_t done = nullptr;
  };

  Piece& next_piece(const char* operation) {
    Piece& piece = pieces_[next_];
    next_ = (next_ + 1) % (sizeof(pieces_) / sizeof(pieces_[0]));
    if (piece.memory == nullptr) {
      stream();  // says so, where there is no device
      check(cudaEventCreateWithFlags(&piece.done, cudaEventDisableTiming),
            "cudaEventCreateWithFlags", operation);
      void* memory = nullptr;
      check(cudaMallocHost(&memory, piece_bytes), "cudaMallocHost", operation);
      piece.memory = static_cast<char*>(memory);
    }
    check(cudaEventSynchronize(piece.done), "cudaEventSynchronize", operation);
    return piece;
  }

  std::mutex mutex_;
  Piece pieces_[4];
  std::size_t next_ = 0;
};

/// Never destroyed: the runtime may be gone before the last static object.
Staging& staging() {
  static Staging& only = *new Staging;
  return only;
}

/// What scratch has been kept for the next kernel.
void give_scratch_back() {
  static_cast<void>(cudaGetLastError());
  cudaMemPool_t pool = nullptr;
  check(cudaStreamSynchronize(stream()), "cudaStreamSynchronize", "memory");
  check(cudaDeviceGetDefaultMemPool(&pool, 0), "cudaDeviceGetDefaultMemPool", "memory");
  check(cudaMemPoolTrimTo(pool, 0), "cudaMemPoolTrimTo", "memory");
}

}  // namespace

void* allocate(std::size_t bytes) {
  stream();  // says so, where there is no device
  void* block = nullptr;
  cudaError_t status = cudaMalloc(&block, bytes);
  if (status == cudaErrorMemoryAllocation) {
    give_scratch_back();
    status = cudaMalloc(&block, bytes);
  }
  if (status == cudaErrorMemoryAllocation) {
    static_cast<void>(cudaGetLastError());  // it is told, and need not be told again
    throw std::bad_alloc();
  }
  check(status, "cudaMalloc", "memory");
  return block;
}

void release(void* block) noexcept { static_cast<void>(cudaFree(block)); }

void copy_to_host(void* host, const void* block, std::size_t bytes) {
  staging().to_host(static_cast<char*>(host), static_cast<const char*>(block), bytes);
}

void copy_from_host(void* block, const void* host, std::size_t bytes) {
  staging().to_device(static_cast<char*>(block), static_cast<const char*>(host), bytes);
}

}  // namespace ito::kernels::cuda
