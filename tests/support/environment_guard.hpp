#pragma once

#include <cstdlib>
#include <optional>
#include <string>

namespace tundish::testing {

/// Sets (or, with nullptr, unsets) an environment variable and puts the old state back at the end of its
/// life.
class EnvironmentGuard {
  public:
    EnvironmentGuard(const char* name, const char* value) : name_(name) {
        if (const char* old = std::getenv(name)) old_ = old;
        set(value);
    }
    EnvironmentGuard(const EnvironmentGuard&) = delete;
    EnvironmentGuard& operator=(const EnvironmentGuard&) = delete;
    ~EnvironmentGuard() { set(old_ ? old_->c_str() : nullptr); }

  private:
    void set(const char* value) const { value == nullptr ? ::unsetenv(name_) : ::setenv(name_, value, 1); }

    const char* name_;
    std::optional<std::string> old_;
};

}  // namespace tundish::testing
