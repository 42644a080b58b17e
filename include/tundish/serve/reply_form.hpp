#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace tundish {

/// What is around a JSON reply: nothing; `{"predictions": …}` for `{"instances": …}`; `{"outputs": …}` for
/// `{"inputs": …}`. `lines` is the answer to a request whose lines are images (JSON Lines, CSV): a line each.
enum class Envelope { bare, predictions, outputs, lines };

/// A line of the request that was refused alone, see ParseLimits::placeholder_for_bad_lines.
struct BadLine {
    std::size_t line = 0;  ///< counted from 0 over all lines of the request; the place of its answer
    std::string code;      ///< as of RequestError
    std::string message;
};

/// How the answer is nested: as the request was.
struct ReplyForm {
    Envelope envelope = Envelope::bare;
    bool batch = false;              ///< a list of answers, even of one; false: one image without a batch axis
    std::vector<BadLine> bad_lines;  ///< in ascending order; their answers stand between those of the images
};

}  // namespace tundish
