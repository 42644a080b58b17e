#pragma once

#include <stdexcept>
#include <string>

namespace tundish {

/// Who has to act so that the next attempt succeeds. Decides the exit code.
enum class Blame {
    user,     ///< settings or data: exit code 2
    machine,  ///< disk, memory, permissions, or our own fault: exit code 1
};

/// The only kind of exception that tundish throws on purpose. The message names what, where, what was
/// expected, what was found and what to do; its first line must make sense alone (SageMaker shows 1,024 bytes).
class Error : public std::runtime_error {
  public:
    Error(Blame blame, const std::string& message) : std::runtime_error(message), blame_(blame) {}
    [[nodiscard]] Blame blame() const noexcept { return blame_; }

  private:
    Blame blame_;
};

/// A setting (hyperparameter, configuration file, command line) is wrong.
class ConfigError : public Error {
  public:
    explicit ConfigError(const std::string& message) : Error(Blame::user, message) {}
};

/// A channel's data is missing, damaged or of another kind than declared.
class DataError : public Error {
  public:
    explicit DataError(const std::string& message) : Error(Blame::user, message) {}
};

/// A checkpoint or a model folder does not fit this job, or is damaged.
class ArtifactError : public Error {
  public:
    explicit ArtifactError(const std::string& message) : Error(Blame::user, message) {}
};

/// The machine refused something: a full disk, a missing permission, no memory.
class MachineError : public Error {
  public:
    explicit MachineError(const std::string& message) : Error(Blame::machine, message) {}
};

/// A wait ended because the process was asked to stop. Not a failure: exit code 0.
class Stopped : public std::runtime_error {
  public:
    explicit Stopped(const std::string& what_was_waited_for) : std::runtime_error(what_was_waited_for) {}
};

}  // namespace tundish
