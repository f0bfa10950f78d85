// ito: trains score networks and samples from them.

#include <csignal>
#include <iostream>
#include <new>

#include "diffusion/cli/command.h"
#include "engine/nearest.h"

namespace ito::cli {
namespace {

int report(int exit, const std::string& message) {
  std::cout.flush();
  std::cerr << "ito: " << message << std::endl;
  return exit;
}

const CLI::App& chosen(const CLI::App& app) {
  const auto subcommands = app.get_subcommands();
  return subcommands.empty() ? app : *subcommands.front();
}

/// The first argument that nothing knows, with the option or command that it resembles.
std::string explain_extra(const CLI::App& app) {
  const CLI::App& command = chosen(app);
  auto extras = command.remaining();
  if (extras.empty()) extras = app.remaining();
  if (extras.empty()) return "";
  std::vector<std::string> known;
  for (const CLI::Option* option : command.get_options()) {
    for (const std::string& name : option->get_lnames()) known.push_back("--" + name);
  }
  for (const CLI::App* subcommand : command.get_subcommands([](const CLI::App*) { return true; })) {
    known.push_back(subcommand->get_name());
  }
  const std::string name = extras.front().substr(0, extras.front().find('='));
  const std::string hint = nearest(name, known);
  return text("unknown argument ", extras.front(),
              hint.empty() ? "" : "; did you mean " + hint + "?");
}

int parse_error(const CLI::App& app, const CLI::ParseError& error) {
  if (error.get_exit_code() == 0) return app.exit(error);  // --help, --version
  std::string message = explain_extra(app);
  if (message.empty()) message = error.what();
  const CLI::App& command = chosen(app);
  const std::string name = &command == &app ? "" : " " + command.get_name();
  return report(Exit::usage, message + " (see ito" + name + " --help)");
}

void set_up(CLI::App& app, int& exit) {
  app.set_version_flag("--version", "ito " ITO_VERSION);
  app.require_subcommand(1);
  app.get_formatter()->column_width(28);
  add_train(app, exit);
  add_train_classifier(app, exit);
  add_sample(app, exit);
  add_info(app, exit);
  add_evaluate(app, exit);
  add_import(app, exit);
  add_export(app, exit);
  add_likelihood(app, exit);
  add_encode(app, exit);
  add_decode(app, exit);
  add_interpolate(app, exit);
  add_noise_levels(app, exit);
  add_bench_samplers(app, exit);
  add_restore(app, exit);
  add_bench_posterior(app, exit);
  add_replay(app, exit);
  add_schedule(app, exit);
  add_bench_soft(app, exit);
  add_nearest(app, exit);
}

constexpr const char* about = "Score-based generative models: training and sampling.";

// NOLINTNEXTLINE(bugprone-exception-escape): outside the try it is only the set-up of the options
int main(int argc, char** argv) {
  // A file too large for its limit is to be an error of the write, not a death.
  std::signal(SIGXFSZ, SIG_IGN);
  int exit = Exit::ok;
  CLI::App app(about, "ito");
  set_up(app, exit);
  try {
    app.parse(argc, argv);
    return exit;
  } catch (const CLI::ParseError& e) {
    return parse_error(app, e);
  } catch (const UsageError& e) {
    return report(Exit::usage, e.what());
  } catch (const std::bad_alloc&) {
    return report(Exit::failure, "out of memory");
  } catch (const std::exception& e) {
    return report(Exit::failure, e.what());
  }
}

}  // namespace

int run_command(const std::vector<std::string>& command) {
  int exit = Exit::ok;
  CLI::App app(about, "ito");
  set_up(app, exit);
  try {
    app.parse(std::vector<std::string>(command.rbegin(), command.rend()));
  } catch (const CLI::ParseError& e) {
    throw UsageError(e.what());
  }
  return exit;
}

}  // namespace ito::cli

// NOLINTNEXTLINE(bugprone-exception-escape): as above
int main(int argc, char** argv) { return ito::cli::main(argc, argv); }
