#include "newton_schulz.hpp"

#include <ATen/ATen.h>

namespace tundish {

at::Tensor orthogonalise(const at::Tensor& gradient, at::ScalarType compute) {
    constexpr double kA = 3.4445;
    constexpr double kB = -4.7750;
    constexpr double kC = 2.0315;
    constexpr double kEps = 1e-7;
    constexpr int kIterations = 3;
    const bool tall = gradient.size(0) > gradient.size(1);
    auto x = (tall ? gradient.t() : gradient).to(compute);
    x = x / (x.norm() + kEps);
    for (int i = 0; i < kIterations; ++i) {
        const auto product = x.mm(x.t());
        const auto polynomial = at::addmm(product, product, product, kB, kC);
        x = at::addmm(x, polynomial, x, kA, 1.0);
    }
    return (tall ? x.t() : x).to(gradient.scalar_type());
}

}  // namespace tundish
