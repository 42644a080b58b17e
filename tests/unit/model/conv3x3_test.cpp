#include "tundish/model/conv3x3.hpp"

#include "support/catch.hpp"

#include <cmath>
#include <cstring>
#include <random>
#include <string>
#include <vector>

using tundish::Conv3x3Shape;

namespace {

using Floats = std::vector<float>;

Floats random_floats(std::int64_t count, unsigned seed) {
    std::mt19937 generator(seed);
    std::normal_distribution<float> normal;
    Floats values(static_cast<std::size_t>(count));
    for (float& value : values) value = normal(generator);
    return values;
}

std::int64_t in_size(const Conv3x3Shape& s) {
    return s.batch * s.height * s.width * s.in_channels;
}
std::int64_t out_size(const Conv3x3Shape& s) {
    return s.batch * s.height * s.width * s.out_channels;
}
std::int64_t weight_size(const Conv3x3Shape& s) {
    return 9 * s.in_channels * s.out_channels;
}

// Calls body(input pixel, output pixel, weight tap) for all pairs inside the maps, as offsets in pixels and
// taps.
template <class Body>
void for_each_pair(const Conv3x3Shape& s, Body body) {
    for (std::int64_t n = 0; n < s.batch; ++n) {
        for (std::int64_t y = 0; y < s.height; ++y) {
            for (std::int64_t x = 0; x < s.width; ++x) {
                for (std::int64_t tap = 0; tap < 9; ++tap) {
                    std::int64_t from_y = y + tap / 3 - 1, from_x = x + tap % 3 - 1;
                    if (from_y < 0 || from_y >= s.height || from_x < 0 || from_x >= s.width) continue;
                    body((n * s.height + from_y) * s.width + from_x, (n * s.height + y) * s.width + x, tap);
                }
            }
        }
    }
}

// The three functions by definition, in double precision: products go to the array that is asked for.
enum class Result { kOutput, kInputGradient, kWeightGradient };

std::vector<double> reference(Result result, const Conv3x3Shape& s, const Floats& input, const Floats& weight,
                              const Floats& output) {
    std::int64_t size = result == Result::kOutput          ? out_size(s)
                        : result == Result::kInputGradient ? in_size(s)
                                                           : weight_size(s);
    std::vector<double> sums(static_cast<std::size_t>(size));
    for_each_pair(s, [&](std::int64_t from, std::int64_t to, std::int64_t tap) {
        for (std::int64_t o = 0; o < s.out_channels; ++o) {
            for (std::int64_t i = 0; i < s.in_channels; ++i) {
                std::int64_t in = from * s.in_channels + i, out = to * s.out_channels + o;
                std::int64_t w = (o * 9 + tap) * s.in_channels + i;
                if (result == Result::kOutput) sums[out] += double(input[in]) * weight[w];
                if (result == Result::kInputGradient) sums[in] += double(output[out]) * weight[w];
                if (result == Result::kWeightGradient) sums[w] += double(output[out]) * input[in];
            }
        }
    });
    return sums;
}

// The largest and the RMS error, both over the RMS of the expected values.
struct Error {
    double largest, rms;
};

Error error_of(const Floats& actual, const std::vector<double>& expected) {
    double largest = 0, squares = 0, expected_squares = 0;
    for (std::size_t i = 0; i < actual.size(); ++i) {
        double difference = actual[i] - expected[i];
        if (!(std::abs(difference) <= largest)) largest = std::abs(difference);  // NaN counts
        squares += difference * difference;
        expected_squares += expected[i] * expected[i];
    }
    return {largest / std::sqrt(expected_squares / actual.size()), std::sqrt(squares / expected_squares)};
}

Floats run(Result result, const Conv3x3Shape& s, const Floats& input, const Floats& weight, const Floats& output,
           int threads) {
    const float kNotWritten = std::nanf("");
    if (result == Result::kOutput) {
        Floats to(out_size(s), kNotWritten);
        tundish::conv3x3_forward(s, input.data(), weight.data(), to.data(), threads);
        return to;
    }
    if (result == Result::kInputGradient) {
        Floats to(in_size(s), kNotWritten);
        tundish::conv3x3_input_gradient(s, output.data(), weight.data(), to.data(), threads);
        return to;
    }
    Floats to(weight_size(s), kNotWritten);
    tundish::conv3x3_weight_gradient(s, input.data(), output.data(), to.data(), threads);
    return to;
}

bool same_bits(const Floats& a, const Floats& b) {
    return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

constexpr Result kResults[] = {Result::kOutput, Result::kInputGradient, Result::kWeightGradient};

void check(const Conv3x3Shape& s) {
    Floats input = random_floats(in_size(s), 1), weight = random_floats(weight_size(s), 2);
    Floats output = random_floats(out_size(s), 3);
    for (Result result : kResults) {
        Floats actual = run(result, s, input, weight, output, 1);
        std::vector<double> expected = reference(result, s, input, weight, output);
        Error error = error_of(actual, expected);
        INFO("batch " << s.batch << ", map " << s.height << "x" << s.width << ", channels " << s.in_channels << " to "
                      << s.out_channels << ", result " << static_cast<int>(result) << ": errors " << error.largest
                      << " and " << error.rms);
        CHECK(error.largest < 3e-4);
        CHECK(error.rms < 2e-5);
        Floats two_threads = run(result, s, input, weight, output, 2);
        CHECK(error_of(two_threads, expected).largest < 3e-4);
        CHECK(same_bits(actual, run(result, s, input, weight, output, 1)));
        CHECK(same_bits(two_threads, run(result, s, input, weight, output, 2)));
    }
}

}  // namespace

TEST_CASE("conv3x3 agrees with a double-precision convolution on all map sizes", "[conv3x3]") {
    if (!tundish::conv3x3_runs({})) return;
    for (int height : {1, 2, 3, 4, 5, 6, 7, 8, 9, 15, 31}) {
        for (int width : {1, 3, 7, 15, height}) {
            check({.batch = 1, .height = height, .width = width, .in_channels = 8, .out_channels = 16});
        }
    }
    check({.batch = 2, .height = 5, .width = 7, .in_channels = 24, .out_channels = 64});
    check({.batch = 2, .height = 31, .width = 31, .in_channels = 24, .out_channels = 64});
}

TEST_CASE("conv3x3 agrees with a double-precision convolution for all channel counts", "[conv3x3]") {
    if (!tundish::conv3x3_runs({})) return;
    for (int in : {8, 16, 24, 40, 72}) {
        for (int out : {8, 16, 24, 32, 56, 72}) {
            check({.batch = 3, .height = 7, .width = 6, .in_channels = in, .out_channels = out});
        }
    }
}

TEST_CASE("conv3x3 works through many blocks of tiles", "[conv3x3]") {
    if (!tundish::conv3x3_runs({})) return;
    check({.batch = 301, .height = 3, .width = 3, .in_channels = 16, .out_channels = 16});
    check({.batch = 150, .height = 7, .width = 7, .in_channels = 8, .out_channels = 24});
    check({.batch = 20, .height = 15, .width = 15, .in_channels = 32, .out_channels = 16});
}

TEST_CASE("conv3x3 says what it can run and what is worth running", "[conv3x3]") {
    if (!tundish::conv3x3_runs({})) return;
    Conv3x3Shape layer{.batch = 2000, .height = 15, .width = 15, .in_channels = 64, .out_channels = 256};
    CHECK(tundish::conv3x3_supported(layer));
    Conv3x3Shape odd_channels = layer, tiny = layer;
    odd_channels.in_channels = 12;
    tiny.batch = 1;
    CHECK_FALSE(tundish::conv3x3_runs(odd_channels));
    CHECK_FALSE(tundish::conv3x3_supported(tiny));
}
