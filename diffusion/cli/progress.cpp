#include "diffusion/cli/progress.h"

#include <unistd.h>

#include <iostream>

#include "diffusion/cli/command.h"

namespace ito::cli {
namespace {

constexpr Index bar_width = 24;

std::string bar(Index done, Index total) {
  const Index filled = total > 0 ? done * bar_width / total : bar_width;
  return "[" + std::string(static_cast<std::size_t>(filled), '#') +
         std::string(static_cast<std::size_t>(bar_width - filled), '.') + "]";
}

}  // namespace

Progress::Progress(std::string what, Index total, Index done)
    : what_(std::move(what)), total_(total), began_at_(done), terminal_(::isatty(1) == 1) {}

Progress::~Progress() { clear(); }

double Progress::seconds_left(Index done) const {
  const double seconds = std::chrono::duration<double>(Clock::now() - start_).count();
  return seconds * static_cast<double>(total_ - done) /
         static_cast<double>(std::max<Index>(done - began_at_, 1));
}

void Progress::clear() {
  if (drawn_) std::cout << "\r\033[K" << std::flush;
  drawn_ = false;
}

void Progress::update(Index done, const std::string& numbers) {
  const auto now = Clock::now();
  if (!terminal_ || (now - last_ < std::chrono::milliseconds(100) && done < total_)) return;
  last_ = now;
  std::cout << "\r\033[K" << what_ << " " << bar(done, total_) << " " << done << "/" << total_
            << "  " << numbers << "  " << duration(seconds_left(done)) << " left" << std::flush;
  drawn_ = true;
}

void Progress::line(const std::string& text) {
  clear();
  std::cout << text << std::endl;
}

}  // namespace ito::cli
