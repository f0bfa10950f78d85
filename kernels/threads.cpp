#include "kernels/threads.h"

#ifdef ITO_THREADS

#include <algorithm>
#include <atomic>
#include <mutex>
#include <system_error>
#include <thread>

namespace ito::kernels {
namespace {

constexpr int most_threads = 1024;
constexpr Index most_chunks = 0xffff;

/// How often a waiting thread looks before it sleeps: for 50 to 200 us by the processor. Longer
/// than the time between two kernels of a network, shorter than what would be missed elsewhere.
constexpr int looks = 4000;

inline void pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

/// Waits until `value` is no longer `old`: looks for a while, then sleeps.
void wait_for_change(const std::atomic<int>& value, int old) {
  for (int i = 0; i < looks; ++i) {
    if (value.load(std::memory_order_acquire) != old) return;
    pause();
  }
  value.wait(old, std::memory_order_acquire);
}

/// The chunks [begin, end) of job number `job` that a thread has yet to begin. All in one word: one
/// compare-and-swap claims a chunk, and fails if the job is over and another has taken its place.
struct alignas(8) Share {
  std::uint32_t job = 0;
  std::uint16_t begin = 0, end = 0;
};
static_assert(std::atomic<Share>::is_always_lock_free);

struct alignas(64) ShareOfThread {
  std::atomic<Share> share;
};

/// One job at a time. Its fields change only when all its chunks are done, so whoever has claimed a
/// chunk has read the fields of the job that the chunk belongs to.
class Pool {
 public:
  void set_threads(int threads) {
    const std::scoped_lock lock(busy_);
    threads_ = std::clamp(threads, 1, most_threads);
  }
  int threads() const { return threads_; }

  /// False when another thread has the pool.
  bool run(Index pieces, void (*f)(const void*, Index), const void* context) {
    const std::unique_lock lock(busy_, std::try_to_lock);
    if (!lock) return false;
    start_workers();
    publish(pieces, f, context);
    work(0);
    for (int left = unfinished_; left > 0; left = unfinished_) wait_for_change(unfinished_, left);
    return true;
  }

 private:
  void start_workers() {
    try {
      for (; workers_ < threads_ - 1; ++workers_) {
        std::thread([this, me = workers_ + 1] { serve(me); }).detach();
      }
    } catch (const std::system_error&) {
      threads_ = workers_ + 1;  // as many as the system allows
    }
  }

  void publish(Index pieces, void (*f)(const void*, Index), const void* context) {
    const Index per_chunk = (pieces + most_chunks - 1) / most_chunks;
    const Index chunks = (pieces + per_chunk - 1) / per_chunk;
    f_ = f;
    context_ = context;
    pieces_ = pieces;
    per_chunk_ = per_chunk;
    unfinished_ = static_cast<int>(chunks);
    ++job_;
    active_ = threads_;
    for (Index i = 0; i < threads_; ++i) {
      const auto cut = [&](Index part) {
        return static_cast<std::uint16_t>(part * chunks / threads_);
      };
      shares_[i].share = Share{job_, cut(i), cut(i + 1)};
    }
    jobs_.fetch_add(1);
    jobs_.notify_all();
  }

  /// A worker's life. It is never joined: a process may end, or fork, whenever it likes.
  void serve(int me) {
    for (int seen = jobs_;; seen = jobs_) {
      if (me < active_) work(me);
      wait_for_change(jobs_, seen);
    }
  }

  /// Does chunks of the thread's own share, in order, then of the others', from their ends.
  void work(int me) {
    working_ = true;
    while (do_one(shares_[me].share, true)) {
    }
    const int all = active_;
    for (int i = 1; i < all; ++i) {
      while (do_one(shares_[(me + i) % all].share, false)) {
      }
    }
    working_ = false;
  }

  /// Claims one chunk and does it; false when there is none.
  bool do_one(std::atomic<Share>& from, bool first) {
    Share share = from;
    for (;;) {
      if (share.begin >= share.end) return false;
      const auto f = f_.load();
      const void* context = context_;
      const Index pieces = pieces_, per_chunk = per_chunk_;
      const Index chunk = first ? share.begin : share.end - 1;
      Share rest = share;
      if (first) {
        ++rest.begin;
      } else {
        --rest.end;
      }
      if (!from.compare_exchange_weak(share, rest)) continue;
      const Index end = std::min(pieces, (chunk + 1) * per_chunk);
      for (Index i = chunk * per_chunk; i < end; ++i) f(context, i);
      if (unfinished_.fetch_sub(1) == 1) unfinished_.notify_one();
      return true;
    }
  }

 public:
  static thread_local bool working_;  ///< this thread is inside a piece

 private:
  std::mutex busy_;
  int threads_ = std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  int workers_ = 0;  ///< threads started, besides the caller
  std::uint32_t job_ = 0;

  std::atomic<void (*)(const void*, Index)> f_ = nullptr;
  std::atomic<const void*> context_ = nullptr;
  std::atomic<Index> pieces_ = 0, per_chunk_ = 1;
  std::atomic<int> active_ = 0;                  ///< threads with a share in the job
  alignas(64) std::atomic<int> jobs_ = 0;        ///< changes with every job; workers wait for it
  alignas(64) std::atomic<int> unfinished_ = 0;  ///< chunks; the caller waits for 0
  ShareOfThread shares_[most_threads];
};

thread_local bool Pool::working_ = false;

/// Never destroyed, since workers may look at it to the end.
Pool& pool() {
  static Pool& only = *new Pool;
  return only;
}

}  // namespace

void set_threads(int threads) { pool().set_threads(threads); }
int threads() { return pool().threads(); }

void run_pieces(Index pieces, void (*f)(const void* context, Index piece), const void* context) {
  const bool shared = pieces > 1 && !Pool::working_ && threads() > 1;
  if (shared && pool().run(pieces, f, context)) return;
  for (Index i = 0; i < pieces; ++i) f(context, i);
}

}  // namespace ito::kernels

#else

namespace ito::kernels {

void set_threads(int /*threads*/) {}
int threads() { return 1; }

void run_pieces(Index pieces, void (*f)(const void* context, Index piece), const void* context) {
  for (Index i = 0; i < pieces; ++i) f(context, i);
}

}  // namespace ito::kernels

#endif
