#include "engine/file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

#include "tests/files.h"

namespace ito {
namespace {

namespace fs = std::filesystem;
using test::error_with_file_limit;
using test::expect_error;
using test::TempFolder;

TEST(File, RoundTrip) {
  const TempFolder folder;
  const std::string path = folder / "bytes";
  Bytes bytes;
  for (int i = 0; i < 100'000; ++i) bytes.push_back(static_cast<std::uint8_t>(i * 7));
  write_file(path, bytes, Overwrite::no);
  EXPECT_EQ(read_file(path), bytes);
  write_file(folder / "empty", "", Overwrite::no);
  EXPECT_TRUE(read_file(folder / "empty").empty());
  EXPECT_EQ(folder.entries(), 2);  // no temporary file stays
}

TEST(File, ReadErrorsNameThePathAndTheReason) {
  const TempFolder folder;
  expect_error([&] { read_file(folder / "missing"); }, {"missing", "No such file"});
  expect_error([&] { read_file(folder.path()); }, {folder.path(), "found a folder"});
  write_file(folder / "five", "12345", Overwrite::no);
  expect_error([&] { read_file(folder / "five/below"); }, {"five/below", "Not a directory"});
  expect_error([&] { read_file(folder / "five", 4); }, {"five", "5 bytes", "limit of 4"});
  EXPECT_EQ(read_file(folder / "five", 5).size(), 5u);
  // Neither a pipe nor a device makes the reader wait.
  ASSERT_EQ(::mkfifo((folder / "pipe").c_str(), 0600), 0);
  expect_error([&] { read_file(folder / "pipe"); }, {"pipe", "regular file"});
  expect_error([] { read_file("/dev/zero"); }, {"/dev/zero", "regular file"});
}

TEST(File, UnreadableFile) {
  const TempFolder folder;
  write_file(folder / "secret", "x", Overwrite::no);
  fs::permissions(folder / "secret", fs::perms::none);
  fs::permissions(folder.path(), fs::perms::all);
  const uid_t user = ::geteuid();
  if (user == 0) {
    ASSERT_EQ(::seteuid(65534), 0);  // permissions do not stop root
  }
  expect_error([&] { read_file(folder / "secret"); }, {"secret", "Permission denied"});
  ASSERT_EQ(::seteuid(user), 0);
}

TEST(File, ExistingOutputIsKeptUnlessAskedFor) {
  const TempFolder folder;
  const std::string path = folder / "out";
  write_file(path, "old", Overwrite::no);
  expect_error([&] { write_file(path, "new", Overwrite::no); }, {path, "exists", "--overwrite"});
  EXPECT_EQ(read_text(path), "old");
  write_file(path, "new", Overwrite::yes);
  EXPECT_EQ(read_text(path), "new");
  EXPECT_EQ(folder.entries(), 1);
}

TEST(File, AFileThatAppearsMeanwhileIsKept) {
  const TempFolder folder;
  const std::string path = folder / "out";
  AtomicFile late(path, Overwrite::no);
  late.write("late");
  write_file(path, "early", Overwrite::no);
  expect_error([&] { late.commit(); }, {path, "exists"});
  EXPECT_EQ(read_text(path), "early");
}

TEST(File, NothingIsLeftWithoutCommit) {
  const TempFolder folder;
  write_file(folder / "out", "old", Overwrite::no);
  {
    AtomicFile file(folder / "out", Overwrite::yes);
    file.write("half");
  }
  check_writable(folder / "out", Overwrite::yes);
  check_writable(folder / "other", Overwrite::no);
  EXPECT_EQ(read_text(folder / "out"), "old");
  EXPECT_EQ(folder.entries(), 1);
}

TEST(File, FullDiskLeavesTheOldFile) {
  const TempFolder folder;
  const std::string path = folder / "out";
  write_file(path, "old", Overwrite::no);
  const std::string much(100'000, 'x');
  const std::string message =
      error_with_file_limit(50'000, [&] { write_file(path, much, Overwrite::yes); });
  EXPECT_NE(message.find(path + ": cannot write: File too large"), std::string::npos) << message;
  EXPECT_EQ(read_text(path), "old");
  EXPECT_EQ(folder.entries(), 1);
}

TEST(File, UnwritableFolder) {
  const TempFolder folder;
  write_file(folder / "plain", "", Overwrite::no);
  expect_error([&] { write_file(folder / "plain/out", "x", Overwrite::no); },
               {"plain/out", "Not a directory"});
  expect_error([&] { write_file(folder / "none/out", "x", Overwrite::no); },
               {"none/out", "No such file or directory"});
  expect_error([] { write_file("/proc/ito-out", "x", Overwrite::no); },
               {"/proc/ito-out", "cannot"});
  expect_error([&] { write_file(folder.path(), "x", Overwrite::yes); }, {"is a folder"});
  expect_error([] { write_file("", "x", Overwrite::no); }, {"empty"});
  // A device must not be replaced by a file, not even by root.
  expect_error([] { write_file("/dev/full", "x", Overwrite::yes); }, {"/dev/full", "regular"});
}

TEST(File, ReplacingKeepsPermissionsAndLinks) {
  const TempFolder folder;
  const std::string target = folder / "target", link = folder / "link";
  write_file(target, "old", Overwrite::no);
  fs::permissions(target, fs::perms::owner_read | fs::perms::owner_write);
  fs::create_symlink("target", link);
  write_file(link, "new", Overwrite::yes);
  EXPECT_TRUE(fs::is_symlink(link));
  EXPECT_EQ(read_text(target), "new");
  EXPECT_EQ(fs::status(target).permissions(), fs::perms::owner_read | fs::perms::owner_write);
}

TEST(File, AppendLine) {
  const TempFolder folder;
  const std::string path = folder / "log.jsonl";
  append_line(path, "one");
  append_line(path, "two");
  EXPECT_EQ(read_text(path), "one\ntwo\n");
  const std::string message =
      error_with_file_limit(20, [&] { append_line(path, std::string(50, 'x')); });
  EXPECT_NE(message.find(path + ": cannot append"), std::string::npos) << message;
  EXPECT_EQ(read_text(path), "one\ntwo\n");  // no part of a line
  expect_error([&] { append_line(folder.path(), "x"); }, {folder.path(), "cannot append"});
}

TEST(File, CreateFolders) {
  const TempFolder folder;
  create_folders(folder / "a/b/c");
  create_folders(folder / "a/b/c");
  EXPECT_TRUE(fs::is_directory(folder / "a/b/c"));
  write_file(folder / "plain", "", Overwrite::no);
  expect_error([&] { create_folders(folder / "plain"); }, {"plain", "Not a directory"});
  expect_error([&] { create_folders(folder / "plain/below"); }, {"plain/below"});
  expect_error([] { create_folders("/proc/ito"); }, {"/proc/ito"});
}

TEST(File, PrintableEscapes) {
  EXPECT_EQ(printable("down.0.weight"), "\"down.0.weight\"");
  EXPECT_EQ(printable("a\n\x1b[2J\xc3"), "\"a\\x0a\\x1b[2J\\xc3\"");
  EXPECT_EQ(printable(std::string(1000, 'x')).size(), 120u + 5u);
}

}  // namespace
}  // namespace ito
