#pragma once

#include <cstddef>

namespace tundish {

/// Whom the parser of a request asks before it takes more than a little memory. Each claim may wait, and throws
/// RequestError when there is none. One for each request; one thread.
class MemoryGuard {
  public:
    virtual ~MemoryGuard() = default;

    /// For what is read from the body: at most so many bytes more than were claimed before.
    virtual void claim(std::size_t bytes) = 0;

    /// For decoding an image, until release_image(). One at a time; nothing else is claimed meanwhile.
    virtual void claim_image(std::size_t bytes) = 0;
    virtual void release_image() noexcept = 0;
};

}  // namespace tundish
