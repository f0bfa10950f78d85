#include "tests/reference/runner.h"

#include <algorithm>
#include <filesystem>
#include <iomanip>
#include <ostream>

#include "kernels/backend.h"
#include "kernels/threads.h"
#include "tests/convolution_mode.h"
#include "tests/reference/replay.h"

namespace ito::reference {

namespace {

namespace fs = std::filesystem;

constexpr const char* usage =
    "usage: ito_reference PATH... [--only PREFIX] [--device DEVICE] [--brief] [--dump DIR]\n"
    "                     [--overwrite] [--tolerances]\n"
    "  PATH          reference files, or folders of them\n"
    "  --only        only files whose name begins so, \"net_\" (may be repeated)\n"
    "  --device      cpu, or cuda: an emulated device in builds for none\n"
    "  --brief       of samplers the first two steps, of likelihoods single evaluations, of "
    "training\n"
    "                the first step\n"
    "  --dump        write the recomputed tensors to DIR, each file under its own name\n"
    "  --overwrite   replace files in DIR\n"
    "  --tolerances  print the rule used for each tensor\n";

struct Options {
  std::vector<std::string> paths, only;
  std::string dump;
  bool overwrite = false, tolerances = false, help = false;
  ReplayOptions replay;
};

/// A wrong use of the program.
struct UsageError {
  std::string what;
};

Device device_named(const std::string& name) {
  if (name == "cpu") return Device::cpu;
  if (name != "cuda") throw UsageError{"--device: expected cpu or cuda, got " + name};
  kernels::cuda_backend().devices();  // says so, where there is none
  return Device::cuda;
}

Options parse(const std::vector<std::string>& arguments) {
  Options options;
  for (auto argument = arguments.begin(); argument != arguments.end(); ++argument) {
    const auto value = [&] {
      if (argument + 1 == arguments.end()) throw UsageError{*argument + " needs a value"};
      return *++argument;
    };
    if (*argument == "--only")
      options.only.push_back(value());
    else if (*argument == "--dump")
      options.dump = value();
    else if (*argument == "--device")
      options.replay.device = device_named(value());
    else if (*argument == "--brief")
      options.replay.brief = true;
    else if (*argument == "--overwrite")
      options.overwrite = true;
    else if (*argument == "--tolerances")
      options.tolerances = true;
    else if (*argument == "--help" || *argument == "-h")
      options.help = true;
    else if (argument->starts_with("-"))
      throw UsageError{"unknown option " + *argument};
    else
      options.paths.push_back(*argument);
  }
  if (options.paths.empty() && !options.help) throw UsageError{"no reference file named"};
  return options;
}

using Replay = void (*)(const ReferenceFile&, Report&);

/// A category by the beginning of its files' names; without a replay it is known, but not built.
struct Category {
  const char* prefix;
  Replay replay;
};
constexpr Category categories[] = {{"net_", replay_net},
                                   {"sde_", replay_sde},
                                   {"loss_", replay_loss},
                                   {"sampler_", replay_sampler},
                                   {"likelihood_", replay_likelihood},
                                   {"layers_", replay_layers},
                                   {"optim_", replay_optim},
                                   {"train_", replay_train}};

Replay replay_for(const std::string& name) {
  for (const Category& category : categories) {
    if (!name.starts_with(category.prefix)) continue;
    if (!category.replay) throw NotBuilt{text("the category ", category.prefix)};
    return category.replay;
  }
  throw NotBuilt{"a known category (the beginning of the file's name)"};
}

enum class Outcome { passed, failed, skipped };

std::string joined(const auto& words) {
  std::string list;
  for (const std::string& word : words) list += (list.empty() ? "" : ", ") + word;
  return list;
}

/// "relative error 9e-07 (grad.x); closest to its limit: out.y, 18 % of 1.1e-05 (8 x ...)"
std::string measured(const Report& report) {
  const auto& all = report.comparisons();
  const Comparison& largest = *std::ranges::max_element(all, {}, &Comparison::relative);
  const Comparison& closest = *std::ranges::max_element(all, {}, &Comparison::used);
  std::ostringstream line;
  line << std::setprecision(2) << "relative error " << largest.relative << " (" << largest.name
       << "); closest to its limit: " << closest.name << ", " << 100 * closest.used << " % of "
       << closest.allowed << " (" << closest.why << ")";
  return line.str();
}

/// Why a file is not replayed in full; empty if it is.
std::string incomplete(const Report& report) {
  if (report.cases_run() == 0 && report.cases_skipped() > 0) return joined(report.missing());
  if (report.cases_skipped() > 0)
    return text(report.cases_run(), " of ", report.cases_run() + report.cases_skipped(),
                " cases, the others need ", joined(report.missing()));
  if (report.brief()) return "";
  const std::vector<std::string> rest = report.not_compared();
  return rest.empty() ? "" : "not recomputed: " + joined(rest);
}

Outcome outcome_of(const Report& report, std::string& line) {
  const std::string missing = incomplete(report);
  if (report.comparisons().empty()) {
    if (!missing.empty()) throw NotBuilt{missing};
    fail("reference", "nothing in it to compare with");
  }
  const auto failed =
      std::ranges::count_if(report.comparisons(), [](const Comparison& c) { return !c.ok(); });
  line = measured(report);
  if (failed > 0)
    line += text("; ", failed, " of ", report.comparisons().size(), " tensors differ");
  if (!missing.empty()) line += "; " + missing;
  if (failed > 0) return Outcome::failed;
  return missing.empty() ? Outcome::passed : Outcome::skipped;
}

void print_rules(const Report& report, std::ostream& out) {
  for (const Comparison& c : report.comparisons()) {
    std::ostringstream line;
    line << std::setprecision(3) << "    " << c.name << ": error " << c.error << ", allowed "
         << c.allowed << ": " << c.why << (c.ok() ? "" : "  FAIL");
    out << line.str() << "\n";
  }
}

void dump(const Report& report, const ReferenceFile& file, const Options& options) {
  if (options.dump.empty() || report.comparisons().empty()) return;
  create_folders(options.dump);
  const std::string path = (fs::path(options.dump) / file.name()).string();
  std::error_code none;
  if (fs::equivalent(path, file.path(), none)) fail("dump", path, " is the reference file itself");
  write_safetensors(path, report.recomputed(), options.overwrite ? Overwrite::yes : Overwrite::no);
}

/// Replays one file and prints its line.
Outcome replay_file(const std::string& path, const Options& options, std::ostream& out) {
  const std::string name = fs::path(path).filename().string();
  const auto say = [&](Outcome outcome, const std::string& line) {
    const char* verdict[] = {"ok", "FAIL", "skipped"};
    out << name << ": " << verdict[static_cast<int>(outcome)] << ": " << line << "\n";
    return outcome;
  };
  try {
    const Replay replay = replay_for(name);
    const ReferenceFile file(path, options.replay);
    Report report(file);
    replay(file, report);
    std::string line;
    const Outcome outcome = outcome_of(report, line);
    dump(report, file, options);
    say(outcome, line);
    if (options.tolerances) print_rules(report, out);
    return outcome;
  } catch (const NotBuilt& missing) {
    return say(Outcome::skipped, "needs " + missing.what);
  } catch (const std::exception& e) {
    return say(Outcome::failed, e.what());
  }
}

bool chosen(const std::string& path, const Options& options) {
  const std::string name = fs::path(path).filename().string();
  return options.only.empty() || std::ranges::any_of(options.only, [&](const auto& prefix) {
           return name.starts_with(prefix);
         });
}

/// The files that are named, and those of the folders that are named, in order of their names.
std::vector<std::string> files_of(const Options& options) {
  std::vector<std::string> files;
  for (const std::string& path : options.paths) {
    if (!fs::is_directory(path)) {
      files.push_back(path);
      continue;
    }
    std::vector<std::string> inside;
    for (const auto& entry : fs::directory_iterator(path)) {
      if (entry.path().extension() == ".safetensors") inside.push_back(entry.path().string());
    }
    std::ranges::sort(inside);
    files.insert(files.end(), inside.begin(), inside.end());
  }
  std::erase_if(files, [&](const std::string& path) { return !chosen(path, options); });
  return files;
}

}  // namespace

int run(const std::vector<std::string>& arguments, std::ostream& out, std::ostream& err) try {
  const test::WithConvolutionMode exact(kernels::ConvolutionMode::exact);
  const Options options = parse(arguments);
  if (options.help) {
    out << usage;
    return 0;
  }
  kernels::set_threads(1);  // for small networks the fastest; results do not depend on it
  Index count[3] = {};
  for (const std::string& path : files_of(options))
    ++count[static_cast<int>(replay_file(path, options, out))];
  out << count[0] << " passed, " << count[1] << " failed, " << count[2] << " skipped\n";
  return count[1] > 0 ? 1 : 0;
} catch (const UsageError& e) {
  err << "ito_reference: " << e.what << "\n" << usage;
  return 2;
} catch (const std::exception& e) {
  err << "ito_reference: " << e.what() << "\n";
  return 1;
}

}  // namespace ito::reference
