#pragma once

#include "body_reader.hpp"

namespace tundish {

/// Reads a body of Transfer-Encoding: chunked to its end, extensions and trailers passed over. False when it is
/// malformed or ends early, or `take` stops it. The library's own reader takes lines of any length into memory, and
/// takes a chunk that is longer than it says for the end of the body.
bool read_chunked(Connection& connection, const BodyReader::Take& take);

}  // namespace tundish
