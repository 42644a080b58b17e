#pragma once

#include "tundish/base/bounded_queue.hpp"
#include "tundish/data/byte_budget.hpp"
#include "tundish/data/image_fit.hpp"
#include "tundish/data/record_reader.hpp"

#include <atomic>
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

/// Decodes and fits a reader's records on worker threads, a bounded number of them and of bytes ahead of whoever calls
/// next(). Order, errors and images do not depend on the number of workers. The reader is borrowed and used from
/// another thread until the pipeline is destroyed, which stops and joins all threads, also where the reader waits for
/// bytes. next() is for one thread.
class DecodePipeline {
  public:
    static constexpr std::uint64_t kBytesAhead = std::uint64_t{256} << 20U;

    /// `workers` 0: as many as the process has processors. `bytes_ahead` bounds images and undecoded records that
    /// wait, but for two pieces (of one record each, if they are large). Throws MachineError when threads cannot be
    /// started.
    DecodePipeline(RecordReader& reader, const ImageFit& rule, int workers, std::uint64_t bytes_ahead = kBytesAhead);
    DecodePipeline(const DecodePipeline&) = delete;
    DecodePipeline& operator=(const DecodePipeline&) = delete;
    ~DecodePipeline();

    /// The next record in the reader's order; nothing at the end. Rethrows what the reader threw, after the
    /// records before it.
    std::optional<Decoded> next();

    /// Nobody wants more: a next() that waits returns nothing, or throws, soon. Any thread.
    void cancel() noexcept;

  private:
    struct Piece {
        std::vector<Decoded> samples;
        std::uint64_t bytes = 0;  ///< of the budget
    };
    using Task = std::packaged_task<Piece()>;

    void read_all();
    void work();
    bool submit(std::vector<Record> records, std::uint64_t bytes);
    Piece decode_all(std::vector<Record>& records, std::uint64_t bytes);
    [[nodiscard]] std::uint64_t expected_bytes(const Record& record) const;

    RecordReader& reader_;
    ImageFit rule_;
    std::optional<ImageShape> raw_shape_;
    std::uint64_t piece_bytes_;                  ///< a piece that has as many is full
    std::uint64_t first_bytes_;                  ///< what an image counts before its size is known: one of two ahead
    std::atomic<std::uint64_t> image_bytes_{0};  ///< of one image: the rule's, or of the last one decoded; 0: not known
    ByteBudget budget_;
    BoundedQueue<Task> tasks_;
    BoundedQueue<std::future<Piece>> pieces_;  ///< in the reader's order, which is what keeps the order
    Piece piece_;
    std::size_t taken_ = 0;
    std::vector<std::jthread> threads_;  ///< last: joined before what they use goes away
};

}  // namespace tundish
