#pragma once
// The exponential moving average of the parameters, which samples are drawn with.

#include <vector>

#include "nn/module.h"

namespace ito::nn {

/// Starts as a copy of the parameters. Update number n = 1, 2, ...:
///   average <- average - (1 - d) (average - parameter),  d = min(decay, (1 + n) / (10 + n))
/// or d = decay without warm-up.
class Ema {
 public:
  /// Throws unless 0 <= decay <= 1.
  Ema(std::vector<Parameter> parameters, double decay, bool warmup = true);

  /// Throws within an EmaScope.
  void update();

  const std::vector<Parameter>& parameters() const { return parameters_; }
  Index updates() const { return updates_; }
  /// In the order of the parameters.
  const std::vector<Tensor>& averages() const { return averages_; }
  /// Copies the given state. Throws unless its shapes are those of the parameters.
  void restore(Index updates, const std::vector<Tensor>& averages);

 private:
  friend class EmaScope;
  friend class Adam;  // its step moves the averages in the same pass

  /// Counts an update; the rate 1 - d that it moves the averages by.
  double begin_update();

  std::vector<Parameter> parameters_;
  double decay_;
  bool warmup_;
  Index updates_ = 0;
  std::vector<Tensor> averages_;
  bool swapped_in_ = false;
};

/// Puts the averages in the place of the parameters, and at the end of the scope the parameters
/// back. Scopes of one Ema do not nest.
class EmaScope {
 public:
  explicit EmaScope(Ema& ema);
  ~EmaScope();
  EmaScope(const EmaScope&) = delete;
  EmaScope& operator=(const EmaScope&) = delete;

 private:
  Ema& ema_;
  std::vector<Tensor> trained_;
};

}  // namespace ito::nn
