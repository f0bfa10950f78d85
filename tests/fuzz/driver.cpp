// Drives the fuzz target without libFuzzer: a fixed number of inputs, mutated from seed files by a
// fixed generator, so that a run repeats exactly and works with any compiler and sanitizer.
//
//   ito_fuzz_readers COUNT SEED_FILE...      tries the seeds, then COUNT mutations of them
//   ito_fuzz_readers 0 FILE                  tries one file

#include <sys/resource.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "engine/file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

using ito::Bytes;

/// SplitMix64.
class Generator {
 public:
  explicit Generator(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next() {
    std::uint64_t z = state_ += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }
  /// In 0, ..., bound - 1.
  std::size_t below(std::size_t bound) { return next() % bound; }

 private:
  std::uint64_t state_;
};

/// Half of all places are among the first 64 bytes, where headers are.
std::size_t place(const Bytes& bytes, Generator& random) {
  const std::size_t bound =
      random.below(2) == 0 ? std::min<std::size_t>(64, bytes.size()) : bytes.size();
  return random.below(bound);
}

void splice(Bytes& bytes, const Bytes& other, Generator& random) {
  const std::size_t from = random.below(other.size());
  const std::size_t count = std::min(other.size() - from, 1 + random.below(64));
  const auto begin = other.begin() + static_cast<std::ptrdiff_t>(from);
  bytes.insert(bytes.begin() + static_cast<std::ptrdiff_t>(place(bytes, random)), begin,
               begin + static_cast<std::ptrdiff_t>(count));
}

void mutate_once(Bytes& bytes, const Bytes& other, Generator& random) {
  const std::size_t at = place(bytes, random);
  const auto here = bytes.begin() + static_cast<std::ptrdiff_t>(at);
  const std::uint8_t telling[] = {0,   1,   0x7f, 0x80, 0xff, '0', '9',
                                  '[', ']', '{',  '}',  '"',  ',', '-'};
  switch (random.below(7)) {
    case 0:
      bytes[at] = static_cast<std::uint8_t>(bytes[at] ^ (1u << random.below(8)));
      break;
    case 1:
      bytes[at] = static_cast<std::uint8_t>(random.next());
      break;
    case 2:
      bytes[at] = telling[random.below(std::size(telling))];
      break;
    case 3:
      bytes.resize(at + 1);
      break;
    case 4:
      std::fill_n(here, std::min<std::size_t>(8, bytes.size() - at), telling[random.below(5)]);
      break;
    case 5:
      bytes.erase(here, here + static_cast<std::ptrdiff_t>(
                                   std::min(bytes.size() - at - 1, random.below(16))));
      break;
    default:
      splice(bytes, other, random);
      break;
  }
}

void try_input(const Bytes& bytes, const std::string& name) {
  // A copy of exactly this size, so that a sanitizer sees a read past the end.
  const Bytes exact(bytes.begin(), bytes.end());
  try {
    LLVMFuzzerTestOneInput(exact.data(), exact.size());
  } catch (const std::exception& error) {
    std::ofstream("fuzz_failure.bin", std::ios::binary)
        .write(reinterpret_cast<const char*>(exact.data()),
               static_cast<std::streamsize>(exact.size()));
    std::printf("%s: %s escaped (input in fuzz_failure.bin)\n", name.c_str(), error.what());
    std::exit(1);
  }
}

/// Without a sanitizer (they reserve terabytes), lets a reader that believes a lying header run out
/// of memory: std::bad_alloc then escapes it.
void limit_memory() {
#ifndef ITO_SANITIZE
  const rlimit limit{rlim_t{512} << 20, rlim_t{512} << 20};
  setrlimit(RLIMIT_DATA, &limit);
#endif
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    std::puts("usage: ito_fuzz_readers COUNT SEED_FILE...");
    return 2;
  }
  limit_memory();
  std::vector<Bytes> seeds;
  for (int i = 2; i < argc; ++i) {
    seeds.push_back(ito::read_file(argv[i]));
    try_input(seeds.back(), argv[i]);
  }
  Generator random(1);
  const long count = std::strtol(argv[1], nullptr, 10);
  for (long i = 0; i < count; ++i) {
    Bytes bytes = seeds[random.below(seeds.size())];
    const Bytes& other = seeds[random.below(seeds.size())];
    for (std::size_t n = 1 + random.below(4); n > 0; --n) mutate_once(bytes, other, random);
    try_input(bytes, "input " + std::to_string(i));
  }
  std::printf("%zu seeds, %ld mutations: only ito::Error came out\n", seeds.size(), count);
  return 0;
}
