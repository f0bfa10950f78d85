// IDX, CIFAR-10 and gzip.

#include <gtest/gtest.h>

#include "diffusion/data/cifar.h"
#include "diffusion/data/gzip.h"
#include "diffusion/data/idx.h"
#include "tests/diffusion/data_formats.h"
#include "tests/files.h"

namespace ito {
namespace {

using test::cifar_of;
using test::expect_error;
using test::gzip_of;
using test::idx_of;
using test::TempFolder;

TEST(Gzip, RoundTripAndMembers) {
  Bytes bytes;
  for (unsigned i = 0; i < 300'000; ++i) bytes.push_back(static_cast<std::uint8_t>(i * i >> 7));
  EXPECT_EQ(unzip(gzip_of(bytes), "x"), bytes);
  Bytes two = gzip_of({1, 2});
  const Bytes second = gzip_of({3});
  two.insert(two.end(), second.begin(), second.end());
  EXPECT_EQ(unzip(two, "x"), (Bytes{1, 2, 3}));
}

TEST(Gzip, DamageIsAnError) {
  const Bytes packed = gzip_of(idx_of({3, 4, 5}));
  for (std::size_t size = 2; size < packed.size(); ++size) {
    const std::span<const std::uint8_t> part(packed.data(), size);
    expect_error([&] { unzip(part, "part.gz"); }, {"part.gz", "truncated"});
  }
  Bytes damaged = packed;
  damaged[damaged.size() - 5] ^= 1;  // the checksum
  expect_error([&] { unzip(damaged, "bad.gz"); }, {"bad.gz", "damaged"});
  expect_error([] { unzip(Bytes{1, 2, 3}, "plain"); }, {"plain", "not a gzip"});
}

TEST(Gzip, BombStopsAtTheLimit) {
  const Bytes bomb = gzip_of(Bytes(10'000'000));
  ASSERT_LT(bomb.size(), 20'000u);
  expect_error([&] { unzip(bomb, "bomb.gz", 1'000'000); }, {"bomb.gz", "limit of 1000000"});
}

TEST(Idx, Images) {
  const ImageSet grey = parse_idx_images(idx_of({2, 3, 4}), "x");
  EXPECT_EQ(grey.count, 2);
  EXPECT_EQ(grey.item, (Shape{3, 4, 1}));
  ASSERT_EQ(grey.pixels.size(), 24u);
  EXPECT_EQ(grey.pixels[23], 23);
  EXPECT_EQ(grey.levels, 256);
  EXPECT_EQ(parse_idx_images(idx_of({2, 3, 4, 3}), "x").item, (Shape{3, 4, 3}));
}

TEST(Idx, FilesWithLabelsBesideThem) {
  const TempFolder folder;
  const std::string path = folder / "t-images-idx3-ubyte.gz";
  write_file(path, gzip_of(idx_of({4, 2, 2})), Overwrite::no);
  EXPECT_TRUE(read_idx(path).labels.empty());
  write_file(folder / "t-labels-idx1-ubyte", idx_of({4}), Overwrite::no);
  EXPECT_EQ(read_idx(path).labels, (std::vector<int>{0, 1, 2, 3}));
  EXPECT_EQ(read_idx(path).pixels.size(), 16u);
  write_file(folder / "t-labels-idx1-ubyte", idx_of({5}), Overwrite::yes);
  expect_error([&] { read_idx(path); }, {"t-labels-idx1-ubyte", "5 labels", "4 images", path});
}

TEST(Idx, EveryTruncationAndSurplusIsAnError) {
  const Bytes whole = idx_of({2, 3, 4});
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const std::span<const std::uint8_t> part(whole.data(), size);
    EXPECT_THROW(parse_idx_images(part, "part"), Error) << size;
  }
  Bytes longer = whole;
  longer.push_back(0);
  expect_error([&] { parse_idx_images(longer, "f"); }, {"f", "[2, 3, 4]", "24 bytes", "has 25"});
}

TEST(Idx, LyingHeaders) {
  const auto with = [](std::size_t at, std::uint8_t byte) {
    Bytes file = idx_of({2, 3, 4});
    file[at] = byte;
    return file;
  };
  expect_error([&] { parse_idx_images(with(4, 0xff), "f"); },
               {"f", "truncated", "[4278190082, 3, 4]", "24 bytes"});
  expect_error([&] { parse_idx_images(with(7, 3), "f"); }, {"truncated", "[3, 3, 4]"});
  expect_error([&] { parse_idx_images(with(7, 1), "f"); }, {"12 bytes", "has 24"});
  expect_error([&] { parse_idx_images(with(7, 0), "f"); }, {"size 0"});
  expect_error([&] { parse_idx_images(with(2, 0x0d), "f"); }, {"type 13", "expected bytes"});
  expect_error([&] { parse_idx_images(with(3, 9), "f"); }, {"9 axes"});
  expect_error([&] { parse_idx_images(with(0, 1), "f"); }, {"not an IDX file"});
  // Sizes whose product wraps round to 0 in 64 bits.
  Bytes wraps = {0, 0, 8, 4};
  for (int axis = 0; axis < 4; ++axis) wraps.insert(wraps.end(), {0x80, 0, 0, 0});
  wraps.insert(wraps.end(), 24, 0);
  expect_error([&] { parse_idx_images(wraps, "f"); }, {"truncated"});
  expect_error([] { parse_idx_images(idx_of({7}), "f"); }, {"1 axis", "expected images"});
  expect_error([] { parse_idx_labels(idx_of({2, 2, 2}), "f"); }, {"3 axes", "expected labels"});
}

TEST(Cifar, PlanesBecomeChannels) {
  const ImageSet set = parse_cifar10(cifar_of(12), "x");
  EXPECT_EQ(set.count, 12);
  EXPECT_EQ(set.item, (Shape{32, 32, 3}));
  EXPECT_EQ(set.labels[11], 1);
  const std::size_t image = std::size_t{11} * 3072;
  EXPECT_EQ(set.pixels[image], 11);
  EXPECT_EQ(set.pixels[image + 1], 12);
  EXPECT_EQ(set.pixels[image + 2], 13);
  for (std::size_t c = 0; c < 3; ++c) EXPECT_EQ(set.pixels[image + std::size_t{32} * 3 + c], 77);
}

TEST(Cifar, BadFiles) {
  Bytes file = cifar_of(2);
  file.pop_back();
  expect_error([&] { parse_cifar10(file, "b.bin"); }, {"b.bin", "6145 bytes", "multiple of 3073"});
  expect_error([] { parse_cifar10({}, "b.bin"); }, {"0 bytes"});
  file = cifar_of(2);
  file[3073] = 10;
  expect_error([&] { parse_cifar10(file, "b.bin"); }, {"image 1", "label 10"});
}

TEST(Cifar, Folder) {
  const TempFolder folder;
  EXPECT_FALSE(is_cifar10_folder(folder.path()));
  expect_error([&] { read_cifar10_folder(folder.path()); }, {folder.path(), "data_batch_"});
  write_file(folder / "data_batch_2.bin", cifar_of(1), Overwrite::no);
  write_file(folder / "data_batch_1.bin.gz", gzip_of(cifar_of(3)), Overwrite::no);
  EXPECT_EQ(read_cifar10_folder(folder.path()).held_out.count, 0);
  write_file(folder / "test_batch.bin", cifar_of(2), Overwrite::no);
  const Dataset data = read_cifar10_folder(folder.path());
  EXPECT_EQ(data.train.labels, (std::vector<int>{0, 1, 2, 0}));
  EXPECT_EQ(data.train.pixels.size(), 4u * 3072);
  EXPECT_EQ(data.held_out.count, 2);
  expect_error([&] { is_cifar10_folder(folder / "none"); }, {"none", "No such file"});
}

}  // namespace
}  // namespace ito
