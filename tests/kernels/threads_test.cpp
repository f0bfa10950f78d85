// The pool: every piece once, whoever asks and however many threads there are.

#include "kernels/threads.h"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

namespace ito::kernels {
namespace {

class Threads : public testing::Test {
 protected:
  void TearDown() override { set_threads(before_); }

 private:
  const int before_ = threads();
};

template <class F>
void run(Index pieces, const F& f) {
  run_pieces(
      pieces, [](const void* context, Index i) { (*static_cast<const F*>(context))(i); }, &f);
}

/// Runs `pieces` that each count themselves; true when each has run once.
bool runs_each_once(Index pieces) {
  const auto count = static_cast<std::size_t>(pieces);
  const auto runs = std::make_unique<std::atomic<int>[]>(count);
  run(pieces, [&](Index i) { ++runs[static_cast<std::size_t>(i)]; });
  for (std::size_t i = 0; i < count; ++i) {
    if (runs[i] != 1) return false;
  }
  return true;
}

TEST_F(Threads, RunEachPieceOnce) {
  for (const int count : {1, 2, 3, 8}) {
    set_threads(count);
    for (const Index pieces : {0, 1, 2, 3, 7, 64, 1000, 65535, 65536, 200001}) {
      EXPECT_TRUE(runs_each_once(pieces)) << pieces << " pieces, " << count << " threads";
    }
  }
}

// The result of a piece is there when run_pieces returns, though nothing but the pool synchronises.
TEST_F(Threads, ResultsAreSeenAfterwards) {
  set_threads(3);
  std::vector<int> values(100);
  for (int round = 1; round <= 2000; ++round) {
    run(100, [&](Index i) { values[static_cast<std::size_t>(i)] += 1; });
    for (const int value : values) ASSERT_EQ(value, round);
  }
}

TEST_F(Threads, PiecesMayAskForPieces) {
  set_threads(2);
  std::atomic<int> inner = 0;
  run(10, [&](Index) { run(10, [&](Index) { ++inner; }); });
  EXPECT_EQ(inner, 100);
}

TEST_F(Threads, SeveralCallersAtOnce) {
  set_threads(2);
  std::atomic<int> wrong = 0;
  std::vector<std::thread> callers;
  for (int caller = 0; caller < 3; ++caller) {
    callers.emplace_back([&] {
      for (int round = 0; round < 200; ++round) wrong += runs_each_once(17) ? 0 : 1;
    });
  }
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(wrong, 0);
}

TEST_F(Threads, AreAsManyAsAsked) {
#ifdef ITO_THREADS
  set_threads(3);
  EXPECT_EQ(threads(), 3);
  set_threads(0);
#endif
  EXPECT_EQ(threads(), 1);  // the least
  const auto caller = std::this_thread::get_id();
  std::atomic<int> elsewhere = 0;
  run(1000, [&](Index) { elsewhere += std::this_thread::get_id() == caller ? 0 : 1; });
  EXPECT_EQ(elsewhere, 0);
}

}  // namespace
}  // namespace ito::kernels
