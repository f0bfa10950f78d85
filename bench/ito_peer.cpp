// The side of ito in bench/compare_pytorch.py. Three uses:
//   ito_peer exchange CASE FILE DEVICE        writes weights, inputs, results for the other side
//   ito_peer serve CASE KIND THREADS DEVICE   KIND: sample, train, op_forward, op_backward
//   ito_peer first CASE THREADS               one score evaluation of one image, then ends
// CASE of a network may be NAME@N, with a batch of N.
// DEVICE: cpu or cuda. `serve` answers each line "run K" on its input with the milliseconds of one
// step, averaged over K steps (of CUDA by the device's events), and "memory" with its peak resident
// MiB (of CUDA those that tensors held).

#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>

#include "bench/workload.h"
#include "diffusion/import/published_model.h"
#include "diffusion/objectives/denoising.h"
#include "diffusion/score.h"
#include "engine/autograd.h"
#include "engine/pool.h"
#include "engine/safetensors.h"
#include "kernels/threads.h"
#include "nn/device.h"

namespace ito::bench {
namespace {

bool is_network(const std::string& name) {
  for (const NetworkCase& network : network_cases()) {
    if (name.substr(0, name.find('@')) == network.name) return true;
  }
  return false;
}

std::vector<Tensor> handles(const nn::Module& network) {
  std::vector<Tensor> out;
  for (const nn::Parameter& p : network.parameters()) out.push_back(*p.value);
  return out;
}

Tensor row(const std::vector<double>& values) {
  return Tensor({static_cast<Index>(values.size())},
                std::vector<Real>(values.begin(), values.end()));
}

/// The network's answer without dropout, and loss and gradient norm of one batch.
void exchange_network(const NetworkCase& network_case, Device device, SafeTensors& file) {
  const TrainingConfig config = training_config(network_case);
  const auto network = random_network(config);
  nn::move(*network, device);
  for (const auto& [name, tensor] :
       nn::to_published(nn::values(*network), published_names(config.model))) {
    file.add(name, tensor);
  }
  const Index N = config.batch.size;
  Shape shape = item_shape(config.model);
  shape.insert(shape.begin(), N);
  const Tensor x_0 = random_normal(shape, {.seed = 5}, device),
               z = random_normal(shape, {.seed = 6}, device);
  const auto sde = make_sde(config.sde);
  const Times t = draw_times(*sde, N, {.seed = 7}, training_eps);
  const auto labels =
      per_sample(t, [&](double t_n) { return sde->parametrise(t_n, Labels::continuous).label; });
  const Loss loss = denoising_loss(*sde, network_score(*network, *sde), x_0, t, z, {});
  double squares = 0;
  for (const Tensor& g : grad(loss.mean, handles(*network))) squares += sum_squares(g);
  const NoGrad no_grad;
  const Tensor x_t = sde->perturb(x_0, t, z);
  file.add("x_t", x_t);
  file.add("z", z);
  file.add("labels", row(labels));
  file.add("y", network->forward(x_t, labels));
  file.metadata = {{"config", network_case.config},
                   {"loss", nlohmann::json(loss.mean.item()).dump()},
                   {"gradient_norm", nlohmann::json(std::sqrt(squares)).dump()}};
}

/// An operation with its inputs and cotangent, ready to run.
struct OpWork {
  OpWork(const OpCase& op, Device device) : op_case(op) {
    for (const Tensor& x : op_inputs(op)) inputs.push_back(x.to(device).require_grad());
    y = op.f(inputs);
    c = random_normal({1, y.elements()}, {.seed = 8}, device).with_shape(y.shape());
  }
  double bytes() const { return 2 * bytes_touched(inputs, y); }
  std::vector<Tensor> backward() const { return grad({y}, inputs, {c}, {.retain_graph = true}); }
  void forward() const {
    const NoGrad no_grad;
    op_case.f(inputs);
  }

  const OpCase& op_case;
  std::vector<Tensor> inputs;
  Tensor y, c;
};

/// The same work on several buffers in turn: on a GPU together twice the L2 of an H100, so that
/// each step finds its operands in memory, as in a network.
class RotatingOps {
 public:
  RotatingOps(const OpCase& op, Device device) {
    do {
      works_.emplace_back(op, device);
    } while (device == Device::cuda && works_.size() < most &&
             works_[0].bytes() * static_cast<double>(works_.size()) < 100e6);
  }
  const OpWork& next() { return works_[turn_++ % works_.size()]; }

 private:
  static constexpr std::size_t most = 16;
  std::vector<OpWork> works_;
  std::size_t turn_ = 0;
};

void exchange_op(const OpCase& op, Device device, SafeTensors& file) {
  const OpWork work(op, device);
  const std::vector<Tensor> gradients = work.backward();
  for (std::size_t i = 0; i < gradients.size(); ++i) {
    file.add(text("x", i), work.inputs[i]);
    file.add(text("g", i), gradients[i]);
  }
  file.add("c", work.c);
  file.add("y", work.y);
}

void exchange(const std::string& name, const std::string& path, Device device) {
  SafeTensors file;
  if (is_network(name)) {
    exchange_network(network_case(name), device, file);
  } else {
    exchange_op(op_case(name), device, file);
  }
  write_safetensors(path, file, Overwrite::yes);
}

std::function<void()> work_of(const std::string& name, const std::string& kind, Device device) {
  if (kind == "sample") {
    return [work = std::make_shared<SamplingWork>(network_case(name), 0, device)] { work->step(); };
  }
  if (kind == "train") {
    return [work = std::make_shared<TrainingWork>(network_case(name), false, device)] {
      work->step();
    };
  }
  const auto work = std::make_shared<RotatingOps>(op_case(name), device);
  if (kind == "op_forward") return [work] { work->next().forward(); };
  if (kind == "op_backward") return [work] { work->next().backward(); };
  fail("ito_peer", "unknown kind ", kind);
}

double peak_mb(Device device) {
  if (device == Device::cpu) return peak_resident_mb();
  return static_cast<double>(memory_use(device).peak) / (1 << 20);
}

void serve(const std::function<void()>& step, Device device) {
  std::cout << "ready" << std::endl;
  for (std::string command; std::cin >> command;) {
    int count = 0;
    if (command == "run" && std::cin >> count && count > 0) {
      const auto steps = [&] {
        for (int i = 0; i < count; ++i) step();
      };
      const double total = milliseconds(steps, device);
      std::cout << total / count << std::endl;
    } else if (command == "memory") {
      std::cout << peak_mb(device) << std::endl;
    } else {
      fail("ito_peer", "unknown command ", command);
    }
  }
}

int run(const std::vector<std::string>& arguments) {
  const std::string use = arguments.empty() ? "" : arguments[0];
  if (use == "exchange" && arguments.size() == 4) {
    exchange(arguments[1], arguments[2], device_named(arguments[3]));
  } else if (use == "serve" && arguments.size() == 5) {
    kernels::set_threads(std::stoi(arguments[3]));
    const Device device = device_named(arguments[4]);
    serve(work_of(arguments[1], arguments[2], device), device);
  } else if (use == "first" && arguments.size() == 3) {
    kernels::set_threads(std::stoi(arguments[2]));
    SamplingWork(network_case(arguments[1]), 1).step();
    std::cout << "ready" << std::endl;
  } else {
    std::cerr << "usage: ito_peer exchange CASE FILE DEVICE | serve CASE KIND THREADS DEVICE | "
                 "first CASE THREADS\n";
    return 2;
  }
  return 0;
}

}  // namespace
}  // namespace ito::bench

int main(int argc, char** argv) try {
  return ito::bench::run({argv + 1, argv + argc});
} catch (const std::exception& error) {
  std::cerr << error.what() << "\n";
  return 1;
}
