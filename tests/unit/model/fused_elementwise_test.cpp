#include "tundish/model/fused_elementwise.hpp"

#include "support/catch.hpp"

#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <vector>

using tundish::BatchNormShape;
using tundish::MaxPoolShape;

namespace {

using Floats = std::vector<float>;
using Doubles = std::vector<double>;

Floats random_floats(std::size_t count, unsigned seed, float mean = 0, float deviation = 1) {
    std::mt19937 generator(seed);
    std::normal_distribution<float> normal(mean, deviation);
    Floats values(count);
    for (float& value : values) value = normal(generator);
    return values;
}

double below(double z) {
    return 0.5 * std::erfc(-z / std::sqrt(2.0));
}
double gelu(double z) {
    return z * below(z);
}
double gelu_derivative(double z) {
    return below(z) + z * std::exp(-z * z / 2) / std::sqrt(2 * std::acos(-1.0));
}

double largest_difference(const Floats& actual, const Doubles& expected) {
    double largest = 0;
    for (std::size_t i = 0; i < actual.size(); ++i) {
        double difference = std::abs(actual[i] - expected[i]);
        if (!(difference <= largest)) largest = difference;  // NaN counts
    }
    return largest;
}

bool same_bits(const Floats& a, const Floats& b) {
    return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

// One batch norm with GELU and its gradients.
struct NormResult {
    Floats output, mean, variance, input_gradient, bias_gradient;
};

NormResult run_norm(const BatchNormShape& shape, const Floats& input, const Floats& bias, const Floats& gradient,
                    int threads) {
    const float kNotWritten = std::nanf("");
    std::size_t channels = static_cast<std::size_t>(shape.channels);
    NormResult result{Floats(input.size(), kNotWritten), Floats(channels), Floats(channels),
                      Floats(input.size(), kNotWritten), Floats(channels)};
    tundish::BatchNormStatistics statistics{result.mean.data(), result.variance.data()};
    tundish::batch_norm_gelu_forward(shape, input.data(), bias.data(), result.output.data(), statistics, threads);
    tundish::batch_norm_gelu_backward(shape, input.data(), bias.data(), statistics, gradient.data(),
                                      result.input_gradient.data(), result.bias_gradient.data(), threads);
    return result;
}

// The same in double precision, channel by channel.
struct NormReference {
    Doubles output, mean, variance, input_gradient, bias_gradient;
};

void reference_channel(NormReference& to, const BatchNormShape& shape, std::size_t channel, const Floats& input,
                       double bias, const Floats& gradient) {
    double rows = static_cast<double>(shape.rows), sum = 0, squares = 0, gradients = 0, products = 0;
    std::size_t step = static_cast<std::size_t>(shape.channels);
    for (std::size_t i = channel; i < input.size(); i += step) sum += input[i];
    double mean = sum / rows;
    for (std::size_t i = channel; i < input.size(); i += step) squares += (input[i] - mean) * (input[i] - mean);
    double inverse = 1 / std::sqrt(squares / rows + shape.epsilon);
    for (std::size_t i = channel; i < input.size(); i += step) {
        double x = (input[i] - mean) * inverse, g = gradient[i] * gelu_derivative(x + bias);
        to.output[i] = gelu(x + bias);
        gradients += g;
        products += g * x;
    }
    for (std::size_t i = channel; i < input.size(); i += step) {
        double x = (input[i] - mean) * inverse, g = gradient[i] * gelu_derivative(x + bias);
        to.input_gradient[i] = inverse * (g - gradients / rows - x * products / rows);
    }
    to.mean[channel] = mean;
    to.variance[channel] = squares / rows;
    to.bias_gradient[channel] = gradients;
}

NormReference reference_norm(const BatchNormShape& shape, const Floats& input, const Floats& bias,
                             const Floats& gradient) {
    NormReference to{Doubles(input.size()), Doubles(bias.size()), Doubles(bias.size()), Doubles(input.size()),
                     Doubles(bias.size())};
    for (std::size_t channel = 0; channel < bias.size(); ++channel) {
        reference_channel(to, shape, channel, input, bias[channel], gradient);
    }
    return to;
}

void check_norm(const BatchNormShape& shape, float mean, double tolerance) {
    std::size_t size = static_cast<std::size_t>(shape.rows * shape.channels);
    Floats input = random_floats(size, 1, mean, 2), gradient = random_floats(size, 2);
    Floats bias = random_floats(static_cast<std::size_t>(shape.channels), 3);
    NormResult result = run_norm(shape, input, bias, gradient, 1);
    NormReference expected = reference_norm(shape, input, bias, gradient);
    INFO("rows " << shape.rows << ", channels " << shape.channels << ", mean " << mean);
    CHECK(largest_difference(result.output, expected.output) < tolerance);
    CHECK(largest_difference(result.mean, expected.mean) < tolerance * (1 + std::abs(mean)));
    CHECK(largest_difference(result.variance, expected.variance) < tolerance * 4);
    CHECK(largest_difference(result.input_gradient, expected.input_gradient) < tolerance);
    CHECK(largest_difference(result.bias_gradient, expected.bias_gradient) <
          tolerance * std::sqrt(static_cast<double>(shape.rows)));
    NormResult two_threads = run_norm(shape, input, bias, gradient, 2);
    CHECK(same_bits(result.output, two_threads.output));
    CHECK(same_bits(result.input_gradient, two_threads.input_gradient));
    CHECK(same_bits(result.bias_gradient, two_threads.bias_gradient));
}

// A window's largest value and its place.
void check_pool(const MaxPoolShape& shape, int threads) {
    std::int64_t rows = shape.height / 2, columns = shape.width / 2, channels = shape.channels;
    Floats input = random_floats(static_cast<std::size_t>(shape.batch * shape.height * shape.width * channels), 1);
    for (std::size_t i = 0; i < input.size(); i += 3) input[i] = std::round(input[i]);  // some ties
    std::size_t pooled = static_cast<std::size_t>(shape.batch * rows * columns * channels);
    Floats gradient = random_floats(pooled, 2), output(pooled), input_gradient(input.size(), std::nanf(""));
    std::vector<std::uint8_t> winner(pooled);
    tundish::max_pool_forward(shape, input.data(), output.data(), winner.data(), threads);
    tundish::max_pool_backward(shape, gradient.data(), winner.data(), input_gradient.data(), threads);
    Floats expected(pooled), expected_gradient(input.size());
    for (std::size_t i = 0; i < pooled; ++i) {
        std::int64_t pixel = static_cast<std::int64_t>(i) / channels, channel = static_cast<std::int64_t>(i) % channels;
        std::int64_t image_row = pixel / columns / rows * shape.height + pixel / columns % rows * 2;
        std::int64_t best = -1;
        for (std::int64_t place = 0; place < 4; ++place) {
            std::int64_t from = (image_row + place / 2) * shape.width + pixel % columns * 2 + place % 2;
            from = from * channels + channel;
            if (best < 0 || input[from] > input[best]) best = from;
        }
        expected[i] = input[best];
        expected_gradient[best] = gradient[i];
    }
    INFO("map " << shape.height << "x" << shape.width << ", channels " << channels << ", threads " << threads);
    CHECK(same_bits(output, expected));
    CHECK(input_gradient == expected_gradient);
}

}  // namespace

TEST_CASE("bias_gelu is within 1e-6 of GELU and its derivative", "[fused_elementwise]") {
    if (!tundish::fused_elementwise_supported(8)) return;
    constexpr std::int64_t kRows = 20001, kChannels = 8;
    Floats input(kRows * kChannels), bias(kChannels, 0.25F), output(input.size()), ones(input.size(), 1.0F);
    Floats input_gradient(input.size()), bias_gradient(kChannels);
    Doubles expected(input.size()), expected_gradient(input.size());
    for (std::size_t i = 0; i < input.size(); ++i) {
        input[i] = -8.25F + static_cast<float>(i) * 1e-4F;
        double z = static_cast<float>(input[i] + 0.25F);
        expected[i] = gelu(z);
        expected_gradient[i] = gelu_derivative(z);
    }
    tundish::bias_gelu_forward(kRows, kChannels, input.data(), bias.data(), output.data(), 2);
    tundish::bias_gelu_backward(kRows, kChannels, input.data(), bias.data(), ones.data(), input_gradient.data(),
                                bias_gradient.data(), 2);
    CHECK(largest_difference(output, expected) < 1e-6);
    CHECK(largest_difference(input_gradient, expected_gradient) < 1e-6);
    double sum = 0;
    for (std::size_t i = 0; i < input.size(); i += kChannels) sum += expected_gradient[i];
    CHECK(std::abs(bias_gradient[0] - sum) < 1e-6 * std::abs(sum));
}

TEST_CASE("bias_gelu keeps infinities, NaN and large values", "[fused_elementwise]") {
    if (!tundish::fused_elementwise_supported(8)) return;
    constexpr float kInfinity = std::numeric_limits<float>::infinity();
    Floats input{1e4F, -1e4F, 30, -30, kInfinity, std::nanf(""), 0, -0.0F}, bias(8), output(8);
    tundish::bias_gelu_forward(1, 8, input.data(), bias.data(), output.data(), 1);
    CHECK(output[0] == 1e4F);
    CHECK(std::abs(output[1]) < 1e-6F);
    CHECK(output[2] == 30);
    CHECK(output[4] == kInfinity);
    CHECK(std::isnan(output[5]));
    CHECK(output[6] == 0);
}

TEST_CASE("bias_gelu makes no denormal numbers, which are slow: what is smaller is 0", "[fused_elementwise]") {
    if (!tundish::fused_elementwise_supported(8)) return;
    constexpr std::int64_t kRows = 1000, kChannels = 8;
    Floats input(kRows * kChannels), bias(kChannels), output(input.size()), ones(input.size(), 1.0F);
    Floats gradient(input.size()), bias_gradient(kChannels);
    for (std::size_t i = 0; i < input.size(); ++i) input[i] = -40 + static_cast<float>(i) * 5e-3F;
    tundish::bias_gelu_forward(kRows, kChannels, input.data(), bias.data(), output.data(), 1);
    tundish::bias_gelu_backward(kRows, kChannels, input.data(), bias.data(), ones.data(), gradient.data(),
                                bias_gradient.data(), 1);
    const auto is_denormal = [](float value) { return std::fpclassify(value) == FP_SUBNORMAL; };
    CHECK(std::count_if(output.begin(), output.end(), is_denormal) == 0);
    CHECK(std::count_if(gradient.begin(), gradient.end(), is_denormal) == 0);
}

TEST_CASE("batch_norm_gelu agrees with double precision, forward and backward", "[fused_elementwise]") {
    if (!tundish::fused_elementwise_supported(8)) return;
    for (std::int64_t channels : {8, 24, 64, 256}) {
        for (std::int64_t rows : {5, 130, 3001}) check_norm({.rows = rows, .channels = channels}, 0.5F, 4e-6);
    }
    check_norm({.rows = 225000, .channels = 16}, 0.5F, 4e-6);
}

TEST_CASE("batch_norm_gelu stays accurate when the mean is far from 0", "[fused_elementwise]") {
    if (!tundish::fused_elementwise_supported(8)) return;
    check_norm({.rows = 20000, .channels = 16}, 500, 2e-4);  // the rounding of the mean alone is 3e-5
}

TEST_CASE("max_pool picks the first largest value and sends the gradient there", "[fused_elementwise]") {
    if (!tundish::fused_elementwise_supported(8)) return;
    for (int threads : {1, 2}) {
        check_pool({.batch = 3, .height = 31, .width = 31, .channels = 24}, threads);
        check_pool({.batch = 2, .height = 15, .width = 14, .channels = 64}, threads);
        check_pool({.batch = 5, .height = 7, .width = 7, .channels = 16}, threads);
        check_pool({.batch = 1, .height = 2, .width = 3, .channels = 8}, threads);
    }
}

TEST_CASE("max_pool hands on NaN", "[fused_elementwise]") {
    if (!tundish::fused_elementwise_supported(8)) return;
    Floats input(4 * 8, 1.0F), output(8);
    std::vector<std::uint8_t> winner(8);
    input[8] = std::nanf("");
    tundish::max_pool_forward({.batch = 1, .height = 2, .width = 2, .channels = 8}, input.data(), output.data(),
                              winner.data(), 1);
    CHECK(std::isnan(output[0]));
    CHECK(winner[0] == 1);
    CHECK(output[1] == 1.0F);
}
