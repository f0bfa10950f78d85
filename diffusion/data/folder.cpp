#include "diffusion/data/folder.h"

#include <algorithm>
#include <cctype>
#include <filesystem>

#include "diffusion/data/picture.h"

namespace ito {
namespace {

namespace fs = std::filesystem;

bool is_picture_name(const fs::path& path) {
  std::string extension = path.extension().string();
  for (char& c : extension) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return extension == ".png" || extension == ".jpg" || extension == ".jpeg";
}

const char* colour_name(Index channels) { return channels == 1 ? "grey" : "RGB"; }

void check_same(const ImageSet& set, const std::string& first, const Picture& picture,
                const std::string& path) {
  if (picture.height != set.height() || picture.width != set.width()) {
    fail("folder", path, " has ", picture.height, "x", picture.width, " pixels, ", first, " has ",
         set.height(), "x", set.width(), "; --size S crops and resizes all to SxS");
  }
  if (picture.channels != set.channels()) {
    fail("folder", path, " is ", colour_name(picture.channels), ", ", first, " is ",
         colour_name(set.channels()), "; convert them to one kind");
  }
}

}  // namespace

std::vector<std::string> picture_paths(const std::string& folder) {
  std::vector<std::string> paths;
  std::error_code error;
  fs::recursive_directory_iterator entry(folder, error);
  for (const fs::recursive_directory_iterator end; !error && entry != end; entry.increment(error)) {
    if (entry->path().filename().string().starts_with('.')) {
      entry.disable_recursion_pending();
    } else if (is_picture_name(entry->path()) && !entry->is_directory(error)) {
      paths.push_back(entry->path().string());
    }
  }
  if (error) fail("folder", folder, ": ", error.message());
  std::sort(paths.begin(), paths.end());
  return paths;
}

ImageSet read_folder(const std::string& folder, Index size) {
  const std::vector<std::string> paths = picture_paths(folder);
  if (paths.empty()) fail("folder", folder, ": holds no .png, .jpg or .jpeg file");
  ImageSet set;
  set.source = folder;
  for (const std::string& path : paths) {
    Picture picture = read_picture(path);
    if (size > 0) picture = crop_and_resize(picture, size);
    if (set.count == 0) set.item = {picture.height, picture.width, picture.channels};
    check_same(set, paths.front(), picture, path);
    set.pixels.insert(set.pixels.end(), picture.pixels.begin(), picture.pixels.end());
    ++set.count;
  }
  return set;
}

}  // namespace ito
