#pragma once

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "tundish/model/classifier.hpp"
#include "tundish/serve/http_protocol.hpp"
#include "tundish/serve/media_type.hpp"

namespace tundish {

/// What the user of `tundish serve` may say.
struct ServeOptions {
    std::filesystem::path model_folder{};
    int port = 8080;  ///< 0: any free one
    HttpLimits http{};
    ReplyType default_reply = ReplyType::json;       ///< for requests without an Accept header
    std::chrono::milliseconds request_time{55'000};  ///< then 503; the platform gives up after 60 s, and after
                                                     ///< 600 s in batch transform
    std::chrono::milliseconds stuck_time{30'000};    ///< a forward pass that takes longer, and ten times as
                                                     ///< long as the model's usually do, is taken for stuck
    std::chrono::seconds drain_time{9};              ///< after a stop; what is not answered by then is cut off
    int workers = 0;                                 ///< 0: one for each usable processor; two on a GPU
    std::size_t largest_batch = 64;
    Arithmetic arithmetic = Arithmetic::automatic;
    std::chrono::milliseconds batch_delay{0};
    std::size_t most_requests = 512;  ///< waiting or computed; more get 503
    std::size_t working_memory = 0;   ///< bytes for reading requests, of all together (413, 503); 0: a quarter of what
                                      ///< the machine or container has, at least 256 MiB
    bool batch_transform = false;     ///< texts end with exactly one newline
    bool placeholder_for_bad_lines = false;          ///< batch transform of JSON Lines: an error object for a bad line
    std::optional<int> max_concurrent_transforms{};  ///< for /execution-parameters; else the number of workers
    std::optional<int> max_payload_mb{};             ///< likewise; else 6
    std::optional<std::string> batch_strategy{};     ///< "SINGLE_RECORD" or "MULTI_RECORD"; else not mentioned
    std::vector<std::string> notes{};                ///< for the log: what was accepted and changes nothing

    /// Everything that is wrong with these values, one sentence each; empty: nothing.
    [[nodiscard]] std::vector<std::string> problems() const;
};

}  // namespace tundish
