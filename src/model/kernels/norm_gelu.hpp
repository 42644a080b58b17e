// Batch norm with GELU, and bias with GELU: the loops over rows × channels.
#pragma once

#include "model/kernels/channel_sums.hpp"
#include "model/kernels/fused_elementwise_kernels.hpp"
#include "model/kernels/vector_gelu.hpp"

#include <cmath>

namespace tundish::TUNDISH_ISA {

// Per channel, all that the loops over rows need: normalised = (input − mean) · inverse_deviation.
class NormGelu {
  public:
    NormGelu(const NormGeluJob& job, int threads)
        : job_(job), sums_(job.rows, job.channels, threads), threads_(threads) {
        inverse_deviation_ = thread_scratch().transformed_weight.request(3 * job.channels);
        gradient_mean_ = inverse_deviation_ + job.channels;
        gradient_slope_ = gradient_mean_ + job.channels;
    }

    void forward() {
#pragma omp parallel num_threads(threads_)
        {
            // Distances from the first row, not the values: their squares stay small when the mean is far
            // from 0.
            sums_.add_rows([this](std::int64_t row, std::int64_t channel, Vec& value, Vec& square) {
                value = load(at(job_.input, row, channel)) - load(job_.input + channel);
                square = value * value;
            });
#pragma omp single
            set_statistics();
            for_each_row(job_.rows, job_.channels, [this](std::int64_t row, std::int64_t channel) {
                Vec z = normalised(row, channel) + load(job_.bias + channel);
                store(at(job_.output, row, channel), gelu(z));
            });
        }
    }

    void backward() {
        set_inverse_deviation();
#pragma omp parallel num_threads(threads_)
        {
            sums_.add_rows([this](std::int64_t row, std::int64_t channel, Vec& gradient, Vec& product) {
                Vec x = normalised(row, channel);
                gradient = gradient_before_gelu(row, channel, x);
                product = gradient * x;
            });
#pragma omp single
            set_gradients();
            for_each_row(job_.rows, job_.channels, [this](std::int64_t row, std::int64_t channel) {
                Vec x = normalised(row, channel);
                Vec gradient = gradient_before_gelu(row, channel, x) - load(gradient_mean_ + channel);
                gradient -= x * load(gradient_slope_ + channel);
                store(at(job_.input_gradient, row, channel), gradient * load(inverse_deviation_ + channel));
            });
        }
    }

  private:
    template <class Float>
    Float* at(Float* map, std::int64_t row, std::int64_t channel) const {
        return map + row * job_.channels + channel;
    }

    Vec normalised(std::int64_t row, std::int64_t channel) const {
        return (load(at(job_.input, row, channel)) - load(job_.mean + channel)) * load(inverse_deviation_ + channel);
    }

    Vec gradient_before_gelu(std::int64_t row, std::int64_t channel, Vec normalised) const {
        Vec z = normalised + load(job_.bias + channel);
        return load(at(job_.output_gradient, row, channel)) * gelu_derivative(z);
    }

    void set_statistics() {
        const double rows = static_cast<double>(job_.rows);
        for (std::int64_t channel = 0; channel < job_.channels; ++channel) {
            double distance = sums_.first(channel) / rows;
            double variance = sums_.second(channel) / rows - distance * distance;
            job_.mean[channel] = static_cast<float>(job_.input[channel] + distance);
            job_.variance[channel] = static_cast<float>(variance > 0 ? variance : 0);
        }
        set_inverse_deviation();
    }

    void set_inverse_deviation() {
        for (std::int64_t channel = 0; channel < job_.channels; ++channel) {
            double variance = static_cast<double>(job_.variance[channel]) + job_.epsilon;
            inverse_deviation_[channel] = static_cast<float>(1 / std::sqrt(variance));
        }
    }

    void set_gradients() {
        const double rows = static_cast<double>(job_.rows);
        for (std::int64_t channel = 0; channel < job_.channels; ++channel) {
            double gradient = sums_.first(channel);
            job_.bias_gradient[channel] = static_cast<float>(gradient);
            gradient_mean_[channel] = static_cast<float>(gradient / rows);
            gradient_slope_[channel] = static_cast<float>(sums_.second(channel) / rows);
        }
    }

    const NormGeluJob& job_;
    ChannelSums sums_;
    int threads_;
    float *inverse_deviation_, *gradient_mean_, *gradient_slope_;
};

inline void bias_gelu(const NormGeluJob& job, int threads) {
#pragma omp parallel num_threads(threads)
    for_each_row(job.rows, job.channels, [&](std::int64_t row, std::int64_t channel) {
        std::int64_t place = row * job.channels + channel;
        store(job.output + place, gelu(load(job.input + place) + load(job.bias + channel)));
    });
}

inline void bias_gelu_gradient(const NormGeluJob& job, int threads) {
    ChannelSums sums(job.rows, job.channels, threads);
#pragma omp parallel num_threads(threads)
    sums.add_rows([&](std::int64_t row, std::int64_t channel, Vec& gradient, Vec& unused) {
        std::int64_t place = row * job.channels + channel;
        Vec z = load(job.input + place) + load(job.bias + channel);
        gradient = load(job.output_gradient + place) * gelu_derivative(z);
        unused = Vec{};
        store(job.input_gradient + place, gradient);
    });
    for (std::int64_t channel = 0; channel < job.channels; ++channel) {
        job.bias_gradient[channel] = static_cast<float>(sums.first(channel));
    }
}

}  // namespace tundish::TUNDISH_ISA
