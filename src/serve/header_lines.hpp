#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "tundish/serve/http_message.hpp"

namespace tundish {

/// A request's first line and headers as they came, byte by byte: the library decodes %-sequences in their values, and
/// custom attributes must go back as they were. Bounded. One request, one thread.
class HeaderLines {
  public:
    static constexpr std::size_t kMostBytes = 65536;

    /// The next bytes of the head.
    void add(std::string_view bytes);

    /// No more are taken: the body follows.
    void end() { ended_ = true; }
    [[nodiscard]] bool ended() const { return ended_; }

    /// There are kMostBytes already.
    [[nodiscard]] bool full() const { return bytes_.size() >= kMostBytes; }

    /// The first line is here whole.
    [[nodiscard]] bool has_line() const { return bytes_.find('\n') != std::string::npos; }

    /// The first line is "WORD /target HTTP/1.0" or ".../1.1", but no method of HTTP/1.1 is called so.
    [[nodiscard]] bool has_unknown_method() const;

    /// A header's line is longer than `longest`.
    [[nodiscard]] bool has_line_over(std::size_t longest) const;

    /// A line that is no field by RFC 9112, 5.1, such as one with a space before its colon: whoever stands before us
    /// may understand it otherwise.
    [[nodiscard]] bool has_bad_line() const;

    /// The fields, by the rules of the library: what has no colon, or no CR before its line feed, is none.
    [[nodiscard]] HttpHeaders fields() const;

  private:
    std::string bytes_;
    bool ended_ = false;
};

}  // namespace tundish
