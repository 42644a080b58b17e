// What follows a convolution, on vectors that are still in registers.
#pragma once

#include "model/kernels/vector_gelu.hpp"
#include "tundish/model/prepared_conv3x3.hpp"

namespace tundish::TUNDISH_ISA {

struct AddBias {
    Vec bias;
    explicit AddBias(const float* from) : bias(load(from)) {}
    [[gnu::always_inline]] Vec operator()(Vec value) const { return value + bias; }
};

struct AddBiasRelu {
    Vec bias;
    explicit AddBiasRelu(const float* from) : bias(load(from)) {}
    [[gnu::always_inline]] Vec operator()(Vec value) const {
        value += bias;
        return value < 0.0F ? Vec{} : value;  // not-a-number stays one
    }
};

struct AddBiasGelu {
    Vec bias;
    explicit AddBiasGelu(const float* from) : bias(load(from)) {}
    [[gnu::always_inline]] Vec operator()(Vec value) const { return gelu(value + bias); }
};

struct Nothing {
    explicit Nothing(const float*) {}
    [[gnu::always_inline]] Vec operator()(Vec value) const { return value; }
};

// Calls body(make), where make(bias of some channels) gives the function object that finishes those channels.
template <class Body>
[[gnu::always_inline]] inline void with_finisher(Finish finish, Body&& body) {
    switch (finish) {
        case Finish::none:
            return body([](const float* bias) { return Nothing(bias); });
        case Finish::bias:
            return body([](const float* bias) { return AddBias(bias); });
        case Finish::bias_relu:
            return body([](const float* bias) { return AddBiasRelu(bias); });
        case Finish::bias_gelu:
            return body([](const float* bias) { return AddBiasGelu(bias); });
    }
}

// Finishes rows × channels in place.
inline void finish_rows(Finish finish, const float* bias, std::int64_t rows, std::int64_t row_stride,
                        std::int64_t channels, float* maps) {
    if (finish == Finish::none) return;
    with_finisher(finish, [&](auto finisher) {
        for (std::int64_t channel = 0; channel < channels; channel += kLanes) {
            const auto apply = finisher(bias + channel);
            for (std::int64_t row = 0; row < rows; ++row) {
                float* at = maps + row * row_stride + channel;
                store(at, apply(load(at)));
            }
        }
    });
}

}  // namespace tundish::TUNDISH_ISA
