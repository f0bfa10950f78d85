#include "diffusion/data/npy.h"

#include <bit>
#include <charconv>
#include <cmath>
#include <cstring>
#include <utility>

namespace ito {
namespace {

static_assert(std::endian::native == std::endian::little, "elements are stored little-endian");

constexpr std::string_view magic = "\x93NUMPY";

/// Reads the header, a Python dictionary: {'descr': '<f4', 'fortran_order': False, 'shape': (2, 3)}
class HeaderParser {
 public:
  HeaderParser(std::string_view header, const std::string& source)
      : rest_(header), source_(source) {}

  void parse() {
    expect('{');
    while (!accept('}')) {
      const std::string_view key = quoted_string();
      expect(':');
      if (key == "descr") {
        if (!next_is('\'') && !next_is('"'))
          fail("npy", source_, ": structured arrays are not read");
        type = quoted_string();
      } else if (key == "fortran_order") {
        fortran = truth();
      } else if (key == "shape") {
        shape = tuple();
        has_shape = true;
      } else {
        bad();
      }
      if (!accept(',') && !next_is('}')) bad();
    }
    skip_blanks();
    if (!rest_.empty() || type.empty() || !has_shape) bad();
  }

  std::string_view type;
  bool fortran = false;
  bool has_shape = false;
  Shape shape;

 private:
  [[noreturn]] void bad() const {
    fail("npy", source_, ": its header is damaged near ", printable(rest_.substr(0, 20)));
  }
  void skip_blanks() {
    while (!rest_.empty() && (rest_[0] == ' ' || rest_[0] == '\n')) rest_.remove_prefix(1);
  }
  bool next_is(char c) {
    skip_blanks();
    return rest_.starts_with(c);
  }
  bool accept(char c) {
    const bool found = next_is(c);
    if (found) rest_.remove_prefix(1);
    return found;
  }
  void expect(char c) {
    if (!accept(c)) bad();
  }
  std::string_view quoted_string() {
    skip_blanks();
    if (rest_.empty() || (rest_[0] != '\'' && rest_[0] != '"')) bad();
    const std::size_t end = rest_.find(rest_[0], 1);
    if (end == std::string_view::npos) bad();
    const std::string_view found = rest_.substr(1, end - 1);
    rest_.remove_prefix(end + 1);
    return found;
  }
  bool truth() {
    skip_blanks();
    const bool yes = rest_.starts_with("True");
    if (!yes && !rest_.starts_with("False")) bad();
    rest_.remove_prefix(yes ? 4 : 5);
    return yes;
  }
  Shape tuple() {
    Shape sizes;
    expect('(');
    while (!accept(')')) {
      skip_blanks();
      Index size = 0;
      const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), size);
      if (error != std::errc() || size < 0 || sizes.rank() == kernels::max_rank) bad();
      rest_.remove_prefix(static_cast<std::size_t>(end - rest_.data()));
      sizes.push_back(size);
      if (!accept(',') && !next_is(')')) bad();
    }
    return sizes;
  }

  std::string_view rest_;
  const std::string& source_;
};

/// Bytes before the header's text, and of the text; checked against the file.
std::pair<std::size_t, std::size_t> header_extent(std::span<const std::uint8_t> file,
                                                  const std::string& source) {
  if (!is_npy(file)) fail("npy", source, ": is not a .npy file");
  const std::size_t start = file.size() > 6 && file[6] == 1 ? 10 : 12;
  if (file.size() < start) fail("npy", source, ": truncated in its header");
  if (file[6] < 1 || file[6] > 3) {
    fail("npy", source, ": format version ", int{file[6]}, ", expected 1 to 3");
  }
  std::size_t length = 0;
  for (std::size_t i = start; i-- > 8;) length = length << 8 | file[i];
  if (length > file.size() - start) {
    fail("npy", source, ": truncated: the header should have ", length, " bytes, the file has ",
         file.size() - start);
  }
  return {start, length};
}

std::size_t item_bytes(std::string_view type, const std::string& source) {
  if (type == "|u1" || type == "<u1" || type == "u1") return 1;
  if (type == "<f4") return 4;
  if (type == "<f8") return 8;
  fail("npy", source, ": elements of type ", printable(type),
       ", expected u1, <f4 or <f8 (array.astype(\"<f4\") converts)");
}

void check_size(const Shape& shape, std::size_t item, std::size_t present,
                const std::string& source) {
  // Compared by division: the product of the sizes may not fit.
  std::size_t items = present / item;
  bool fits = present % item == 0;
  for (const Index size : shape) {
    if (size == 0) fail("npy", source, ": an axis of size 0 in ", shape);
    const auto divisor = static_cast<std::size_t>(size);
    fits = fits && items % divisor == 0;
    items /= divisor;
  }
  if (!fits || items != 1) {
    fail("npy", source, ": the header promises ", shape, " of ", item, " bytes each, the file has ",
         present, " bytes of data");
  }
}

template <class T>
std::vector<Real> load(std::span<const std::uint8_t> data) {
  std::vector<Real> values(data.size() / sizeof(T));
  for (std::size_t i = 0; i < values.size(); ++i) {
    T value;
    std::memcpy(&value, data.data() + i * sizeof(T), sizeof(T));
    values[i] = static_cast<Real>(value);
  }
  return values;
}

std::string header_for(const Shape& shape) {
  std::string sizes;
  for (const Index size : shape) sizes += text(sizes.empty() ? "" : ", ", size);
  if (shape.rank() == 1) sizes += ',';
  std::string header =
      text("{'descr': '<f", sizeof(Real), "', 'fortran_order': False, 'shape': (", sizes, "), }");
  constexpr std::size_t before = 10, alignment = 64;
  const std::size_t unpadded = before + header.size() + 1;
  header.append((alignment - unpadded % alignment) % alignment, ' ');
  return header + '\n';
}

}  // namespace

bool is_npy(std::span<const std::uint8_t> file) {
  return file.size() >= magic.size() && std::memcmp(file.data(), magic.data(), magic.size()) == 0;
}

NpyArray parse_npy(std::span<const std::uint8_t> file, const std::string& source) {
  const auto [start, length] = header_extent(file, source);
  HeaderParser header({reinterpret_cast<const char*>(file.data()) + start, length}, source);
  header.parse();
  if (header.fortran) {
    fail("npy", source, ": is stored in Fortran order (numpy.ascontiguousarray converts)");
  }
  const std::size_t item = item_bytes(header.type, source);
  const auto data = file.subspan(start + length);
  check_size(header.shape, item, data.size(), source);
  NpyArray array{header.shape, {}, {}};
  if (item == 1) array.bytes.assign(data.begin(), data.end());
  if (item == 4) array.reals = load<float>(data);
  if (item == 8) array.reals = load<double>(data);
  return array;
}

NpyArray read_npy(const std::string& path) { return parse_npy(read_file(path), path); }

ImageSet to_image_set(NpyArray array, const std::string& source) {
  const int rank = array.shape.rank();
  if (rank < 2 || rank > 4) {
    fail("npy", source, ": shape ", array.shape, ", expected [N, H, W, C], [N, H, W] or [N, D]");
  }
  for (const Real value : array.reals) {
    if (!std::isfinite(value)) fail("npy", source, ": holds the value ", value);
  }
  ImageSet set;
  set.source = source;
  set.count = array.shape[0];
  set.item = Shape(array.shape.begin() + 1, array.shape.end());
  if (rank == 3) set.item.push_back(1);
  set.levels = array.bytes.empty() ? 0 : 256;
  set.pixels = std::move(array.bytes);
  set.reals = std::move(array.reals);
  return set;
}

void write_npy(const std::string& path, const Tensor& values, Overwrite overwrite) {
  write_npy(path, values.shape(), values.to_host(), overwrite);
}

void write_npy(const std::string& path, const Shape& shape, std::span<const Real> values,
               Overwrite overwrite) {
  if (shape.elements() != static_cast<Index>(values.size())) {
    fail("npy", path, ": ", values.size(), " values for shape ", shape);
  }
  const std::string header = header_for(shape);
  const auto length = static_cast<std::uint16_t>(header.size());
  AtomicFile file(path, overwrite);
  file.write(magic);
  file.write(std::string_view("\x01\x00", 2));
  file.write(&length, sizeof length);
  file.write(header);
  file.write(values.data(), values.size_bytes());
  file.commit();
}

}  // namespace ito
