#include "engine/free_ranges.h"

#include <iterator>

namespace ito {

void FreeRanges::insert(char* start, std::size_t bytes) {
  free_.emplace(start, bytes);
  by_size_.emplace(bytes, start);
}

FreeRanges::ByAddress::iterator FreeRanges::erase(ByAddress::iterator range) {
  by_size_.erase({range->second, range->first});
  return free_.erase(range);
}

void FreeRanges::add_segment(char* start, std::size_t bytes) {
  segments_.emplace(start, bytes);
  insert(start, bytes);
}

char* FreeRanges::take(std::size_t bytes) {
  const auto best = by_size_.lower_bound({bytes, nullptr});
  if (best == by_size_.end()) return nullptr;
  const auto [size, start] = *best;
  erase(free_.find(start));
  if (size > bytes) insert(start + bytes, size - bytes);
  return start;
}

void FreeRanges::give_back(char* start, std::size_t bytes) {
  // Neighbours join, but not across the start of a segment.
  auto next = free_.lower_bound(start);
  if (next != free_.end() && next->first == start + bytes && !segments_.contains(next->first)) {
    bytes += next->second;
    next = erase(next);
  }
  if (next != free_.begin() && !segments_.contains(start)) {
    const auto before = std::prev(next);
    if (before->first + before->second == start) {
      start = before->first;
      bytes += before->second;
      erase(before);
    }
  }
  insert(start, bytes);
}

std::vector<std::pair<char*, std::size_t>> FreeRanges::drop_free_segments() {
  std::vector<std::pair<char*, std::size_t>> dropped;
  for (auto segment = segments_.begin(); segment != segments_.end();) {
    const auto range = free_.find(segment->first);
    if (range == free_.end() || range->second != segment->second) {
      ++segment;
      continue;
    }
    erase(range);
    dropped.emplace_back(*segment);
    segment = segments_.erase(segment);
  }
  return dropped;
}

}  // namespace ito
