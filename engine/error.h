#pragma once
// The one exception of ito, and the one way to throw it.

#include <sstream>
#include <stdexcept>
#include <string>

namespace ito {

/// Something that the user or the caller can mend. The message reads
/// "[where] what was expected, what was found".
class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Parts written one after another, as to a stream.
template <class... Parts>
std::string text(const Parts&... parts) {
  std::ostringstream out;
  (out << ... << parts);
  return out.str();
}

/// Throws Error with the message "[where] parts...".
template <class... Parts>
[[noreturn]] void fail(const char* where, const Parts&... parts) {
  throw Error(text("[", where, "] ", parts...));
}

}  // namespace ito
