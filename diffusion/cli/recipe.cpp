#include "diffusion/cli/recipe.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <sstream>

#include "diffusion/cli/sampling_flags.h"
#include "engine/digest.h"

namespace ito::cli {

using nlohmann::json;

namespace {

constexpr const char* recipe_keyword = "ito";

/// Options that do not change what is in the picture.
constexpr std::array not_in_a_recipe = {"help", "out", "overwrite", "threads", "save-measurement"};

bool is_sampling_flag(const std::string& option) {
  return std::ranges::any_of(sampling_flags,
                             [&](const ConfigFlag& f) { return f.flag == "--" + option; });
}

void add_given(std::vector<std::string>& to, const std::string& name, const CLI::Option& option) {
  to.push_back("--" + name);
  if (option.get_items_expected_max() == 0) return;  // a flag
  const auto values = option.results();
  to.insert(to.end(), values.begin(), values.end());
}

/// What an option that was not given stands at.
void add_default(std::vector<std::string>& to, const std::string& name, CLI::Option& option) {
  if (option.get_items_expected_max() == 0) return;
  const std::string value = option.capture_default_str()->get_default_str();
  if (value.empty() || value == "[]" || value == "\"\"") return;
  to.push_back("--" + name);
  const bool several = value.front() == '[' && value.back() == ']';
  std::istringstream values(several ? value.substr(1, value.size() - 2) : value);
  for (std::string one; std::getline(values, one, several ? ',' : '\n');) to.push_back(one);
}

void add_sampling(std::vector<std::string>& to, const json& sampling) {
  for (const ConfigFlag& f : sampling_flags) {
    if (!sampling.contains(f.key)) continue;  // of another sampler
    const json& value = sampling.at(f.key);
    if (f.kind == ConfigFlag::Kind::on) {
      if (value.get<bool>()) to.emplace_back(f.flag);
      continue;
    }
    to.emplace_back(f.flag);
    to.push_back(value.is_string() ? value.get<std::string>() : value.dump());
  }
}

}  // namespace

Recipe recipe_of(CLI::App& command, std::vector<SourceFile> files, const json& sampling) {
  Recipe recipe = {{command.get_name()}, std::move(files)};
  for (CLI::Option* option : command.get_options()) {
    const std::string name = option->get_lnames().empty() ? "" : option->get_lnames().front();
    const bool left_out = std::ranges::find(not_in_a_recipe, name) != not_in_a_recipe.end();
    if (name.empty() || left_out || (!sampling.is_null() && is_sampling_flag(name))) continue;
    if (option->count() > 0) {
      add_given(recipe.command, name, *option);
    } else {
      add_default(recipe.command, name, *option);
    }
  }
  if (!sampling.is_null()) add_sampling(recipe.command, sampling);
  for (SourceFile& file : recipe.files) file.digest = file_digest(file.path);
  return recipe;
}

PngText to_text(const Recipe& recipe) {
  json files = json::array();
  for (const SourceFile& f : recipe.files)
    files.push_back({{"option", f.option}, {"path", f.path}, {"digest", f.digest}});
  const json all = {{"command", recipe.command}, {"files", files}};
  return {{"Software", "ito " ITO_VERSION},
          {recipe_keyword, all.dump(-1, ' ', true, json::error_handler_t::replace)}};
}

Recipe recipe_from(const PngText& text, const std::string& source) {
  const auto found = text.find(recipe_keyword);
  if (found == text.end())
    fail("replay", printable(source), ": this picture does not say how it was made");
  try {
    const json all = json::parse(found->second);
    Recipe recipe = {all.at("command").get<std::vector<std::string>>(), {}};
    for (const json& f : all.at("files"))
      recipe.files.push_back({f.at("option"), f.at("path"), f.at("digest")});
    if (!recipe.command.empty()) return recipe;
  } catch (const json::exception&) {  // said below
  }
  fail("replay", printable(source), ": what it says of how it was made is damaged");
}

}  // namespace ito::cli
