#pragma once
// The categories of reference files, one source file each. A replay rebuilds the computation from
// the file and gives every result to the report; it throws NotBuilt for what is not built, Error
// for a file that is not as described.

#include "tests/reference/compare.h"

namespace ito::reference {

void replay_net(const ReferenceFile& file, Report& report);
void replay_loss(const ReferenceFile& file, Report& report);
void replay_sampler(const ReferenceFile& file, Report& report);
void replay_sde(const ReferenceFile& file, Report& report);
void replay_optim(const ReferenceFile& file, Report& report);
void replay_train(const ReferenceFile& file, Report& report);
void replay_layers(const ReferenceFile& file, Report& report);

}  // namespace ito::reference
