#include <gtest/gtest.h>

#include "diffusion/data/npy.h"
#include "diffusion/data/open.h"
#include "diffusion/data/picture.h"
#include "tests/diffusion/data_formats.h"
#include "tests/files.h"

namespace ito {
namespace {

using test::cifar_of;
using test::expect_error;
using test::gzip_of;
using test::idx_of;
using test::TempFolder;

TEST(OpenImages, Digits) {
  const Dataset data = open_images("digits");
  EXPECT_EQ(data.train.count, 1500);
  EXPECT_EQ(data.held_out.count, 297);
  // The fixed split stays, whatever number is asked for.
  EXPECT_EQ(open_images("digits", {.held_out = 10}).held_out.count, 297);
}

TEST(OpenImages, FilesAreKnownByTheirContents) {
  const TempFolder folder;
  write_file(folder / "a", idx_of({5, 2, 2}), Overwrite::no);
  write_file(folder / "b", gzip_of(idx_of({5, 2, 2, 3})), Overwrite::no);
  write_file(folder / "c.bin", cifar_of(2), Overwrite::no);
  write_file(folder / "d.bin.gz", gzip_of(cifar_of(3)), Overwrite::no);
  write_npy(folder / "e", Shape{3, 2}, std::vector<Real>(6), Overwrite::no);
  write_png(folder / "f", {2, 2, 1, {1, 2, 3, 4}}, Overwrite::no);
  EXPECT_EQ(open_images(folder / "a").train.item, (Shape{2, 2, 1}));
  EXPECT_EQ(open_images(folder / "b").train.item, (Shape{2, 2, 3}));
  EXPECT_EQ(open_images(folder / "c.bin").train.count, 2);
  EXPECT_EQ(open_images(folder / "d.bin.gz").train.count, 3);
  EXPECT_EQ(open_images(folder / "e").train.item, (Shape{2}));
  EXPECT_EQ(open_images(folder / "f").train.pixels, (Bytes{1, 2, 3, 4}));
  const Dataset split = open_images(folder / "a", {.held_out = 2});
  EXPECT_EQ(split.train.count, 3);
  EXPECT_EQ(split.held_out.count, 2);
}

TEST(OpenImages, Folders) {
  const TempFolder folder;
  create_folders(folder / "mnist");
  write_file(folder / "mnist/train-images-idx3-ubyte.gz", gzip_of(idx_of({5, 2, 2})),
             Overwrite::no);
  write_file(folder / "mnist/train-labels-idx1-ubyte.gz", gzip_of(idx_of({5})), Overwrite::no);
  EXPECT_EQ(open_images(folder / "mnist").train.labels.size(), 5u);
  write_file(folder / "mnist/t10k-images-idx3-ubyte", idx_of({3, 2, 2}), Overwrite::no);
  EXPECT_EQ(open_images(folder / "mnist").held_out.count, 3);
  write_file(folder / "mnist/t10k-images-idx3-ubyte", idx_of({3, 2, 3}), Overwrite::yes);
  expect_error([&] { open_images(folder / "mnist"); }, {"t10k", "[2, 3, 1]", "[2, 2, 1]"});

  create_folders(folder / "cifar");
  write_file(folder / "cifar/data_batch_1.bin", cifar_of(4), Overwrite::no);
  EXPECT_EQ(open_images(folder / "cifar").train.count, 4);

  create_folders(folder / "pictures");
  write_png(folder / "pictures/a.png", {4, 4, 1, Bytes(16, 9)}, Overwrite::no);
  EXPECT_EQ(open_images(folder / "pictures", {.size = 2}).train.item, (Shape{2, 2, 1}));
}

TEST(OpenImages, ErrorsListWhatIsUnderstood) {
  const TempFolder folder;
  const char* const list = "IDX images, .npy arrays and CIFAR-10 .bin files";
  expect_error([&] { open_images(folder / "gone"); }, {"gone", "no such file", "\"digits\"", list});
  expect_error([&] { open_images(folder.path()); },
               {folder.path(), "nothing in this folder", list});
  write_file(folder / "a.txt", "text", Overwrite::no);
  expect_error([&] { open_images(folder / "a.txt"); }, {"a.txt", "unknown kind", list});
  write_file(folder / "a.gz", gzip_of({1, 2, 3}), Overwrite::no);
  expect_error([&] { open_images(folder / "a.gz"); }, {"a.gz", "unknown kind", list});
  write_file(folder / "cut.gz", Bytes{0x1f, 0x8b, 8}, Overwrite::no);
  expect_error([&] { open_images(folder / "cut.gz"); }, {"cut.gz", "truncated"});
}

}  // namespace
}  // namespace ito
