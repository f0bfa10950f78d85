// ito replay

#include <algorithm>
#include <array>
#include <iostream>

#include "diffusion/cli/command.h"
#include "diffusion/cli/recipe.h"
#include "engine/digest.h"

namespace ito::cli {
namespace {

struct ReplayArguments {
  std::string file, out, run;
  Index threads = 0;
  bool overwrite = false;
};

constexpr std::array replayed = {"sample", "restore", "interpolate", "decode"};

/// "a.png" -> "a-again.png"
std::string beside(const std::string& file) {
  return (file.ends_with(".png") ? file.substr(0, file.size() - 4) : file) + "-again.png";
}

/// Only what makes pictures is run again, and it writes nothing but the picture: the file may come
/// from anywhere.
void check_harmless(const std::string& source, const Recipe& recipe) {
  const std::vector<std::string>& command = recipe.command;
  bool harmless = std::ranges::find(replayed, command.front()) != replayed.end();
  for (const char* option : {"--out", "--overwrite", "--save-measurement"})
    for (const std::string& argument : command)
      harmless = harmless && !argument.starts_with(option);
  if (!harmless)
    fail("replay", printable(source), ": was made by ", printable(command.front()),
         " in a way that is not replayed");
}

/// The run has been moved: this is where it is now.
void move_run(Recipe& recipe, const std::string& run) {
  const auto option = std::ranges::find(recipe.command, "--run");
  if (option != recipe.command.end() && option + 1 != recipe.command.end()) *(option + 1) = run;
  for (SourceFile& file : recipe.files)
    if (file.option == "--run") file.path = checkpoint_of(run);
}

void check_files(const std::string& source, const Recipe& recipe) {
  for (const SourceFile& file : recipe.files) {
    const std::string now = file_digest(file.path);
    if (now != file.digest)
      fail("replay", printable(file.path), ": has changed since ", printable(source),
           " was made of it (", file.option, "; its digest was ", printable(file.digest), ", is ",
           now, ")");
  }
}

int compare(const std::string& before, const std::string& after) {
  const Picture a = read_picture(before), b = read_picture(after);
  if (a.pixels == b.pixels && a.width == b.width) {
    std::cout << "the same pixels as those of " << before << std::endl;
    return Exit::ok;
  }
  fail("replay", printable(after), ": its pixels are not those of ", printable(before),
       " (another machine's arithmetic, other data, or another version of ito)");
}

int replay(const ReplayArguments& a) {
  const std::string out = a.out.empty() ? beside(a.file) : a.out;
  Recipe recipe = recipe_from(read_png_text(read_file(a.file), printable(a.file)), a.file);
  check_harmless(a.file, recipe);
  if (!out.ends_with(".png"))
    throw UsageError("--out: expected a name ending in .png, got " + printable(out));
  if (!a.run.empty()) move_run(recipe, a.run);
  check_files(a.file, recipe);
  std::vector<std::string> command = recipe.command;
  command.insert(command.end(), {"--out", out, "--threads", std::to_string(a.threads)});
  if (a.overwrite) command.emplace_back("--overwrite");
  const int exit = run_command(command);
  return exit == Exit::ok ? compare(a.file, out) : exit;
}

}  // namespace

void add_replay(CLI::App& app, int& exit) {
  CLI::App* command = app.add_subcommand(
      "replay", "Make a picture of sample, restore, interpolate or decode again, bit for bit");
  auto a = std::make_shared<ReplayArguments>();
  command->add_option("file", a->file, "The picture")->required();
  command->add_option("--out", a->out, "Where to; by default beside it, NAME-again.png");
  command->add_option("--run", a->run, "Where the run is now, if it has been moved");
  command->add_option("--threads", a->threads, "Threads, 0 for all cores")
      ->check(CLI::Range(0, 1024));
  command->add_flag("--overwrite", a->overwrite, "Replace an existing file");
  command->callback([a, &exit] { exit = replay(*a); });
}

}  // namespace ito::cli
