#include "array_layout.hpp"

#include "tundish/base/text.hpp"
#include "tundish/serve/request_error.hpp"

#include <algorithm>
#include <vector>

namespace tundish {
namespace {

using Dims = std::span<const std::size_t>;

enum class Axis { image, channel, row, column, flat };
using Axes = std::vector<Axis>;

constexpr std::size_t kLongestSide = 65'535;  // JPEG's

std::string name_of(Dims dims) {
    std::string out = "(";
    for (std::size_t i = 0; i < std::min<std::size_t>(dims.size(), 6); ++i) out += text(i > 0 ? ", " : "", dims[i]);
    return out + (dims.size() > 6 ? ", …)" : dims.size() == 1 ? ",)" : ")");
}

[[noreturn]] void refuse(Dims dims, const ImageShape& model) {
    const auto [c, h, w] = model;
    throw RequestError(
        400, "wrong_shape",
        text("the array's shape is ", name_of(dims), "; expected one image as (", c, ", ", h, ", ", w, "), (", h, ", ",
             w, ", ", c, ") or flat (", model.pixels(), ",), or several with an axis in front"));
}

// Channels first if both readings fit.
Axes coloured(Dims image, std::size_t channels) {
    if (image[0] == channels) return {Axis::channel, Axis::row, Axis::column};
    if (image[2] == channels) return {Axis::row, Axis::column, Axis::channel};
    return {};
}

Axes with_images(Axes axes) {
    if (!axes.empty()) axes.insert(axes.begin(), Axis::image);
    return axes;
}

// Empty when the array cannot be images.
Axes axes_of(Dims dims, const ImageShape& model) {
    const auto channels = static_cast<std::size_t>(model.channels);
    const bool grey = channels == 1;
    const bool flat = !dims.empty() && dims.back() == model.pixels();
    switch (dims.size()) {
        case 1:
            return flat ? Axes{Axis::flat} : Axes{};
        case 2:
            if (flat) return {Axis::image, Axis::flat};
            return grey ? Axes{Axis::row, Axis::column} : Axes{};
        case 3: {
            const Axes image = coloured(dims, channels);
            return image.empty() && grey ? Axes{Axis::image, Axis::row, Axis::column} : image;
        }
        case 4:
            return with_images(coloured(dims.subspan(1), channels));
        default:
            return {};
    }
}

std::vector<std::size_t> strides_of(Dims dims, bool fortran_order) {
    std::vector<std::size_t> strides(dims.size());
    std::size_t stride = 1;
    for (std::size_t i = 0; i < dims.size(); ++i) {
        const std::size_t axis = fortran_order ? i : dims.size() - 1 - i;
        strides[axis] = stride;
        stride *= dims[axis];
    }
    return strides;
}

void put(ArrayLayout& layout, Axis axis, std::size_t length, std::size_t stride) {
    const auto row = static_cast<std::size_t>(layout.shape.width);
    const auto plane = row * static_cast<std::size_t>(layout.shape.height);
    switch (axis) {
        case Axis::image:
            layout.images = length;
            layout.batch = true;
            layout.strides[0] = stride;
            return;
        case Axis::channel:
            layout.strides[1] = stride;
            return;
        case Axis::row:
            layout.shape.height = static_cast<int>(length);
            layout.strides[2] = stride;
            return;
        case Axis::column:
            layout.shape.width = static_cast<int>(length);
            layout.strides[3] = stride;
            return;
        case Axis::flat:
            layout.strides = {layout.strides[0], stride * plane, stride * row, stride};
            return;
    }
}

}  // namespace

bool ArrayLayout::is_planar() const {
    const auto row = static_cast<std::size_t>(shape.width);
    const auto plane = row * static_cast<std::size_t>(shape.height);
    return strides[3] == 1 && strides[2] == row && (shape.channels == 1 || strides[1] == plane) &&
           (images == 1 || strides[0] == shape.pixels());
}

ArrayLayout lay_out(Dims dims, bool fortran_order, const ImageShape& model) {
    const Axes axes = axes_of(dims, model);
    if (axes.empty()) refuse(dims, model);
    const auto strides = strides_of(dims, fortran_order);
    ArrayLayout layout;
    layout.shape = model;
    for (std::size_t i = 0; i < axes.size(); ++i) {
        if ((axes[i] == Axis::row || axes[i] == Axis::column) && dims[i] > kLongestSide) refuse(dims, model);
        put(layout, axes[i], dims[i], strides[i]);
    }
    return layout;
}

}  // namespace tundish
