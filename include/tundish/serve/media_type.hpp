#pragma once

#include <string>
#include <string_view>

namespace tundish {

/// Type and subtype of a Content-Type, in lower case, without its parameters: "image/png" of "Image/PNG; q=1". Empty
/// for an absent or empty header.
std::string media_type_of(std::string_view content_type);

/// What a reply can be written as. `json_verbose` adds class names; `json_lines` is a line for each image.
enum class ReplyType { json, json_verbose, json_lines, csv, npy };

/// Chooses by a request's Accept header. Absent, empty or `*/*`: `fallback`. Otherwise the type with the highest q
/// wins; of equals the one that the header names first, and within a wildcard `fallback` if it fits, else the order
/// of ReplyType. The most specific rule that fits a type gives its q; q=0 excludes it. A type is also known by its
/// other usual names (application/jsonl, text/json, tensor/pt …). `verbose` is a parameter of application/json, with
/// or without a value; other parameters are ignored. Pieces that cannot be read are passed over; when none can be
/// read, the header counts as absent. Throws RequestError 406 naming what is offered.
ReplyType choose_reply_type(std::string_view accept, ReplyType fallback);

/// The reply's Content-Type. Exact, without parameters, because clients compare it with `==`; json_verbose therefore
/// is "application/json" too.
std::string_view content_type_of(ReplyType type);

}  // namespace tundish
