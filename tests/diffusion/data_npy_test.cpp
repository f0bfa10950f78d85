#include <gtest/gtest.h>

#include <cstring>
#include <limits>

#include "diffusion/data/npy.h"
#include "tests/diffusion/data_formats.h"
#include "tests/files.h"

namespace ito {
namespace {

using test::expect_error;
using test::npy_of;
using test::TempFolder;
using Values = std::vector<Real>;

template <class T>
Bytes bytes_of(std::initializer_list<T> values) {
  Bytes bytes(values.size() * sizeof(T));
  std::memcpy(bytes.data(), values.begin(), bytes.size());
  return bytes;
}

std::string header(const std::string& type, const std::string& shape,
                   const std::string& fortran = "False") {
  return "{'descr': '" + type + "', 'fortran_order': " + fortran + ", 'shape': " + shape +
         ", }  \n";
}

TEST(Npy, ReadsEveryTypeAndVersion) {
  for (std::uint8_t version = 1; version <= 3; ++version) {
    const NpyArray f4 =
        parse_npy(npy_of(header("<f4", "(3,)"), bytes_of({0.5f, 1.0f, -2.0f}), version), "x");
    EXPECT_EQ(f4.shape, (Shape{3}));
    EXPECT_EQ(f4.reals, (Values{0.5, 1, -2}));
  }
  const NpyArray f8 = parse_npy(npy_of(header("<f8", "(1, 2)"), bytes_of({0.1, 2.0})), "x");
  EXPECT_EQ(f8.shape, (Shape{1, 2}));
  EXPECT_EQ(f8.reals, (Values{static_cast<Real>(0.1), 2}));
  const NpyArray u1 = parse_npy(npy_of(header("|u1", "(2, 1)"), {7, 255}), "x");
  EXPECT_EQ(u1.bytes, (Bytes{7, 255}));
  EXPECT_EQ(parse_npy(npy_of(header("<f4", "()"), bytes_of({3.0f})), "x").shape, Shape{});
}

TEST(Npy, WrittenFileIsWhatNumPyWrites) {
  const TempFolder folder;
  const Values values = {1, 2, 3, 4, 5, Real(0.1)};
  write_npy(folder / "x.npy", Tensor({2, 3}, values), Overwrite::no);
  const Bytes file = read_file(folder / "x.npy");
  std::string expected =
      text("{'descr': '<f", sizeof(Real), "', 'fortran_order': False, 'shape': (2, 3), }");
  expected.resize(117, ' ');  // 10 bytes before, a newline after: 128, as NumPy aligns
  Bytes data(values.size() * sizeof(Real));
  std::memcpy(data.data(), values.data(), data.size());
  EXPECT_EQ(file, npy_of(expected + "\n", data));
  EXPECT_EQ(read_npy(folder / "x.npy").reals, values);
  expect_error([&] { write_npy(folder / "x.npy", Shape{6}, values, Overwrite::no); }, {"exists"});
  expect_error([&] { write_npy(folder / "y.npy", Shape{5}, values, Overwrite::no); },
               {"6 values for shape [5]"});
}

TEST(Npy, ImageSets) {
  const ImageSet images = to_image_set({{2, 1, 2, 1}, {1, 2, 3, 4}, {}}, "x");
  EXPECT_EQ(images.item, (Shape{1, 2, 1}));
  EXPECT_EQ(images.levels, 256);
  EXPECT_EQ(images.count, 2);
  EXPECT_EQ(to_image_set({{2, 1, 2}, {1, 2, 3, 4}, {}}, "x").item, (Shape{1, 2, 1}));
  const ImageSet points = to_image_set({{2, 2}, {}, {1, 2, 3, 4}}, "x");
  EXPECT_EQ(points.item, (Shape{2}));
  EXPECT_EQ(points.levels, 0);
  expect_error([] { to_image_set({{4}, {1, 2, 3, 4}, {}}, "x"); }, {"x", "[4]", "[N, D]"});
  const Real nan = std::numeric_limits<Real>::quiet_NaN();
  expect_error([&] { to_image_set({{1, 2}, {}, {1, nan}}, "x"); }, {"x", "nan"});
}

TEST(Npy, OtherLayoutsSayHowToConvert) {
  expect_error([] { parse_npy(npy_of(header("<f4", "(1,)", "True"), Bytes(4)), "a.npy"); },
               {"a.npy", "Fortran order", "ascontiguousarray"});
  for (const char* type : {">f4", "<i8", "<c8", "|O", "<f2"}) {
    expect_error([&] { parse_npy(npy_of(header(type, "(1,)"), Bytes(8)), "a.npy"); },
                 {"a.npy", type, "expected u1, <f4 or <f8"});
  }
  expect_error(
      [] {
        parse_npy(npy_of("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }", {}),
                  "a.npy");
      },
      {"structured"});
}

TEST(Npy, DamagedFiles) {
  const Bytes whole = npy_of(header("<f4", "(3,)"), Bytes(12));
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const std::span<const std::uint8_t> part(whole.data(), size);
    EXPECT_THROW(parse_npy(part, "part"), Error) << size;
  }
  Bytes longer = whole;
  longer.push_back(0);
  expect_error([&] { parse_npy(longer, "f"); }, {"f", "[3]", "13 bytes"});
  expect_error([] { parse_npy(npy_of(header("<f4", "(3,)"), Bytes(12), 4), "f"); }, {"version 4"});
  for (const char* damaged :
       {"", "{", "{}", "{'descr'}", "{'descr': '<f4', 'shape': (3,)", "{'shape': (3,)}",
        "{'descr': '<f4', 'fortran_order': Maybe, 'shape': (3,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (-3,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (3.5,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (1,1,1,1,1,1,1,1,3)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (3,)} x"}) {
    expect_error([&] { parse_npy(npy_of(damaged, Bytes(12)), "f"); }, {"f", "header is damaged"});
  }
}

TEST(Npy, LyingSizes) {
  for (const char* shape : {"(4,)", "(2,)", "(4611686018427387904, 4, 3)", "(3, 0)",
                            "(4294967296, 4294967296)", "(9223372036854775807,)"}) {
    EXPECT_THROW(parse_npy(npy_of(header("<f4", shape), Bytes(12)), "f"), Error) << shape;
  }
}

}  // namespace
}  // namespace ito
