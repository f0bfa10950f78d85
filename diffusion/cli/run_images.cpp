#include "diffusion/cli/run_images.h"

#include "diffusion/data/open.h"
#include "diffusion/training/run_folder.h"
#include "engine/file.h"

namespace ito::cli {

ImageSet images_of(const char* where, const std::string& run, const std::string& data,
                   const TrainedModel& model) {
  ImageSet set;
  if (data == "held-out" || data == "train") {
    const DataConfig config = config_from_json(RunFolder(run).read_config()).data;
    const Dataset own =
        open_images(config.source, {.size = config.size, .held_out = config.held_out});
    set = data == "train" ? own.train : own.held_out;
    if (set.count == 0) fail(where, run, ": no images of the run are ", data);
  } else {
    const Dataset other = open_images(data, {.size = model.config().data.size, .held_out = 0});
    set = other.held_out.count > 0 ? other.held_out : other.train;
  }
  if (set.item != model.item())
    fail(where, "the model is for images ", model.item(), ", those of ", printable(set.source),
         " are ", set.item);
  return set;
}

}  // namespace ito::cli
