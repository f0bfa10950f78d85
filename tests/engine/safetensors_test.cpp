#include "engine/safetensors.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>

#include "engine/safetensors_dtype.h"
#include "tests/files.h"

namespace ito {
namespace {

using test::error_of;
using test::expect_error;
using test::TempFolder;

/// A file of the given header and data.
Bytes file_of(const std::string& header, const std::string& data = "") {
  Bytes bytes(8);
  const std::uint64_t length = header.size();
  std::memcpy(bytes.data(), &length, 8);
  bytes.insert(bytes.end(), header.begin(), header.end());
  bytes.insert(bytes.end(), data.begin(), data.end());
  return bytes;
}

template <class T>
std::string bytes_of(std::initializer_list<T> values) {
  return std::string(reinterpret_cast<const char*>(values.begin()), values.size() * sizeof(T));
}

SafeTensors parse(const std::string& header, const std::string& data = "") {
  return parse_safetensors(file_of(header, data), "some.safetensors");
}

void expect_refused(const std::string& header, const std::string& data,
                    std::initializer_list<std::string_view> parts) {
  SCOPED_TRACE(header);
  expect_error([&] { parse(header, data); }, parts);
  EXPECT_EQ(error_of([&] { parse(header, data); }).find("[safetensors] some.safetensors: "), 0u);
}

SafeTensors example() {
  SafeTensors contents;
  contents.metadata = {{"step", "7"}, {"config", "{\"a\": \"\xc3\xa9\"}"}};
  contents.add("weight", {2, 3}, {Real(0.1), -2, 3, 4, 5, std::numeric_limits<Real>::infinity()});
  contents.add("scalar", {}, {Real(1) / 3});
  contents.add("none", {0, 4}, {});
  contents.add_integers("order", {2}, {(std::int64_t{1} << 62) + 1, -5});
  contents.add_integers("no_integers", {0}, {});
  return contents;
}

TEST(SafeTensors, RoundTripIsExact) {
  const TempFolder folder;
  const SafeTensors written = example();
  write_safetensors(folder / "a", written, Overwrite::no);
  const SafeTensors read = read_safetensors(folder / "a");
  EXPECT_EQ(read.metadata, written.metadata);
  ASSERT_EQ(read.tensors.size(), written.tensors.size());
  for (const auto& [name, tensor] : written.tensors) {
    SCOPED_TRACE(name);
    EXPECT_EQ(read.at(name).dtype, tensor.dtype);
    EXPECT_EQ(read.at(name).shape, tensor.shape);
    EXPECT_EQ(read.at(name).values, tensor.values);
    EXPECT_EQ(read.at(name).integers, tensor.integers);
  }
}

TEST(SafeTensors, BytesDependOnContentsOnly) {
  const TempFolder folder;
  write_safetensors(folder / "a", example(), Overwrite::no);
  SafeTensors reordered;
  reordered.metadata = example().metadata;
  reordered.add_integers("order", {2}, {(std::int64_t{1} << 62) + 1, -5});
  for (const auto& [name, tensor] : example().tensors) {
    if (name != "order") reordered.tensors[name] = tensor;
  }
  write_safetensors(folder / "b", reordered, Overwrite::no);
  EXPECT_EQ(read_file(folder / "a"), read_file(folder / "b"));
  EXPECT_EQ(read_file(folder / "a").size() % 4, 0u);
}

TEST(SafeTensors, FormatIsTheDocumentedOne) {
  const TempFolder folder;
  SafeTensors contents;
  contents.metadata["k"] = "v";
  contents.add_integers("n", {1}, {258});
  write_safetensors(folder / "a", contents, Overwrite::no);
  // 8 bytes of length, a header padded by blanks to whole words, 258 = 0x0102 little-endian.
  std::string header =
      R"({"__metadata__":{"k":"v"},"n":{"dtype":"I64","shape":[1],"data_offsets":[0,8]}})";
  header.resize((header.size() + 7) / 8 * 8, ' ');
  EXPECT_EQ(read_file(folder / "a"), file_of(header, std::string("\x02\x01\0\0\0\0\0\0", 8)));
}

TEST(SafeTensors, WritingIsAtomicAndRefusesToOverwrite) {
  const TempFolder folder;
  write_safetensors(folder / "a", example(), Overwrite::no);
  const Bytes before = read_file(folder / "a");
  expect_error([&] { write_safetensors(folder / "a", {}, Overwrite::no); }, {"exists"});
  SafeTensors large;
  large.add("x", {100'000}, std::vector<Real>(100'000));
  const std::string message = test::error_with_file_limit(
      50'000, [&] { write_safetensors(folder / "a", large, Overwrite::yes); });
  EXPECT_NE(message.find("File too large"), std::string::npos) << message;
  EXPECT_EQ(read_file(folder / "a"), before);
  EXPECT_EQ(folder.entries(), 1);
}

TEST(SafeTensors, EveryTypeIsConverted) {
  const auto read = [](const std::string& dtype, const std::string& data, std::size_t count) {
    return parse(text(R"({"x":{"dtype":")", dtype, R"(","shape":[)", count,
                      R"(],"data_offsets":[0,)", data.size(), "]}}"),
                 data)
        .at("x");
  };
  using Values = std::vector<Real>;
  EXPECT_EQ(read("F64", bytes_of({0.5, -3.0}), 2).values, (Values{0.5, -3}));
  EXPECT_EQ(read("F32", bytes_of({0.5f, -3.0f}), 2).values, (Values{0.5, -3}));
  EXPECT_EQ(read("F16", bytes_of<std::uint16_t>({0x3800, 0xc200}), 2).values, (Values{0.5, -3}));
  EXPECT_EQ(read("BF16", bytes_of<std::uint16_t>({0x3f00, 0xc040}), 2).values, (Values{0.5, -3}));
  EXPECT_EQ(read("I64", bytes_of<std::int64_t>({5, -3}), 2).values, (Values{5, -3}));
  EXPECT_EQ(read("I32", bytes_of<std::int32_t>({5, -3}), 2).values, (Values{5, -3}));
  EXPECT_EQ(read("I16", bytes_of<std::int16_t>({5, -3}), 2).values, (Values{5, -3}));
  EXPECT_EQ(read("I8", bytes_of<std::int8_t>({5, -3}), 2).values, (Values{5, -3}));
  EXPECT_EQ(read("U8", bytes_of<std::uint8_t>({5, 253}), 2).values, (Values{5, 253}));
  EXPECT_EQ(read("BOOL", bytes_of<std::uint8_t>({1, 0}), 2).values, (Values{1, 0}));
  const std::int64_t large = (std::int64_t{1} << 60) + 1;
  EXPECT_EQ(read("I64", bytes_of({large}), 1).integers, std::vector<std::int64_t>{large});
}

TEST(SafeTensors, HalfPrecision) {
  EXPECT_EQ(half_to_float(0x0001), std::ldexp(1.0f, -24));     // smallest subnormal
  EXPECT_EQ(half_to_float(0x03ff), std::ldexp(1023.0f, -24));  // largest subnormal
  EXPECT_EQ(half_to_float(0x0400), std::ldexp(1.0f, -14));     // smallest normal
  EXPECT_EQ(half_to_float(0x7bff), 65504.0f);                  // largest
  EXPECT_EQ(half_to_float(0xfc00), -std::numeric_limits<float>::infinity());
  EXPECT_TRUE(std::isnan(half_to_float(0x7e00)));
  EXPECT_TRUE(std::signbit(half_to_float(0x8000)));
  // Finite positive halves grow with their bits.
  for (std::uint16_t bits = 0; bits < 0x7c00; ++bits) {
    ASSERT_LT(half_to_float(bits), half_to_float(static_cast<std::uint16_t>(bits + 1)));
  }
}

TEST(SafeTensors, LookUpErrors) {
  const SafeTensors contents = example();
  EXPECT_EQ(contents.tensor("weight", {2, 3}).to_host(), contents.at("weight").values);
  expect_error(
      [&] {
        contents.tensor("weight", {3, 2});
      },
      {"\"weight\"", "expected shape [3, 2]", "got [2, 3]"});
  expect_error([&] { contents.at("absent"); }, {"no tensor \"absent\""});
  expect_error([&] { contents.meta("absent"); }, {"no metadata \"absent\""});
  SafeTensors copy = contents;
  expect_error([&] { copy.add("weight", {1}, {1}); }, {"\"weight\"", "there already"});
  expect_error([&] { copy.add("short", {2}, {1}); }, {"\"short\"", "[2]", "1 elements"});
}

TEST(SafeTensors, MissingFile) {
  const TempFolder folder;
  expect_error([&] { read_safetensors(folder / "gone"); }, {"gone", "No such file"});
}

TEST(SafeTensors, EveryTruncationIsAnError) {
  const TempFolder folder;
  write_safetensors(folder / "a", example(), Overwrite::no);
  const Bytes whole = read_file(folder / "a");
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const std::span<const std::uint8_t> part(whole.data(), size);
    EXPECT_THROW(parse_safetensors(part, "part"), Error) << size;
  }
  Bytes longer = whole;
  longer.push_back(0);
  expect_error([&] { parse_safetensors(longer, "longer"); }, {"longer", "1 bytes more"});
}

TEST(SafeTensors, LyingHeaderLength) {
  Bytes file = file_of("{}");
  file[2] = 1;  // 65,538
  expect_error([&] { parse_safetensors(file, "f"); }, {"truncated", "65538 bytes", "has 2"});
  file.assign(file.size(), 0xff);
  expect_error([&] { parse_safetensors(file, "f"); }, {"18446744073709551615", "limit"});
}

std::string entry(const std::string& name, const std::string& shape, const std::string& offsets,
                  const std::string& dtype = "F32") {
  return text("\"", name, R"(":{"dtype":")", dtype, R"(","shape":)", shape, R"(,"data_offsets":)",
              offsets, "}");
}

TEST(SafeTensors, DamagedJson) {
  expect_refused("", "", {"not a JSON object"});
  expect_refused("[]", "", {"not a JSON object"});
  expect_refused("{\"a\":", "", {"not valid JSON"});
  expect_refused("{\"a\xff\":{}}", "", {"not valid JSON"});
  expect_refused("{} x", "", {"not valid JSON"});
  expect_refused("{\"a\":" + std::string(100'000, '['), "", {"nested too deeply"});
  expect_refused(R"({"a":{"b":{"c":{}}}})", "", {"nested too deeply"});
  expect_refused(R"({"__metadata__":[]})", "", {"__metadata__ is not"});
  expect_refused(R"({"__metadata__":{"step":7}})", "", {"\"step\"", "expected a string"});
}

TEST(SafeTensors, NamesThatOccurTwice) {
  const std::string x = entry("x", "[0]", "[0,0]");
  expect_refused("{" + x + "," + x + "}", "", {"\"x\" occurs twice"});
  expect_refused(R"({"__metadata__":{"k":"1","k":"2"}})", "", {"\"k\" occurs twice"});
  expect_refused(R"({"x":{"dtype":"F32","dtype":"F64","shape":[0],"data_offsets":[0,0]}})", "",
                 {"\"dtype\" occurs twice"});
  EXPECT_EQ(parse("{" + x + "," + entry("y", "[0]", "[0,0]") + "}").tensors.size(), 2u);
}

TEST(SafeTensors, DamagedEntries) {
  const std::string data(8, '\0');
  expect_refused("{\"x\":3}", "", {"tensor \"x\"", "expected an object"});
  expect_refused(R"({"x":{"shape":[2],"data_offsets":[0,8]}})", data, {"\"x\"", "no dtype"});
  expect_refused(R"({"x":{"dtype":"F32","data_offsets":[0,8]}})", data, {"\"x\"", "no shape"});
  expect_refused(R"({"x":{"dtype":"F32","shape":[2]}})", data, {"\"x\"", "no data_offsets"});
  expect_refused(R"({"x":{"dtype":5,"shape":[2],"data_offsets":[0,8]}})", data, {"not a string"});
  expect_refused("{" + entry("x", "[2]", "[0,8]", "F8") + "}", data,
                 {"\"x\"", "unknown dtype \"F8\"", "F64, F32, F16, BF16, I64"});
  expect_refused("{" + entry("x", "2", "[0,8]") + "}", data, {"shape", "expected a list"});
  expect_refused("{" + entry("x", "[-2]", "[0,8]") + "}", data, {"shape", "whole numbers"});
  expect_refused("{" + entry("x", "[2.0]", "[0,8]") + "}", data, {"shape", "whole numbers"});
  expect_refused("{" + entry("x", "[1,1,1,1,1,1,1,1,2]", "[0,8]") + "}", data, {"too long"});
  expect_refused("{" + entry("x", "[2]", "[0]") + "}", data, {"two numbers"});
}

TEST(SafeTensors, OffsetsThatDoNotFit) {
  const std::string data(8, '\0');
  expect_refused("{" + entry("x", "[2]", "[8,0]") + "}", data, {"\"x\"", "backwards"});
  expect_refused("{" + entry("x", "[4]", "[0,16]") + "}", data,
                 {"\"x\"", "ends at byte 16", "holds 8 bytes", "truncated"});
  expect_refused("{" + entry("x", "[3]", "[0,8]") + "}", data,
                 {"\"x\"", "[3] of F32 needs 12 bytes", "give 8"});
  expect_refused("{" + entry("x", "[4294967296,4294967296]", "[0,8]") + "}", data, {"overflows"});
  expect_refused("{" + entry("x", "[0,4294967296,4294967296]", "[0,0]") + "}", "", {"overflows"});
  expect_refused("{" + entry("x", "[18446744073709551615]", "[0,8]") + "}", data, {"overflows"});
  expect_refused("{" + entry("x", "[1,1,1,1,1,1,1,1,2]", "[0,8]") + "}", data,
                 {"\"x\"", "9 numbers is too long"});
  expect_refused("{" + entry("x", "[99999999999999999999]", "[0,8]") + "}", data, {"whole"});
  expect_refused("{" + entry("x", "[2]", "[0,8]") + "," + entry("y", "[1]", "[4,8]") + "}", data,
                 {"\"y\"", "begins at byte 4", "inside"});
  expect_refused("{" + entry("x", "[1]", "[4,8]") + "}", data, {"\"x\"", "gap"});
  expect_refused("{" + entry("x", "[1]", "[0,4]") + "}", data, {"4 bytes more"});
}

}  // namespace
}  // namespace ito
