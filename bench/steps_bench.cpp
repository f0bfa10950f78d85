// Times whole steps of the networks of bench/cases.h: CASE/sample, one score evaluation, and
// CASE/train, one training step, and CASE/train_recompute, the same with blocks recomputed in
// backward (the cost of what it saves in peak_MB). A Google Benchmark program as ops_bench. Our own
// --threads=N; --device=cuda; and --profile=CASE/sample|train (or --profile-shapes=...), which
// prints where the time of a step goes. CASE may be NAME@N, with a batch of N.

#include <benchmark/benchmark.h>

#include <iostream>

#include "bench/arguments.h"
#include "bench/profile.h"
#include "bench/workload.h"
#include "engine/pool.h"

namespace {

using namespace ito;
using namespace ito::bench;

Device device = Device::cpu;

std::function<void()> step_of(const std::string& name) {
  const std::size_t slash = name.find('/');
  const NetworkCase network = network_case(name.substr(0, slash));
  const std::string kind = name.substr(slash + 1);
  if (kind != "sample") {
    const bool recompute = kind == "train_recompute";
    return [work = std::make_shared<TrainingWork>(network, recompute, device)] { work->step(); };
  }
  return [work = std::make_shared<SamplingWork>(network, 0, device)] { work->step(); };
}

double flops_of(const std::function<void()>& step) {
  const Profile profile(device);
  step();
  return profile.flops();
}

void time_step(benchmark::State& state, const std::string& name) {
  const std::function<void()> step = step_of(name);
  const double flops = flops_of(step);
  reset_peak_memory(device);
  for ([[maybe_unused]] auto pass : state) {
    state.SetIterationTime(1e-3 * milliseconds(step, device));
  }
  state.counters["FLOP/s"] =
      benchmark::Counter(flops, benchmark::Counter::kIsIterationInvariantRate);
  state.counters["peak_MB"] = 1e-6 * static_cast<double>(memory_use(device).peak);
}

void profile_step(const std::string& name, bool by_shape) {
  const std::function<void()> step = step_of(name);
  for (int i = 0; i < 3; ++i) step();
  const Profile profile(device);
  int steps = 0;
  double ms = 0;
  for (; steps < 5 || ms < 2000; ++steps) ms += milliseconds(step, device);
  profile.print(std::cout, steps, ms, by_shape);
}

}  // namespace

int main(int argc, char** argv) {
  take_threads(argc, argv);
  const std::string device_name = take_option(argc, argv, "device");
  if (!device_name.empty()) device = device_named(device_name);
  for (const bool by_shape : {false, true}) {
    const std::string name = take_option(argc, argv, by_shape ? "profile-shapes" : "profile");
    if (name.empty()) continue;
    profile_step(name, by_shape);
    return 0;
  }
  for (const NetworkCase& network : network_cases()) {
    for (const char* kind : {"/sample", "/train", "/train_recompute"}) {
      const std::string name = network.name + kind;
      benchmark::RegisterBenchmark(name.c_str(), [name](auto& state) { time_step(state, name); })
          ->UseManualTime()
          ->Unit(benchmark::kMillisecond);
    }
  }
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  benchmark::RunSpecifiedBenchmarks();
}
