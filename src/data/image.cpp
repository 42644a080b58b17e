#include "tundish/data/image.hpp"

#include "tundish/base/text.hpp"

namespace tundish {

std::string to_text(const ImageShape& shape) {
    return text(shape.channels, 'x', shape.height, 'x', shape.width);
}

}  // namespace tundish
