#pragma once

#include <stdexcept>
#include <string>
#include <utility>

namespace tundish {

/// A request that cannot be answered as it was asked. The HTTP layer makes a reply of it (see error_body.hpp), nobody
/// else catches it. The message is for the client: the cause first, then what was expected and what to do, at most a
/// few printable bytes of what was sent.
class RequestError : public std::runtime_error {
  public:
    /// `status`: the HTTP status. `code`: a short word that programs compare: "bad_image", "wrong_shape".
    RequestError(int status, std::string code, const std::string& message)
        : std::runtime_error(message), status_(status), code_(std::move(code)) {}

    [[nodiscard]] int status() const noexcept { return status_; }
    [[nodiscard]] const std::string& code() const noexcept { return code_; }

    /// The same error with the place in front: "instances[3]: the PNG image is cut off: …". Goes on where the message
    /// begins with a place itself: "instances[3][0]: expected a number, found text".
    [[nodiscard]] RequestError at(const std::string& place) const {
        RequestError error(status_, code_, place + (*what() == '[' ? "" : ": ") + what());
        error.place_ = place + (place_.empty() || place_.front() == '[' ? "" : ", ") + place_;
        return error;
    }

    /// The same error with advice behind its message.
    [[nodiscard]] RequestError advising(const std::string& advice) const {
        RequestError error(status_, code_, what() + advice);
        error.place_ = place_;
        return error;
    }

    /// All that at() was told: "instances[3][0]". Holds nothing that was sent, so it may be logged; the message may
    /// not.
    [[nodiscard]] const std::string& place() const noexcept { return place_; }

  private:
    int status_;
    std::string code_;
    std::string place_;
};

}  // namespace tundish
