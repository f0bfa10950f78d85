#pragma once
// Ctrl-C as a question that long work asks itself.

namespace ito::cli {

/// From now on the first SIGINT or SIGTERM only sets a flag; a second one ends the program.
void catch_interrupts();
bool interrupted_by_user();

}  // namespace ito::cli
