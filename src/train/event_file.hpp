#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "append_file.hpp"

namespace tundish {

/// One named number of a TensorBoard summary.
struct Scalar {
    std::string tag;
    double value = 0.0;
};

/// A TensorBoard event file, `events.out.tfevents.<seconds>.<host>.<pid>.0`: TFRecords of protobuf `Event` messages,
/// encoded by hand because the few fields we need do not pay for a protobuf library. Each call reaches the file before
/// it returns. One thread. Throws MachineError naming the path.
class EventFile {
  public:
    explicit EventFile(const std::filesystem::path& folder);

    /// Tells TensorBoard to forget events of other files in the folder from `step` on: a resumed job repeats them.
    void restart_at(std::int64_t step);
    void add_scalars(std::int64_t step, const std::vector<Scalar>& scalars);
    /// `png`: the bytes of an RGB image.
    void add_image(std::int64_t step, std::string_view tag, std::string_view png);

  private:
    void add_event(std::int64_t step, std::uint32_t field, std::string_view content);

    AppendFile file_;
};

}  // namespace tundish
