#include "diffusion/cli/command.h"

#include <cmath>
#include <filesystem>
#include <iomanip>
#include <sstream>
#include <thread>

#include "diffusion/training/run_folder.h"
#include "kernels/threads.h"

namespace ito::cli {

std::string checkpoint_of(const std::string& run) {
  std::error_code error;
  return std::filesystem::is_directory(run, error) ? RunFolder(run).checkpoint_path() : run;
}

void use_threads(Index threads) {
  const Index cores = std::max(1u, std::thread::hardware_concurrency());
  kernels::set_threads(static_cast<int>(threads > 0 ? threads : cores));
}

std::string grouped(Index number) {
  std::string out = std::to_string(number);
  for (Index i = static_cast<Index>(out.size()) - 3; i > (number < 0 ? 1 : 0); i -= 3) {
    out.insert(static_cast<std::size_t>(i), ",");
  }
  return out;
}

std::string bytes(double count) {
  const char* const units[] = {"bytes", "kB", "MB", "GB", "TB"};
  std::size_t unit = 0;
  while (count >= 1000 && unit + 1 < std::size(units)) count /= 1000, ++unit;
  std::ostringstream out;
  out << std::fixed << std::setprecision(unit == 0 || count >= 100 ? 0 : 1) << count << " "
      << units[unit];
  return out.str();
}

std::string duration(double seconds) {
  const auto s = static_cast<long long>(std::llround(seconds));
  std::ostringstream out;
  if (s >= 3600) out << s / 3600 << " h ";
  if (s >= 60) out << s / 60 % 60 << " min ";
  if (s < 3600) out << s % 60 << " s";
  std::string text = out.str();
  if (text.back() == ' ') text.pop_back();
  return text;
}

}  // namespace ito::cli
