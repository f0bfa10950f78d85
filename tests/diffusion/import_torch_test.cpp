// Files of torch.save: what PyTorch 1.13 wrote (tests/data/make_torch_files.py), and damaged ones.

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "diffusion/import/torch_file.h"
#include "tests/errors.h"

namespace ito {
namespace {

using test::error_of;
using test::expect_error;

Bytes data(const std::string& name) { return read_file(ITO_TEST_DATA "/torch/" + name); }

std::vector<Real> numbers(const TorchFile& file, const std::string& key, const Shape& shape) {
  const PickleValue* value = file.root().find(key);
  if (value == nullptr) fail("test", "no ", key);
  const auto tensor = file.tensor(*value);
  if (!tensor) fail("test", key, " is no tensor");
  EXPECT_EQ(tensor->shape, shape) << key;
  return TorchFile::read(*tensor).to_host();
}

/// begin, begin + step, ...
std::vector<Real> range(double begin, double step, int count) {
  std::vector<Real> out;
  for (int i = 0; i < count; ++i) out.push_back(static_cast<Real>(begin + step * i));
  return out;
}

void expect_all_types(const std::string& name) {
  SCOPED_TRACE(name);
  const Bytes bytes = data(name);
  const TorchFile file(bytes, name);
  // The numbers of all_types() in make_torch_files.py; all are exact in every type.
  EXPECT_EQ(numbers(file, "f32", {2, 3}), range(0, 0.25, 6));
  for (const char* real : {"f64", "f16", "bf16"}) {
    EXPECT_EQ(numbers(file, real, {6}), range(-0.5, 0.25, 6)) << real;
  }
  for (const char* integer : {"int64", "int32", "int16", "int8", "uint8"}) {
    EXPECT_EQ(numbers(file, integer, {4}), range(1, 1, 4)) << integer;
  }
  EXPECT_EQ(numbers(file, "bool", {3}), (std::vector<Real>{1, 0, 1}));
  std::vector<Real> transposed;
  for (int column = 0; column < 6; ++column) {
    for (int row = 0; row < 4; ++row) transposed.push_back(static_cast<Real>(6 * row + column) / 4);
  }
  EXPECT_EQ(numbers(file, "transposed", {6, 4}), transposed);
  EXPECT_EQ(numbers(file, "column", {4}), range(0.5, 1.5, 4));
  EXPECT_EQ(numbers(file, "slice", {4}), range(2, 0.25, 4));
  EXPECT_EQ(numbers(file, "scalar", {}), (std::vector<Real>{2.5}));
  EXPECT_EQ(numbers(file, "parameter", {2}), (std::vector<Real>{1.5, -1.5}));
}

TEST(TorchFile, ReadsEveryTypeAndView) {
  expect_all_types("types.pt");
  expect_all_types("types_legacy.pt");
}

TEST(TorchFile, ReadsDeflatedEntries) {
  const Bytes bytes = data("deflated.pt");
  const TorchFile file(bytes, "deflated.pt");
  EXPECT_EQ(numbers(file, "a", {3}), range(0, 1, 3));
  EXPECT_EQ(numbers(file, "b", {2}), range(1, 1, 2));
}

/// Everything that a reader of the file would look at.
void read_everything(const Bytes& bytes) {
  const TorchFile file(bytes, "file");
  for (const PickleValue* value : file.root().items) {
    if (const auto tensor = file.tensor(*value)) TorchFile::read(*tensor);
  }
}

/// Copies of exactly the size, so that a sanitizer sees a read past the end.
TEST(TorchFile, RefusesAFileCutAnywhere) {
  for (const char* name : {"types.pt", "types_legacy.pt", "deflated.pt"}) {
    const Bytes whole = data(name);
    read_everything(whole);
    for (std::size_t size = 0; size < whole.size(); ++size) {
      const Bytes cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
      EXPECT_NE(error_of([&] { read_everything(cut); }), "") << name << ", " << size;
    }
  }
}

/// Whatever one byte is changed to: an Error or other values, nothing else. In the ZIP container
/// the checksums cover the values.
TEST(TorchFile, SurvivesAnyChangedByte) {
  for (const char* name : {"tiny.pt", "tiny_legacy.pt", "deflated.pt"}) {
    const Bytes whole = data(name);
    for (std::size_t i = 0; i < whole.size(); ++i) {
      for (const int change : {1, 0x80, 0xff}) {
        Bytes changed = whole;
        changed[i] = static_cast<std::uint8_t>(changed[i] ^ change);
        try {
          read_everything(changed);
        } catch (const Error&) {
        }
      }
    }
  }
}

TEST(TorchFile, RefusesBadArchives) {
  const auto error = [](const std::string& name) {
    return error_of([&] { read_everything(data(name)); });
  };
  EXPECT_NE(error("bad_overlap.pt").find("overlaps"), std::string::npos);
  EXPECT_NE(error("bad_duplicate.pt").find("two entries named"), std::string::npos);
  EXPECT_NE(error("bad_size.pt").find("claims to unpack to"), std::string::npos);
  EXPECT_NE(error("bad_call.pt").find("\"os.system\""), std::string::npos);
}

// Pickles by hand, in the container of before 1.6.

std::string bytes_of(std::int64_t value, int count) {
  std::string out;
  for (int i = 0; i < count; ++i) out += static_cast<char>(value >> (8 * i) & 0xff);
  return out;
}
std::string word(const std::string& text) {
  return "X" + bytes_of(static_cast<std::int64_t>(text.size()), 4) + text;
}
std::string integer(std::int64_t value) { return "\x8a\x08" + bytes_of(value, 8); }

Bytes legacy(const std::string& pickle, const std::string& rest = "") {
  const Bytes whole = data("tiny_legacy.pt");
  const std::string header(whole.begin(), whole.end());
  const auto values = header.find("\x80\x02}q", header.find("type_sizes"));
  const std::string file = header.substr(0, values) + "\x80\x02" + pickle + "." + rest;
  return {file.begin(), file.end()};
}

/// A tensor of a storage of `count` floats, of which the file has `floats`.
Bytes tensor_file(std::int64_t count, const std::string& offset, const std::string& sizes,
                  const std::string& strides, std::int64_t floats) {
  const std::string storage = "(" + word("storage") + "ctorch\nFloatStorage\n" + word("k") +
                              word("cpu") + integer(count) + "NtQ";
  const std::string tensor =
      "ctorch._utils\n_rebuild_tensor_v2\n(" + storage + offset + sizes + strides + "\x89" + "}tR";
  const std::string keys = "\x80\x02](" + word("k") + "e.";
  return legacy("](" + tensor + "e", keys + bytes_of(count, 8) +
                                         std::string(static_cast<std::size_t>(4 * floats), '\0'));
}
std::string tuple_of(std::initializer_list<std::int64_t> values) {
  std::string out = "(";
  for (const std::int64_t value : values) out += integer(value);
  return out + "t";
}

TEST(Pickle, RefusesWhatTensorsDoNotNeed) {
  const auto refused = [](const std::string& pickle, std::string_view why) {
    expect_error([&] { read_everything(legacy(pickle)); }, {"file", why});
  };
  refused("cos\nsystem\n" + word("echo") + "\x85R", "\"os.system\"");
  refused("cbuiltins\neval\n" + word("1") + "\x85R", "\"builtins.eval\"");
  refused(word("posix") + word("system") + "\x93" + word("echo") + "\x85R", "\"posix.system\"");
  refused("(" + word("echo") + "ios\nsystem\n", "operation 105");  // INST
  refused("]Nb", "sets attributes of a list");
  refused(word("x") + ")R", "calls the text");
  refused("R", "empty stack");
  refused("t", "a mark that is not there");
  refused("h\x07", "has not kept");
  refused("](" + word("x") + "u", "sets a key of a list");
  refused("}(" + word("x") + "u", "a key without a value");
  refused("NN", "more than one value");
  refused("\x8b\x7f\x7f\x7f\x7f", "an integer of");
  refused("X\xff\xff\xff\x7f", "is truncated");
  refused("\x8d" + std::string(8, '\xff'), "is truncated");
}

TEST(Pickle, DepthCostsNoStack) {
  constexpr int depth = 300'000;
  std::string lists, tuples = ")",
                     self =
                         "]q\x01h\x01"
                         "a";
  for (int i = 0; i < depth; ++i) lists += ']';
  for (int i = 1; i < depth; ++i) lists += 'a';
  for (int i = 1; i < depth; ++i) tuples += '\x85';
  const std::string no_keys = "\x80\x02].";
  for (const std::string& pickle : {lists, tuples, self}) read_everything(legacy(pickle, no_keys));
}

TEST(Pickle, RefusesMoreValuesThanItNeeds) {
  const std::string pickle(1'000'001, 'N');
  expect_error([&] { read_everything(legacy(pickle)); }, {"more than 1000000 values"});
}

/// Without bounds each would read out of the storage or take memory that the file does not have.
TEST(TorchFile, RefusesTensorsThatDoNotFitTheirStorage) {
  const std::int64_t huge = std::int64_t{1} << 62;
  const auto refused = [](const Bytes& file, std::string_view why) {
    expect_error([&] { read_everything(file); }, {why});
  };
  const std::string zero = integer(0);
  read_everything(tensor_file(6, zero, tuple_of({2, 3}), tuple_of({3, 1}), 6));
  refused(tensor_file(6, zero, tuple_of({2, 4}), tuple_of({3, 1}), 6), "more elements");
  refused(tensor_file(6, zero, tuple_of({2, 3}), tuple_of({4, 1}), 6), "outside");
  refused(tensor_file(6, integer(1), tuple_of({2, 3}), tuple_of({3, 1}), 6), "outside");
  refused(tensor_file(6, integer(-1), tuple_of({2}), tuple_of({1}), 6), "outside");
  refused(tensor_file(6, integer(huge), tuple_of({2}), tuple_of({1}), 6), "outside");
  refused(tensor_file(6, zero, tuple_of({2, 3}), tuple_of({huge, 1}), 6), "outside");
  refused(tensor_file(6, zero, tuple_of({huge, huge}), tuple_of({0, 0}), 6), "more elements");
  refused(tensor_file(6, zero, tuple_of({huge, 4}), tuple_of({1, 1}), 6), "more elements");
  refused(tensor_file(6, zero, tuple_of({2, -3}), tuple_of({1, 1}), 6), "got -3");
  refused(tensor_file(6, zero, tuple_of({2, 3}), tuple_of({-1, 1}), 6), "got -1");
  refused(tensor_file(6, zero, tuple_of({2, 3}), tuple_of({1}), 6), "number of strides");
  refused(tensor_file(6, zero, tuple_of({0}), tuple_of({1}), 6), "empty");
  refused(tensor_file(7, zero, tuple_of({6}), tuple_of({1}), 6), "truncated");
  refused(tensor_file(5, zero, tuple_of({5}), tuple_of({1}), 6), "follow the last storage");
  refused(tensor_file(huge, zero, tuple_of({6}), tuple_of({1}), 6), "a storage of");
  refused(tensor_file(std::int64_t{1} << 45, zero, tuple_of({6}), tuple_of({1}), 6), "truncated");
}

}  // namespace
}  // namespace ito
