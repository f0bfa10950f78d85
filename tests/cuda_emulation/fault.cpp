#include "fault.h"

#include <cstdio>
#include <cstdlib>

#include "block.h"

namespace cuda_emulation {
namespace {

const char* running = nullptr;
const char* last = "none";

std::string what_runs() {
  if (running == nullptr) return "host, after kernel `" + std::string(last) + "`";
  const std::string turn = block().turn();
  return "kernel `" + std::string(running) + "`" + (turn.empty() ? "" : ", " + turn);
}

}  // namespace

void fail(const std::string& message) {
  std::fprintf(stderr, "CUDA emulation: %s: %s\n", what_runs().c_str(), message.c_str());
  std::abort();
}

Running::Running(const char* name) { running = last = name; }
Running::~Running() { running = nullptr; }

std::string text(uint3 v) {
  return "(" + std::to_string(v.x) + ", " + std::to_string(v.y) + ", " + std::to_string(v.z) + ")";
}

std::string text(const Place& place) {
  return std::string(place.operation) + " (" + place.file + ":" + std::to_string(place.line) + ")";
}

}  // namespace cuda_emulation
