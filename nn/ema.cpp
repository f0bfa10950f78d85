#include "nn/ema.h"

#include <algorithm>

#include "kernels/kernels.h"

namespace ito::nn {

namespace {

std::vector<Tensor> copies(const std::vector<Parameter>& parameters) {
  std::vector<Tensor> out;
  for (const Parameter& p : parameters) out.push_back(p.value->clone());
  return out;
}

}  // namespace

Ema::Ema(std::vector<Parameter> parameters, double decay, bool warmup)
    : parameters_(std::move(parameters)),
      decay_(decay),
      warmup_(warmup),
      averages_(copies(parameters_)) {
  if (!(decay >= 0 && decay <= 1)) fail("ema", "expected a decay in [0, 1], got ", decay);
}

double Ema::begin_update() {
  if (swapped_in_) fail("ema", "cannot average while the averages are in the parameters' place");
  ++updates_;
  const auto n = static_cast<double>(updates_);
  return 1 - (warmup_ ? std::min(decay_, (1 + n) / (10 + n)) : decay_);
}

void Ema::update() {
  const double rate = begin_update();
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    const Tensor& p = *parameters_[i].value;
    kernels::ema(p.device(), averages_[i].mutable_data(), p.data(), p.elements(), rate);
  }
}

void Ema::restore(Index updates, const std::vector<Tensor>& averages) {
  if (swapped_in_) fail("ema", "cannot restore while the averages are in the parameters' place");
  if (updates < 0 || averages.size() != parameters_.size()) {
    fail("ema", "expected ", parameters_.size(), " averages and updates of at least 0, got ",
         averages.size(), " and ", updates);
  }
  for (std::size_t i = 0; i < averages.size(); ++i) {
    if (!averages[i].defined() || averages[i].shape() != averages_[i].shape()) {
      fail("ema", "expected an average ", averages_[i].shape(), " for ", parameters_[i].name,
           ", got ", averages[i].shape());
    }
  }
  updates_ = updates;
  for (std::size_t i = 0; i < averages.size(); ++i) averages_[i].assign(averages[i]);
}

EmaScope::EmaScope(Ema& ema) : ema_(ema), trained_(copies(ema.parameters_)) {
  if (ema.swapped_in_) fail("ema", "the averages are in the parameters' place already");
  ema.swapped_in_ = true;
  for (std::size_t i = 0; i < trained_.size(); ++i) {
    ema.parameters_[i].value->assign(ema.averages_[i]);
  }
}

EmaScope::~EmaScope() {
  for (std::size_t i = 0; i < trained_.size(); ++i) {
    ema_.parameters_[i].value->assign(trained_[i]);
  }
  ema_.swapped_in_ = false;
}

}  // namespace ito::nn
