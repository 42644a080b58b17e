#include "tundish/train/grad_scaler.hpp"

#include <ATen/ATen.h>

namespace tundish {

GradScaler::GradScaler(bool enabled, at::Device device)
    : enabled_(enabled),
      scale_(at::full({}, 65536.0F, at::TensorOptions(at::kFloat).device(device))),
      growth_(at::zeros({}, at::TensorOptions(at::kInt).device(device))),
      found_inf_(at::zeros({}, at::TensorOptions(at::kFloat).device(device))) {}

at::Tensor GradScaler::scale(const at::Tensor& loss) const {
    return enabled_ ? loss * scale_ : loss;
}

bool GradScaler::unscale(const std::vector<at::Tensor>& gradients) {
    if (!enabled_) return true;
    found_inf_.zero_();
    at::_amp_foreach_non_finite_check_and_unscale_(gradients, found_inf_, scale_.reciprocal());
    at::_amp_update_scale_(scale_, growth_, found_inf_, /*growth_factor=*/2.0, /*backoff_factor=*/0.5,
                           /*growth_interval=*/2000);
    return found_inf_.item<float>() == 0.0F;
}

}  // namespace tundish
