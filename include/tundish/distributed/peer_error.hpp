#pragma once

#include <string>

#include "tundish/base/error.hpp"

namespace tundish {

/// Another rank was lost, failed or did not come: this one ends because of it and has no fault of its own.
class PeerError : public MachineError {
  public:
    explicit PeerError(const std::string& message) : MachineError(message) {}
};

}  // namespace tundish
