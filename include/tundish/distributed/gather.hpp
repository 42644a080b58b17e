#pragma once

#include <string>
#include <vector>

#include "tundish/distributed/communicator.hpp"

namespace tundish {

/// What every rank says, in the order of ranks, on all of them. Throws as Communicator does.
std::vector<std::string> gather(Communicator& communicator, const std::string& own);

/// What every rank counts, in the order of ranks, on all of them. Throws as Communicator does.
std::vector<std::int64_t> gather(Communicator& communicator, std::int64_t own);

}  // namespace tundish
