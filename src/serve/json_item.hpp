#pragma once

#include "number_array.hpp"
#include "pixel_builder.hpp"

namespace simdjson::dom {
class element;
}

namespace tundish {

/// What an item holds: itself; of an object its member `b64`, `image_bytes`, `image` or `data`, else its only one, and
/// so on inwards. Throws RequestError 400 "bad_json" for an object that has none of these.
simdjson::dom::element value_of_item(const simdjson::dom::element& item);

/// Adds one image: an array of numbers or base64 text, or an object that holds one (see value_of_item). `most` bounds
/// how many numbers there can be. Throws RequestError whose message begins with the place within the item: "[0][17]:
/// …".
void add_json_item(const simdjson::dom::element& item, std::size_t most, PixelBuilder& out);

/// The numbers of a nested list, every list of one depth as long as the others.
NumberArray read_json_array(const simdjson::dom::element& list, std::size_t most);

/// "a number", "a list", "text", … with an article.
const char* json_kind(const simdjson::dom::element& value);

}  // namespace tundish
