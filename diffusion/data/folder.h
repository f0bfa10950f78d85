#pragma once
// A folder of pictures as a data set.

#include <string>
#include <vector>

#include "diffusion/data/image_set.h"

namespace ito {

/// The PNG and JPEG files (.png, .jpg, .jpeg, any case) in a folder and the folders within it, in
/// order of path. Hidden files and folders are passed over.
std::vector<std::string> picture_paths(const std::string& folder);

/// Reads them all. With `size` = 0 they must be of one size; otherwise each is cropped to the
/// square in its middle and area-averaged to size x size. Mixed sizes, or grey mixed with colour,
/// are an Error that names the first file that differs.
ImageSet read_folder(const std::string& folder, Index size = 0);

}  // namespace ito
