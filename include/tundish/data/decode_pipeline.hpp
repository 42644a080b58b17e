#pragma once

#include "tundish/base/bounded_queue.hpp"
#include "tundish/data/image_fit.hpp"
#include "tundish/data/record_reader.hpp"

#include <cstddef>
#include <cstdint>
#include <future>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace tundish {

/// A record after decoding: an image, or the reason why there is none.
struct Decoded {
    Image image;
    std::int64_t label = 0;
    std::string origin;
    std::string problem;     ///< empty when all is well
    std::int64_t index = 0;  ///< Record::index
};

/// Decodes and fits one loaded record. `raw`: the shape of its pixels if they are not an encoded image. Any thread.
Decoded decode_record(Record record, const std::optional<ImageShape>& raw, const ImageFit& rule);

/// Decodes and fits a reader's records on worker threads, a bounded number ahead of whoever calls next().
/// Order, errors and images do not depend on the number of workers. The reader is borrowed and used from
/// another thread until the pipeline is destroyed, which stops and joins all threads. next() is for one
/// thread.
class DecodePipeline {
  public:
    /// `workers` 0: as many as the process has processors. Throws MachineError when threads cannot be
    /// started.
    DecodePipeline(RecordReader& reader, const ImageFit& rule, int workers);
    DecodePipeline(const DecodePipeline&) = delete;
    DecodePipeline& operator=(const DecodePipeline&) = delete;
    ~DecodePipeline();

    /// The next record in the reader's order; nothing at the end. Rethrows what the reader threw, after the
    /// records before it.
    std::optional<Decoded> next();

  private:
    using Piece = std::vector<Decoded>;
    using Task = std::packaged_task<Piece()>;

    void read_all();
    void work();
    bool submit(std::vector<Record> records);
    [[nodiscard]] Piece decode_all(std::vector<Record>& records) const;

    RecordReader& reader_;
    ImageFit rule_;
    std::optional<ImageShape> raw_shape_;
    BoundedQueue<Task> tasks_;
    BoundedQueue<std::future<Piece>> pieces_;  ///< in the reader's order, which is what keeps the order
    Piece piece_;
    std::size_t taken_ = 0;
    std::vector<std::jthread> threads_;  ///< last: joined before what they use goes away
};

}  // namespace tundish
