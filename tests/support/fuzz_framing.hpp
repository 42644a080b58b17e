#pragma once

#include "support/framed_bytes.hpp"
#include "tundish/base/error.hpp"

#include <cstdlib>
#include <iostream>

namespace tundish::testing {

/// Reads the same bytes through two framings that differ in how the bytes arrive. Ends the program unless they give the
/// same records and the same error.
inline Reading same_reading(Framing& at_once, Framing& in_pieces) {
    const Reading first = read_all<DataError>(at_once);
    const Reading second = read_all<DataError>(in_pieces);
    if (first != second) {
        std::cerr << "at once:   " << first.records.size() << " records, " << first.error << '\n'
                  << "in pieces: " << second.records.size() << " records, " << second.error << '\n';
        std::abort();
    }
    return first;
}

}  // namespace tundish::testing
