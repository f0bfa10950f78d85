#pragma once
// Division of a network's output by the noise level that its label names.

#include <vector>

#include "engine/tensor.h"

namespace ito::nn {

/// Noise levels of the discrete VE models, geometric and descending: sigma_0 = max ... sigma_{n-1}
/// = min. Rounded to float, as in the published networks.
std::vector<double> descending_sigmas(double min, double max, Index n);

/// y / sigma, per sample: y [N, ...]. Throws unless every sigma is above 0.
Tensor divide_by_sigma(const Tensor& y, const std::vector<double>& sigmas);

/// y / sigmas[trunc(label)], per sample: y [N, ...]. Throws for a label outside of the table.
Tensor divide_by_sigma(const Tensor& y, const std::vector<double>& labels,
                       const std::vector<double>& sigmas);

}  // namespace ito::nn
