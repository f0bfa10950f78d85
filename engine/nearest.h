#pragma once
// What a mistyped name was probably meant to be.

#include <string>
#include <string_view>
#include <vector>

namespace ito {

/// The known name with the fewest single-character insertions, deletions and replacements away from
/// `name`, if these are at most a third of its length (at least 2); else "".
std::string nearest(std::string_view name, const std::vector<std::string>& known);

/// For the end of a message about an unknown name: "; did you mean X?", or "; known are X, Y, Z".
std::string did_you_mean(std::string_view name, const std::vector<std::string>& known);

}  // namespace ito
