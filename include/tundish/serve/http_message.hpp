#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tundish/serve/memory_budget.hpp"
#include "tundish/serve/request_error.hpp"

namespace tundish {

/// Header names and values as they stand in a message, not decoded; names are compared without regard to case.
class HttpHeaders {
  public:
    void add(std::string name, std::string value) { fields_.emplace_back(std::move(name), std::move(value)); }

    /// The value of the first field of that name; empty when there is none.
    [[nodiscard]] std::string_view get(std::string_view name) const;

    /// The values of all fields of that name in their order, joined by ", ": what several fields of a list mean.
    [[nodiscard]] std::string all(std::string_view name) const;

    /// `word` is one of the items of that list, in upper or lower case.
    [[nodiscard]] bool lists(std::string_view name, std::string_view word) const;

    [[nodiscard]] bool has(std::string_view name) const { return count(name) > 0; }
    [[nodiscard]] std::size_t count(std::string_view name) const;
    [[nodiscard]] const std::vector<std::pair<std::string, std::string>>& fields() const { return fields_; }

  private:
    std::vector<std::pair<std::string, std::string>> fields_;
};

struct HttpRequest {
    std::string method;  ///< "GET"; empty when even that could not be read: there is a refusal then
    std::string path;    ///< decoded, without the query
    HttpHeaders headers;
    std::string body;
    std::optional<RequestError> refusal;  ///< why it, or its body, was not read: the reply must be this error
    /// The client has gone and reads no reply. For the thread that answers, while it waits for something else.
    std::function<bool()> gone = [] { return false; };
};

struct HttpReply {
    int status = 200;
    std::string content_type;  ///< exactly what is sent; empty: no such header
    std::string body;
    HttpHeaders headers;           ///< beside Content-Type and Content-Length
    std::string problem{};         ///< for the log: what went wrong, without anything that was sent
    MemoryBudget::Lease memory{};  ///< what a large body was claimed from: given back when it has been sent
};

/// {"error": code, "message": message} with the status; its problem is the code.
HttpReply error_reply(int status, std::string_view code, std::string_view message);

}  // namespace tundish
