#pragma once
// A found schedule as text and as a figure.

#include "diffusion/plot/figure.h"
#include "diffusion/soft/schedule_search.h"

namespace ito {

/// A row a level: t, parameter, sigma, and the distance to the next level.
std::string schedule_table(const FoundSchedule& found);

/// A schedule to be drawn, and what the legend calls it.
struct NamedSchedule {
  std::string name;
  Schedule schedule;
};

/// Parameter and noise against time, the first schedule with a full line. `parameter` is what the
/// parameter of the corruption is called.
plot::Figure schedule_figure(const std::vector<NamedSchedule>& schedules,
                             const std::string& parameter);

}  // namespace ito
