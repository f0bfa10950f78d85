#pragma once
// Which parts of some memory are free: best fit with splitting, neighbours joined again. So a
// training step, which asks for the same sizes each time in the same order, needs little more than
// what it holds at its peak.

#include <cstddef>
#include <map>
#include <set>
#include <utility>
#include <vector>

namespace ito {

class FreeRanges {
 public:
  /// Adds a segment of memory, all of it free.
  void add_segment(char* start, std::size_t bytes);

  /// The start of the smallest free range that is large enough (the lowest one of several), cut to
  /// `bytes`; null when there is none.
  char* take(std::size_t bytes);

  /// Makes a taken range free again.
  void give_back(char* start, std::size_t bytes);

  /// Forgets the segments of which nothing is taken, and returns their starts and sizes.
  std::vector<std::pair<char*, std::size_t>> drop_free_segments();

 private:
  using ByAddress = std::map<char*, std::size_t>;
  void insert(char* start, std::size_t bytes);
  ByAddress::iterator erase(ByAddress::iterator range);

  ByAddress segments_;
  ByAddress free_;                                   ///< start -> size
  std::set<std::pair<std::size_t, char*>> by_size_;  ///< the same ranges
};

}  // namespace ito
