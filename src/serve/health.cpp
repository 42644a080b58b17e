#include "tundish/serve/health.hpp"

namespace tundish {

const char* to_text(ServeState state) {
    switch (state) {
        case ServeState::starting:
            return "starting";
        case ServeState::ready:
            return "ready";
        case ServeState::failed:
            return "failed";
        case ServeState::draining:
            return "draining";
    }
    return "unknown";
}

std::string Health::reason() const {
    const std::lock_guard lock(mutex_);
    return reason_;
}

void Health::set_ready() {
    const std::lock_guard lock(mutex_);
    if (state() != ServeState::starting) return;
    reason_.clear();
    state_ = ServeState::ready;
}

void Health::set_failed(const std::string& reason) {
    const std::lock_guard lock(mutex_);
    if (state() == ServeState::failed && !stuck_) return;
    reason_ = reason;
    stuck_ = false;
    state_ = ServeState::failed;
}

bool Health::set_stuck(const std::string& reason) {
    const std::lock_guard lock(mutex_);
    if (state() != ServeState::ready) return false;
    reason_ = reason;
    stuck_ = true;
    state_ = ServeState::failed;
    return true;
}

bool Health::set_unstuck() {
    const std::lock_guard lock(mutex_);
    if (!stuck_) return false;
    reason_.clear();
    stuck_ = false;
    state_ = ServeState::ready;
    return true;
}

void Health::set_draining() {
    const std::lock_guard lock(mutex_);
    if (state() == ServeState::failed) return;
    reason_ = "the server was asked to stop";
    state_ = ServeState::draining;
}

}  // namespace tundish
