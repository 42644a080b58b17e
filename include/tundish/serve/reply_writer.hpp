#pragma once

#include "tundish/serve/media_type.hpp"
#include "tundish/serve/reply_form.hpp"

#include <span>
#include <string>

namespace tundish {

/// Writes a reply's body. `probabilities` are (images, classes), row after row, finite; there is a name for each class.
///
/// | type | one image | several, or a batch of one |
/// |---|---|---|
/// | json | `[p0,p1,…]` | `[[…],…]`; `{"predictions":[[…],…]}`; `{"outputs":[[…],…]}` |
/// | json_verbose | `{"probabilities":[…],"labels":[…],"predicted_label":"cat"}` | a list of these, likewise |
/// | json_lines | `{"prediction":[…]}` | a line each |
/// | csv | `p0,p1,…` | a line each |
/// | npy | float32 (images, classes) | the same |
///
/// Numbers are the shortest that read back as the same float. In a form with an envelope the answer is always a list.
/// JSON and CSV end without a newline and JSON Lines with one; in `batch_mode` (batch transform) every text ends with
/// exactly one, and JSON for a request of lines is a line each, because the platform matches lines of input and output.
/// Bad lines are answered in their place: `{"error":"<code>","message":"…"}` in JSON, a quoted "<code>: …" in CSV, a
/// row of NaN in npy. Throws std::logic_error for sizes that do not agree and for probabilities that are not finite,
/// which are ours to prevent. Any thread.
std::string write_reply(ReplyType type, const ReplyForm& form, std::span<const float> probabilities,
                        std::span<const std::string> class_names, bool batch_mode);

/// The bytes that write_reply() takes for `images` answers in such a form, or somewhat more. Any thread.
std::size_t largest_reply(ReplyType type, const ReplyForm& form, std::size_t images,
                          std::span<const std::string> class_names);

}  // namespace tundish
