#pragma once

#include "tundish/serve/npy.hpp"

#include <string>
#include <string_view>

namespace tundish {

/// Reads the header's text, a Python dict of `descr`, `fortran_order` and `shape`; data is left empty. Throws
/// RequestError "bad_npy".
NpyArray parse_npy_header(std::string_view header);

/// Throws RequestError 400 "bad_npy": "the npy file cannot be read: …".
[[noreturn]] void refuse_npy(const std::string& why);

}  // namespace tundish
