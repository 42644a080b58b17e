#pragma once

#include "pixel_builder.hpp"

namespace tundish {

/// RecordIO: an image a record, encoded or as raw planar bytes of the model's size, alone or behind the header of
/// MXNet's image record. Throws RequestError 400 "bad_recordio" naming the record.
ReplyForm read_recordio_request(ByteSpan body, PixelBuilder& out);

}  // namespace tundish
