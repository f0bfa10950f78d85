#include "engine/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <new>
#include <system_error>

namespace ito {
namespace {

namespace fs = std::filesystem;

std::string reason(int error) { return std::generic_category().message(error); }

/// Owns a file descriptor.
struct Descriptor {
  int number = -1;
  explicit Descriptor(int n) : number(n) {}
  ~Descriptor() {
    if (number >= 0) ::close(number);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
};

/// Writes everything; returns 0 or the error number.
int write_all(int descriptor, const char* bytes, std::size_t count) {
  constexpr std::size_t largest = std::size_t{1} << 30;  // Linux writes at most 2 GiB at a time
  while (count > 0) {
    const ssize_t written = ::write(descriptor, bytes, std::min(count, largest));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return errno;
    bytes += written;
    count -= static_cast<std::size_t>(written);
  }
  return 0;
}

/// Fills `bytes`; shorter when the file ends early. Returns 0 or the error number.
int read_all(int descriptor, Bytes& bytes) {
  constexpr std::size_t largest = std::size_t{1} << 30;
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t got =
        ::read(descriptor, bytes.data() + done, std::min(bytes.size() - done, largest));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return errno;
    if (got == 0) break;
    done += static_cast<std::size_t>(got);
  }
  bytes.resize(done);
  return 0;
}

/// Makes a rename durable. Some file systems cannot flush a folder; that is not an error.
int sync_folder(const std::string& folder) {
  const Descriptor opened(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (opened.number < 0) return errno == EACCES ? 0 : errno;  // writable, but not listable
  if (::fsync(opened.number) == 0 || errno == EINVAL || errno == ENOTSUP) return 0;
  return errno;
}

/// Where a write to `path` ends up: symbolic links are followed, as an ordinary write would.
std::string resolve_links(const std::string& path) {
  std::error_code error;
  if (!fs::is_symlink(path, error)) return path;
  const fs::path target = fs::weakly_canonical(path, error);
  return error ? path : target.string();
}

/// A new file in `folder` under a name that no other thread or process uses.
int open_temporary(const std::string& folder, std::string& name) {
  static std::atomic<unsigned> counter{0};
  int descriptor = -1;
  do {
    name = text(folder, "/.ito-", ::getpid(), "-", counter++, ".tmp");
    descriptor = ::open(name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  } while (descriptor < 0 && errno == EEXIST);
  return descriptor;
}

}  // namespace

Bytes read_file(const std::string& path, std::size_t max_bytes) {
  // O_NONBLOCK: opening a pipe must not wait for its writer.
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (file.number < 0) fail("read", path, ": ", reason(errno));
  struct stat status {};
  if (::fstat(file.number, &status) != 0) fail("read", path, ": ", reason(errno));
  if (S_ISDIR(status.st_mode)) fail("read", path, ": expected a file, found a folder");
  if (!S_ISREG(status.st_mode)) fail("read", path, ": expected a regular file");
  const auto size = static_cast<std::size_t>(status.st_size);
  if (size > max_bytes) {
    fail("read", path, ": the file has ", size, " bytes, more than the limit of ", max_bytes);
  }
  Bytes bytes;
  try {
    bytes.resize(size);
  } catch (const std::exception&) {
    fail("read", path, ": not enough memory for its ", size, " bytes");
  }
  if (const int error = read_all(file.number, bytes)) fail("read", path, ": ", reason(error));
  return bytes;
}

std::string read_text(const std::string& path) {
  const Bytes bytes = read_file(path, std::size_t{64} << 20);
  return std::string(bytes.begin(), bytes.end());
}

AtomicFile::AtomicFile(const std::string& path, Overwrite overwrite)
    : path_(path), target_(resolve_links(path)), overwrite_(overwrite) {
  if (path.empty()) fail("write", "the path of the output file is empty");
  struct stat status {};
  const bool exists = ::stat(target_.c_str(), &status) == 0;
  if (exists && S_ISDIR(status.st_mode)) fail("write", path, ": is a folder, expected a file name");
  if (exists && !S_ISREG(status.st_mode)) fail("write", path, ": is not a regular file");
  if (exists && overwrite == Overwrite::no) {
    fail("write", path, ": file exists (--overwrite replaces it)");
  }
  folder_ = fs::path(target_).parent_path().string();
  if (folder_.empty()) folder_ = ".";
  descriptor_ = open_temporary(folder_, temporary_);
  if (descriptor_ < 0) {
    temporary_.clear();
    fail_with("cannot create a file in its folder", errno);
  }
  if (exists) ::fchmod(descriptor_, status.st_mode & 0777);
}

AtomicFile::~AtomicFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

void AtomicFile::fail_with(const char* action, int error) const {
  fail("write", path_, ": ", action, ": ", reason(error));
}

void AtomicFile::write(const void* bytes, std::size_t count) {
  const int error = write_all(descriptor_, static_cast<const char*>(bytes), count);
  if (error != 0) fail_with("cannot write", error);
}

/// Gives the temporary file its name.
void AtomicFile::publish() {
  const char* from = temporary_.c_str();
  const char* to = target_.c_str();
  if (overwrite_ == Overwrite::no) {
    if (::link(from, to) == 0) return;  // unlike rename, never replaces
    if (errno == EEXIST || ::access(to, F_OK) == 0) {
      fail("write", path_, ": file exists (--overwrite replaces it)");
    }
  }
  // Also for file systems without hard links.
  if (::rename(from, to) != 0) fail_with("cannot name the finished file", errno);
}

void AtomicFile::commit() {
  if (::fsync(descriptor_) != 0) fail_with("cannot flush to the disk", errno);
  const int closed = ::close(descriptor_);
  descriptor_ = -1;
  if (closed != 0) fail_with("cannot close", errno);
  publish();
  ::unlink(temporary_.c_str());  // left by link, gone after rename
  temporary_.clear();
  if (const int error = sync_folder(folder_)) fail_with("cannot flush its folder", error);
}

void write_file(const std::string& path, std::string_view bytes, Overwrite overwrite) {
  AtomicFile file(path, overwrite);
  file.write(bytes);
  file.commit();
}

void write_file(const std::string& path, const Bytes& bytes, Overwrite overwrite) {
  AtomicFile file(path, overwrite);
  file.write(bytes.data(), bytes.size());
  file.commit();
}

void check_writable(const std::string& path, Overwrite overwrite) {
  const AtomicFile probe(path, overwrite);
}

void append_line(const std::string& path, std::string_view line) {
  const Descriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666));
  struct stat status {};
  if (file.number < 0 || ::fstat(file.number, &status) != 0) {
    fail("write", path, ": cannot append: ", reason(errno));
  }
  const std::string whole = text(line, '\n');
  if (const int error = write_all(file.number, whole.data(), whole.size())) {
    const bool cut = ::ftruncate(file.number, status.st_size) == 0;
    fail("write", path, ": cannot append: ", reason(error), cut ? "" : "; its last line is broken");
  }
}

void create_folders(const std::string& path) {
  std::error_code error;
  fs::create_directories(path, error);
  if (!error && !fs::is_directory(path, error) && !error)
    error.assign(ENOTDIR, std::generic_category());
  if (error) fail("write", path, ": cannot create the folder: ", error.message());
}

std::string printable(std::string_view raw) {
  constexpr std::size_t longest = 120;
  std::string out = "\"";
  for (const char c : raw.substr(0, longest)) {
    const auto byte = static_cast<unsigned char>(c);
    char escape[5] = {c, '\0', '\0', '\0', '\0'};
    if (byte < 0x20 || byte >= 0x7f) std::snprintf(escape, sizeof escape, "\\x%02x", byte);
    out += escape;
  }
  return out + (raw.size() > longest ? "...\"" : "\"");
}

}  // namespace ito
