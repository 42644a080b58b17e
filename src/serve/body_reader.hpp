#pragma once

#include <atomic>
#include <functional>
#include <optional>
#include <string_view>

#include "tundish/serve/http_protocol.hpp"
#include "tundish/serve/request_error.hpp"

namespace tundish {

/// Reads the bodies of requests: how long they may be is decided before memory is taken, and all bodies together have
/// a limit. Any thread.
class BodyReader {
  public:
    /// Takes a piece; false stops the reading.
    using Take = std::function<bool(std::string_view)>;
    /// Reads the body piece by piece; false when the stream ended early, or `Take` stopped it.
    using Source = std::function<bool(const Take&)>;

    explicit BodyReader(const HttpLimits& limits) : limits_(limits) {}

    /// Fills request.body. The error when it must be refused: the rest of the body is still on the connection then.
    std::optional<RequestError> read(Connection& connection, HttpRequest& request, const Source& source);

    /// Counts a body's bytes for as long as it exists; whoever has read one holds it until the reply is made.
    class Lease {
      public:
        Lease(BodyReader& reader, std::size_t bytes) : reader_(reader), bytes_(bytes) { reader_.held_ += bytes; }
        ~Lease() { reader_.held_ -= bytes_; }
        void grow(std::size_t bytes) {
            bytes_ += bytes;
            reader_.held_ += bytes;
        }
        Lease(const Lease&) = delete;
        Lease& operator=(const Lease&) = delete;

      private:
        BodyReader& reader_;
        std::size_t bytes_;
    };

  private:
    void read_all(Connection& connection, HttpRequest& request, std::optional<std::size_t> length,
                  const Source& source);

    HttpLimits limits_;
    std::atomic<std::size_t> held_{0};
};

}  // namespace tundish
