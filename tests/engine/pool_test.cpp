// The pool's bookkeeping of free memory, against a map of every byte.

#include "engine/pool.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "engine/free_ranges.h"
#include "engine/random.h"

namespace ito {
namespace {

/// Takes and gives back at random, and marks who holds each byte.
TEST(FreeRanges, HandsOutEachByteOnceAndJoinsWhatComesBack) {
  std::vector<char> memory(4096);
  std::vector<int> holder(memory.size(), 0);
  FreeRanges ranges;
  ranges.add_segment(memory.data(), 2048);
  ranges.add_segment(memory.data() + 2048, 2048);  // a neighbour, but never joined to the first
  struct Block {
    char* start;
    std::size_t bytes;
  };
  std::vector<Block> blocks;
  const auto mark = [&](const Block& block, int expected, int owner) {
    for (std::size_t i = 0; i < block.bytes; ++i) {
      int& at = holder[static_cast<std::size_t>(block.start - memory.data()) + i];
      ASSERT_EQ(at, expected);
      at = owner;
    }
  };
  const std::vector<Index> draws = integer_per_image(4000, 512, {.seed = 1});
  for (std::size_t i = 0; i < draws.size(); ++i) {
    const auto draw = static_cast<std::size_t>(draws[i]);
    if (draw % 2 == 0 || blocks.empty()) {
      const Block block = {ranges.take(draw + 1), draw + 1};
      if (block.start == nullptr) continue;
      mark(block, 0, 1);
      blocks.push_back(block);
    } else {
      std::swap(blocks[draw % blocks.size()], blocks.back());
      mark(blocks.back(), 1, 0);
      ranges.give_back(blocks.back().start, blocks.back().bytes);
      blocks.pop_back();
    }
  }
  EXPECT_FALSE(blocks.empty());
  for (const Block& block : blocks) ranges.give_back(block.start, block.bytes);
  EXPECT_EQ(ranges.take(2049), nullptr);  // the segments stayed two
  EXPECT_EQ(ranges.take(2048), memory.data());
  EXPECT_EQ(ranges.drop_free_segments().size(), 1U);
  EXPECT_EQ(ranges.take(1), nullptr);
}

TEST(FreeRanges, PrefersTheSmallestRangeThatFits) {
  std::vector<char> memory(1000);
  FreeRanges ranges;
  ranges.add_segment(memory.data(), 1000);
  char* const a = ranges.take(300);
  char* const b = ranges.take(100);
  char* const c = ranges.take(200);
  ASSERT_EQ(ranges.take(100), c + 200);
  ranges.give_back(a, 300);
  ranges.give_back(c, 200);  // free: 300 at a, 200 at c, 300 at the end
  EXPECT_EQ(ranges.take(150), c);
  EXPECT_EQ(ranges.take(250), a);
  EXPECT_EQ(b, a + 300);
}

#ifndef ITO_SANITIZE
TEST(Pool, ALoopAsksTheSystemOnce) {
  const auto round = [] {
    std::vector<Tensor> held;
    for (const Index n : {1, 17, 5000, 100000, 70000}) {
      held.push_back(Tensor::zeros({n}));
      held.push_back(held.back().clone());
      held.erase(held.begin());
    }
  };
  round();
  const std::uint64_t before = memory_use(Device::cpu).allocations;
  for (int i = 0; i < 10; ++i) round();
  EXPECT_EQ(memory_use(Device::cpu).allocations, before);
}
#endif

TEST(Pool, CountsWhatTensorsHold) {
  const std::size_t before = memory_use(Device::cpu).current;
  {
    const Tensor x = Tensor::zeros({1 << 20});
    EXPECT_EQ(memory_use(Device::cpu).current, before + (sizeof(Real) << 20));
    EXPECT_GE(memory_use(Device::cpu).peak, memory_use(Device::cpu).current);
  }
  EXPECT_EQ(memory_use(Device::cpu).current, before);
}

}  // namespace
}  // namespace ito
