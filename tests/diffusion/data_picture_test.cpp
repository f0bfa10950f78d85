// PNG, JPEG, resizing, grids, folders of pictures.

#include <gtest/gtest.h>

#include <algorithm>

#include "diffusion/data/folder.h"
#include "diffusion/data/grid.h"
#include "diffusion/data/picture.h"
#include "tests/files.h"

namespace ito {
namespace {

using test::expect_error;
using test::TempFolder;

const std::string pictures = std::string(ITO_TEST_DATA) + "/pictures/";

Picture picture_of(Index height, Index width, Index channels, int seed = 0) {
  Picture picture{height, width, channels, {}};
  for (Index i = 0; i < height * width * channels; ++i) {
    picture.pixels.push_back(static_cast<std::uint8_t>((i + seed) * 29));
  }
  return picture;
}

void expect_same(const Picture& a, const Picture& b) {
  EXPECT_EQ(a.height, b.height);
  EXPECT_EQ(a.width, b.width);
  EXPECT_EQ(a.channels, b.channels);
  EXPECT_EQ(a.pixels, b.pixels);
}

TEST(Png, RoundTrip) {
  for (const Index channels : {1, 3}) {
    const Picture picture = picture_of(5, 7, channels);
    expect_same(decode_png(encode_png(picture), "x"), picture);
    EXPECT_EQ(encode_png(picture), encode_png(picture));
  }
  expect_error([] { encode_png(picture_of(2, 2, 2)); }, {"1 or 3 channels", "got 2"});
}

TEST(Png, SaysWhatItIsTold) {
  const Picture picture = picture_of(5, 7, 3);
  const PngText text = {{"Software", "ito"}, {"how", "a \"b\"\nc"}, {"nothing", ""}};
  const Bytes file = encode_png(picture, text);
  expect_same(decode_png(file, "x"), picture);
  EXPECT_EQ(read_png_text(file, "x"), text);
  EXPECT_EQ(read_png_text(encode_png(picture), "x"), PngText());
  // A chunk as zlib's crc32 of another program makes it: length, type, keyword, zero, text,
  // checksum.
  const std::uint8_t chunk[] = {0,   0,   0,   12,  't', 'E', 'X', 't', 'S', 'o', 'f', 't',
                                'w', 'a', 'r', 'e', 0,   'i', 't', 'o', 196, 196, 5,   211};
  const auto at = std::ranges::search(file, chunk);
  EXPECT_FALSE(at.empty());

  Bytes damaged = file;
  damaged[static_cast<std::size_t>(at.begin() - file.begin()) + 18] ^= 1;
  expect_error([&] { read_png_text(damaged, "this.png"); }, {"this.png", "damaged"});
  damaged = file;
  damaged.resize(60);
  expect_error([&] { read_png_text(damaged, "this.png"); }, {"this.png", "truncated"});
  expect_error([] { read_png_text(Bytes{1, 2, 3}, "this.png"); }, {"is no PNG"});
  expect_error([&] { encode_png(picture, {{"a", "\xc3\xa4"}}); }, {"ASCII"});
  expect_error([&] { encode_png(picture, {{"", "a"}}); }, {"keyword"});
}

TEST(Png, KindsOfPixels) {
  // RGBA on white: opaque, transparent, (128 * 0 + 127 * 255) / 255, and a quarter (64 / 255).
  const Picture rgba = read_picture(pictures + "rgba.png");
  EXPECT_EQ(rgba.pixels, (Bytes{255, 0, 0, 255, 255, 255, 127, 127, 127, 216, 241, 191}));
  EXPECT_EQ(read_picture(pictures + "palette.png").pixels,
            (Bytes{10, 20, 30, 200, 100, 50, 255, 255, 255}));
  EXPECT_EQ(read_picture(pictures + "grey16.png").pixels, (Bytes{0, 128, 255}));
  EXPECT_EQ(read_picture(pictures + "grey1.png").pixels, (Bytes{0, 255, 0}));
  const Picture grey = read_picture(pictures + "grey_alpha.png");
  EXPECT_EQ(grey.channels, 1);
  EXPECT_EQ(grey.pixels, (Bytes{0, 127}));
}

TEST(Png, EveryTruncationIsAnError) {
  const Bytes whole = encode_png(picture_of(6, 6, 3));
  // The last 12 bytes are the empty chunk that ends the file.
  for (std::size_t size = 0; size + 12 < whole.size(); ++size) {
    const std::span<const std::uint8_t> part(whole.data(), size);
    expect_error([&] { decode_png(part, "part.png"); }, {"[png] part.png: "});
  }
}

TEST(Png, LyingSize) {
  Bytes file = encode_png(picture_of(6, 6, 3));
  file[18] = 0x10;  // width 4102; the checksum of the header no longer fits either
  expect_error([&] { decode_png(file, "lie.png"); }, {"[png] lie.png: "});
}

#ifdef ITO_JPEG

TEST(Jpeg, FlatAreasAreExact) {
  // In flat 8x8 blocks only the rounding of the mean and of the colour space is lost: at most 2.
  const Picture grey = read_picture(pictures + "grey.jpg");
  EXPECT_EQ(grey.channels, 1);
  ASSERT_EQ(grey.pixels.size(), 256u);
  EXPECT_NEAR(grey.pixels[0], 64, 2);
  EXPECT_NEAR(grey.pixels[255], 192, 2);
  const Picture colour = read_picture(pictures + "colour.jpg");
  EXPECT_EQ(colour.channels, 3);
  ASSERT_EQ(colour.pixels.size(), 768u);
  EXPECT_NEAR(colour.pixels[0], 200, 2);
  EXPECT_NEAR(colour.pixels[1], 100, 2);
  EXPECT_NEAR(colour.pixels[767], 50, 2);
  EXPECT_EQ(read_picture(pictures + "progressive.jpg").pixels.size(), 768u);
}

TEST(Jpeg, EveryTruncationIsAnError) {
  for (const char* name : {"colour.jpg", "progressive.jpg"}) {
    const Bytes whole = read_file(pictures + name);
    // Without the two bytes of the end marker alone the picture is whole; libjpeg still warns.
    for (std::size_t size = 0; size < whole.size(); ++size) {
      const std::span<const std::uint8_t> part(whole.data(), size);
      expect_error([&] { decode_jpeg(part, "part.jpg"); }, {"[jpeg] part.jpg: "});
    }
  }
}

TEST(Jpeg, OtherColoursAndLyingSizes) {
  expect_error([] { read_picture(pictures + "cmyk.jpg"); }, {"cmyk.jpg", "4 colour components"});
  Bytes file = read_file(pictures + "grey.jpg");
  const Bytes frame = {0xff, 0xc0};
  const auto at = std::search(file.begin(), file.end(), frame.begin(), frame.end());
  ASSERT_NE(at, file.end());
  at[5] = 0x20;  // height 8208, width 8208
  at[7] = 0x20;
  expect_error([&] { decode_jpeg(file, "lie.jpg"); }, {"lie.jpg", "8208x8208", "limit"});
  at[5] = 0x10;
  at[7] = 0x10;
  expect_error([&] { decode_jpeg(file, "lie.jpg"); }, {"lie.jpg", "cannot hold 4112x4112"});
}

#else

TEST(Jpeg, BuildsWithoutItSaySo) {
  expect_error([] { read_picture(pictures + "grey.jpg"); }, {"grey.jpg", "without libjpeg"});
}

#endif

TEST(Picture, OtherFiles) {
  const TempFolder folder;
  write_file(folder / "a.png", "GIF89a", Overwrite::no);
  expect_error([&] { read_picture(folder / "a.png"); }, {"a.png", "neither PNG nor JPEG"});
  write_png(folder / "b.png", picture_of(1, 1, 1), Overwrite::no);
  expect_error([&] { write_png(folder / "b.png", picture_of(1, 1, 1), Overwrite::no); },
               {"b.png", "exists"});
}

TEST(Picture, ResizingKeepsWhatItShould) {
  // To its own size: itself. By a whole factor: means of blocks. A constant: that constant.
  const Picture square = picture_of(4, 4, 3);
  expect_same(crop_and_resize(square, 4), square);
  const Picture four{4, 4, 1, {0, 2, 10, 20, 4, 6, 30, 40, 1, 1, 0, 0, 1, 2, 0, 1}};
  EXPECT_EQ(crop_and_resize(four, 2).pixels, (Bytes{3, 25, 1, 0}));  // 3, 25, 1.25, 0.25
  const Picture constant{5, 5, 1, Bytes(25, 93)};
  EXPECT_EQ(crop_and_resize(constant, 3).pixels, Bytes(9, 93));
  EXPECT_EQ(crop_and_resize(constant, 8).pixels, Bytes(64, 93));
  // 3 -> 2: the first of two pixels covers one and a half old ones: (0 + 30 / 2) / 1.5 = 10.
  const Picture three{3, 3, 1, {0, 30, 90, 0, 30, 90, 0, 30, 90}};
  EXPECT_EQ(crop_and_resize(three, 2).pixels, (Bytes{10, 70, 10, 70}));
}

TEST(Picture, CropsToTheMiddle) {
  const Picture wide{2, 6, 1, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}};
  EXPECT_EQ(crop_and_resize(wide, 2).pixels, (Bytes{2, 3, 8, 9}));
  const Picture tall{3, 1, 1, {1, 2, 3}};
  EXPECT_EQ(crop_and_resize(tall, 1).pixels, Bytes{2});
}

TEST(Grid, PlacesZoomsAndClamps) {
  const Tensor x({3, 1, 2, 1}, {0, 1, Real(0.5), -4, 7, Real(0.2)});
  const Picture grid = image_grid(x, {.columns = 2, .zoom = 2, .padding = 1});
  EXPECT_EQ(grid.height, 7);  // 2 rows of 2, 3 lines of padding
  EXPECT_EQ(grid.width, 11);  // 2 columns of 4, 3 lines of padding
  const auto at = [&](Index row, Index column) {
    return int{grid.pixels[static_cast<std::size_t>(row * grid.width + column)]};
  };
  EXPECT_EQ(at(0, 0), 255);
  EXPECT_EQ(at(1, 1), 0);
  EXPECT_EQ(at(2, 4), 255);
  EXPECT_EQ(at(1, 6), 128);  // 127.5 is rounded up
  EXPECT_EQ(at(1, 9), 0);
  EXPECT_EQ(at(4, 1), 255);
  EXPECT_EQ(at(5, 3), 51);
  EXPECT_EQ(at(5, 7), 255);  // no fourth image
}

TEST(Grid, CentredRangeAndErrors) {
  const Tensor x({1, 1, 3, 1}, {-1, 0, 1});
  const GridOptions options{.padding = 0, .range = Range::centered};
  EXPECT_EQ(image_grid(x, options).pixels, (Bytes{0, 128, 255}));
  expect_error([] { image_grid(Tensor::zeros({2, 3})); }, {"[n, H, W, 1 or 3]", "[2, 3]"});
  expect_error([] { image_grid(Tensor::zeros({1, 2, 2, 2})); }, {"[1, 2, 2, 2]"});
  expect_error([&] { image_grid(x, {.zoom = 0}); }, {"zoom 0"});
  const TempFolder folder;
  write_image_grid(folder / "grid.png", x, options, Overwrite::no);
  EXPECT_EQ(read_picture(folder / "grid.png").pixels, (Bytes{0, 128, 255}));
  expect_error([&] { write_image_grid(folder / "none/grid.png", x, options, Overwrite::no); },
               {"none/grid.png", "No such file"});
}

TEST(Folder, ReadsInOrderOfPath) {
  const TempFolder folder;
  create_folders(folder / "sub");
  create_folders(folder / ".hidden");
  write_png(folder / "b.PNG", picture_of(2, 3, 3, 1), Overwrite::no);
  write_png(folder / "a.png", picture_of(2, 3, 3, 2), Overwrite::no);
  write_png(folder / "sub/c.png", picture_of(2, 3, 3, 3), Overwrite::no);
  write_png(folder / ".hidden/d.png", picture_of(9, 9, 1), Overwrite::no);
  write_file(folder / "notes.txt", "x", Overwrite::no);
  const ImageSet set = read_folder(folder.path());
  EXPECT_EQ(set.count, 3);
  EXPECT_EQ(set.item, (Shape{2, 3, 3}));
  Bytes expected;
  for (const int seed : {2, 1, 3}) {
    const Picture picture = picture_of(2, 3, 3, seed);
    expected.insert(expected.end(), picture.pixels.begin(), picture.pixels.end());
  }
  EXPECT_EQ(set.pixels, expected);
}

TEST(Folder, MixedSizesNeedSize) {
  const TempFolder folder;
  write_png(folder / "a.png", picture_of(4, 4, 1), Overwrite::no);
  write_png(folder / "b.png", picture_of(4, 4, 1), Overwrite::no);
  write_png(folder / "c.png", picture_of(6, 5, 1), Overwrite::no);
  expect_error([&] { read_folder(folder.path()); }, {"c.png has 6x5", "a.png has 4x4", "--size"});
  const ImageSet set = read_folder(folder.path(), 2);
  EXPECT_EQ(set.item, (Shape{2, 2, 1}));
  EXPECT_EQ(set.count, 3);
}

TEST(Folder, Errors) {
  const TempFolder folder;
  expect_error([&] { read_folder(folder.path()); }, {folder.path(), "no .png"});
  expect_error([&] { read_folder(folder / "none"); }, {"none", "No such file"});
  write_png(folder / "a.png", picture_of(4, 4, 1), Overwrite::no);
  write_png(folder / "b.png", picture_of(4, 4, 3), Overwrite::no);
  expect_error([&] { read_folder(folder.path()); }, {"b.png is RGB", "a.png is grey"});
  Bytes damaged = encode_png(picture_of(4, 4, 1));
  damaged.resize(damaged.size() - 20);
  write_file(folder / "b.png", damaged, Overwrite::yes);
  expect_error([&] { read_folder(folder.path()); }, {"[png]", "b.png"});
}

}  // namespace
}  // namespace ito
