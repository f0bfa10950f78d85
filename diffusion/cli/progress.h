#pragma once
// What the user sees of long work: on a terminal a bar that is redrawn, elsewhere a plain line now
// and then.

#include <chrono>
#include <string>

#include "kernels/types.h"

namespace ito::cli {

class Progress {
 public:
  /// `done` of `total` are done already.
  Progress(std::string what, Index total, Index done = 0);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  bool on_terminal() const { return terminal_; }
  /// Redraws the bar (a few times a second; nothing elsewhere): share done, `numbers`, time left.
  void update(Index done, const std::string& numbers);
  /// A line of its own, above the bar.
  void line(const std::string& text);

 private:
  using Clock = std::chrono::steady_clock;
  void clear();
  double seconds_left(Index done) const;

  std::string what_;
  Index total_, began_at_;
  bool terminal_;
  bool drawn_ = false;
  Clock::time_point start_ = Clock::now();
  Clock::time_point last_ = start_ - std::chrono::seconds(1);
};

}  // namespace ito::cli
