#pragma once
// The parity runner: replays reference files and says how close it comes.

#include <iosfwd>
#include <string>
#include <vector>

namespace ito::reference {

/// Runs with the arguments of the program, without its name; `--help` lists them. Returns the exit
/// code: 0 if nothing failed, 1 if something failed, 2 for a wrong use.
int run(const std::vector<std::string>& arguments, std::ostream& out, std::ostream& err);

}  // namespace ito::reference
