#include "diffusion/cli/images.h"

#include "diffusion/data/open.h"
#include "diffusion/training/run_folder.h"
#include "engine/file.h"

namespace ito::cli {
namespace {

ImageSet own_images(const std::string& run, const std::string& part) {
  const DataConfig config = config_from_json(RunFolder(run).read_config()).data;
  Dataset data = open_images(config.source, {.size = config.size, .held_out = config.held_out});
  ImageSet set = part == "train" ? std::move(data.train) : std::move(data.held_out);
  if (set.count == 0) fail("data", run, ": no images of the run are ", part);
  return set;
}

ImageSet other_images(const std::string& source, Index size) {
  Dataset data = open_images(source, {.size = size, .held_out = 0});
  return data.held_out.count > 0 ? std::move(data.held_out) : std::move(data.train);
}

}  // namespace

ImageSet images_for(const TrainedModel& model, const std::string& run, const std::string& data) {
  ImageSet set = data == "held-out" || data == "train"
                     ? own_images(run, data)
                     : other_images(data, model.config().data.size);
  if (set.item != model.item())
    fail("data", "the model is for images ", model.item(), ", those of ", printable(set.source),
         " are ", set.item);
  return set;
}

}  // namespace ito::cli
