// Reading safetensors: nothing in the header is believed before it is checked against the bytes
// that are there.

#include <algorithm>
#include <cstring>
#include <nlohmann/json.hpp>
#include <set>
#include <tuple>

#include "engine/safetensors.h"
#include "engine/safetensors_dtype.h"

namespace ito {
namespace {

using nlohmann::json;

constexpr const char* metadata_key = "__metadata__";
constexpr std::size_t longest_header = 100'000'000;
constexpr std::size_t largest_rank = 8;

/// A tensor's place in the data, after its own entry has been checked.
struct Entry {
  std::string name;
  const StoredType* type = nullptr;
  Shape shape;
  std::size_t elements = 0;
  std::size_t begin = 0, end = 0;
};

class Reader {
 public:
  Reader(std::span<const std::uint8_t> file, const std::string& source)
      : file_(file), source_(source) {}

  SafeTensors read() {
    SafeTensors result;
    result.source = source_;
    std::vector<Entry> entries = read_header(result);
    check_coverage(entries);
    for (const Entry& entry : entries) {
      StoredTensor& stored = result.tensors[entry.name];
      stored.dtype = entry.type->name;
      stored.shape = entry.shape;
      entry.type->convert(data_.data() + entry.begin, entry.elements, stored);
    }
    return result;
  }

 private:
  template <class... Parts>
  [[noreturn]] void bad(const Parts&... parts) const {
    fail("safetensors", source_, ": ", parts...);
  }

  std::vector<Entry> read_header(SafeTensors& result) {
    const json header = parse_json(header_text());
    std::vector<Entry> entries;
    for (const auto& [name, value] : header.items()) {
      if (name == metadata_key) {
        read_metadata(value, result.metadata);
      } else {
        entries.push_back(read_entry(name, value));
      }
    }
    return entries;
  }

  /// Splits the file into header and data.
  std::string_view header_text() {
    constexpr std::size_t prefix = 8;
    if (file_.size() < prefix) {
      bad("truncated: expected at least ", prefix, " bytes, found ", file_.size());
    }
    std::uint64_t length = 0;
    std::memcpy(&length, file_.data(), prefix);
    if (length > longest_header) {
      bad("header length ", length, " is over the limit of ", longest_header,
          " (is this a safetensors file?)");
    }
    if (length > file_.size() - prefix) {
      bad("truncated: the header should have ", length, " bytes, the file has ",
          file_.size() - prefix, " after the length");
    }
    data_ = file_.subspan(prefix + length);
    return {reinterpret_cast<const char*>(file_.data()) + prefix, length};
  }

  /// The header as JSON: an object, no name twice, no deeper than a list within an entry.
  json parse_json(std::string_view header) const {
    if (!header.starts_with('{')) bad("the header is not a JSON object");
    constexpr int deepest = 2;
    std::set<std::string> seen[deepest];  // names at depth 1 and 2 of the object being read
    const auto check = [&](int depth, json::parse_event_t event, json& parsed) {
      using Event = json::parse_event_t;
      if (event == Event::object_start || event == Event::array_start) {
        if (depth > deepest) bad("the header is nested too deeply");
        if (event == Event::object_start && depth < deepest) seen[depth].clear();
      } else if (event == Event::key && depth >= 1 && depth <= deepest) {
        const auto& name = parsed.get_ref<const std::string&>();
        if (!seen[depth - 1].insert(name).second)
          bad("the name ", printable(name), " occurs twice");
      }
      return true;
    };
    try {
      return json::parse(header, check);
    } catch (const json::exception& error) {
      const std::string_view what = error.what();
      bad("the header is not valid JSON: ",
          printable(what.substr(std::min(what.size(), what.find(']') + 2))));
    }
  }

  void read_metadata(const json& value, std::map<std::string, std::string>& metadata) const {
    if (!value.is_object()) bad("__metadata__ is not a JSON object");
    for (const auto& [key, item] : value.items()) {
      if (!item.is_string()) {
        bad("metadata ", printable(key), ": expected a string, found a ", item.type_name());
      }
      metadata[key] = item.get<std::string>();
    }
  }

  Entry read_entry(const std::string& name, const json& value) const {
    Entry entry;
    entry.name = name;
    const std::string tensor = "tensor " + printable(name);
    if (!value.is_object()) bad(tensor, ": expected an object, found a ", value.type_name());
    const json& dtype = member(value, "dtype", tensor);
    if (!dtype.is_string()) bad(tensor, ": dtype is not a string");
    entry.type = stored_type(dtype.get_ref<const std::string&>());
    if (entry.type == nullptr) {
      bad(tensor, ": unknown dtype ", printable(dtype.get_ref<const std::string&>()),
          " (known: ", stored_type_names(), ")");
    }
    read_shape(entry, numbers(member(value, "shape", tensor), tensor + ": shape"), tensor);
    read_offsets(entry, numbers(member(value, "data_offsets", tensor), tensor + ": data_offsets"),
                 tensor);
    return entry;
  }

  const json& member(const json& value, const char* key, const std::string& tensor) const {
    const auto found = value.find(key);
    if (found == value.end()) bad(tensor, ": has no ", key);
    return *found;
  }

  std::vector<std::uint64_t> numbers(const json& value, const std::string& what) const {
    if (!value.is_array()) bad(what, ": expected a list, found a ", value.type_name());
    if (value.size() > largest_rank)
      bad(what, ": a list of ", value.size(), " numbers is too long");
    std::vector<std::uint64_t> result;
    for (const json& item : value) {
      if (!item.is_number_unsigned()) bad(what, ": expected whole numbers of at least 0");
      result.push_back(item.get<std::uint64_t>());
    }
    return result;
  }

  void read_shape(Entry& entry, const std::vector<std::uint64_t>& sizes,
                  const std::string& tensor) const {
    // The elements cannot be more than the bytes of the data: this bound also rules out overflow.
    std::uint64_t elements = 1, product_of_nonzero = 1;
    for (const std::uint64_t size : sizes) {
      constexpr std::uint64_t largest = std::uint64_t{1} << 62;
      if (size > 0 && product_of_nonzero > largest / entry.type->bytes / size) {
        bad(tensor, ": its shape overflows");
      }
      elements *= size;
      if (size > 0) product_of_nonzero *= size;
      entry.shape.push_back(static_cast<Index>(size));
    }
    entry.elements = elements;
  }

  void read_offsets(Entry& entry, const std::vector<std::uint64_t>& offsets,
                    const std::string& tensor) const {
    if (offsets.size() != 2) bad(tensor, ": data_offsets should be two numbers");
    entry.begin = offsets[0];
    entry.end = offsets[1];
    if (entry.begin > entry.end) bad(tensor, ": data_offsets run backwards");
    if (entry.end > data_.size()) {
      bad(tensor, ": its data ends at byte ", entry.end, ", the file holds ", data_.size(),
          " bytes of data (truncated?)");
    }
    const std::size_t expected = entry.elements * entry.type->bytes;
    if (entry.end - entry.begin != expected) {
      bad(tensor, ": shape ", entry.shape, " of ", entry.type->name, " needs ", expected,
          " bytes, data_offsets give ", entry.end - entry.begin);
    }
  }

  void check_coverage(std::vector<Entry>& entries) const {
    std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
      return std::tie(a.begin, a.end, a.name) < std::tie(b.begin, b.end, b.name);
    });
    std::size_t covered = 0;
    for (const Entry& entry : entries) {
      if (entry.begin != covered) {
        bad("tensor ", printable(entry.name), ": its data begins at byte ", entry.begin,
            entry.begin < covered ? ", inside the tensor before it, which ends at "
                                  : ", leaving a gap after ",
            covered);
      }
      covered = entry.end;
    }
    if (covered != data_.size()) {
      bad("the tensors end at byte ", covered, " of the data, the file has ",
          data_.size() - covered, " bytes more");
    }
  }

  std::span<const std::uint8_t> file_;
  std::span<const std::uint8_t> data_;
  const std::string& source_;
};

}  // namespace

SafeTensors parse_safetensors(std::span<const std::uint8_t> file, const std::string& source) {
  return Reader(file, source).read();
}

SafeTensors read_safetensors(const std::string& path) {
  return parse_safetensors(read_file(path), path);
}

}  // namespace ito
