#include "diffusion/cli/interrupt.h"

#include <csignal>

namespace ito::cli {
namespace {

volatile std::sig_atomic_t flag = 0;

}  // namespace

void catch_interrupts() {
  struct sigaction action {};
  action.sa_handler = [](int) { flag = 1; };
  // Without SA_RESTART a write could be cut short by the signal.
  action.sa_flags = static_cast<int>(SA_RESETHAND | SA_RESTART);
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

bool interrupted_by_user() { return flag != 0; }

}  // namespace ito::cli
