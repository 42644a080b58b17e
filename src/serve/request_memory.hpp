#pragma once

#include "tundish/serve/memory_budget.hpp"
#include "tundish/serve/memory_guard.hpp"

namespace tundish {

/// What the reading of all requests may take, in two halves, and as much as one of them for large replies, which
/// stay until their clients have read them. Whoever decodes an image waits for nobody, whoever reads a body only for
/// those, and whoever replies only for clients: so no two requests wait for each other. Of the half for bodies a slice
/// is kept for small ones, which would wait behind large ones for as long as those wait for their answers.
struct WorkingMemory {
    explicit WorkingMemory(std::size_t bytes)
        : bodies(bytes / 2 - bytes / 16),
          small(bytes / 16),
          images(bytes / 2),
          replies(bytes / 2),
          small_body(bytes / 16 / 16) {}

    MemoryBudget bodies;           ///< numbers and pixels
    MemoryBudget small;            ///< likewise, of requests that take at most `small_body`
    MemoryBudget images;           ///< images while they are decoded
    MemoryBudget replies;          ///< those that are larger than a socket's buffers
    const std::size_t small_body;  ///< bytes
};

/// What one request has of it. Only its first claim for the body waits for others, until `deadline`: later ones are
/// 503 "busy" where there is no room. A small one waits only where its slice is taken as well.
class RequestMemory : public MemoryGuard {
  public:
    /// `memory` must outlive it.
    RequestMemory(WorkingMemory& memory, MemoryBudget::Clock::time_point deadline)
        : memory_(memory), deadline_(deadline) {}

    void claim(std::size_t bytes) override;
    void claim_image(std::size_t bytes) override { image_ = memory_.images.take(bytes, deadline_); }
    void release_image() noexcept override { give_back(image_, 0); }

    /// The body is parsed: of what was claimed, no more than so many bytes are still there.
    void keep(std::size_t bytes) noexcept { give_back(body_, bytes); }

  private:
    static void give_back(MemoryBudget::Lease& lease, std::size_t but) noexcept;
    void grow(std::size_t bytes);

    WorkingMemory& memory_;
    MemoryBudget::Clock::time_point deadline_;
    MemoryBudget::Lease body_, image_;
    bool small_ = false;  // body_ is of the slice for small ones
};

/// A quarter of what the machine or the container has, and 256 MiB at least.
std::size_t default_working_memory();

}  // namespace tundish
