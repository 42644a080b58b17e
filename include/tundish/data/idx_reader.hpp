#pragma once

#include "tundish/data/channel_files.hpp"
#include "tundish/data/data_part.hpp"
#include "tundish/data/record_reader.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tundish {

class IdxFile;

/// The IDX files of a channel (MNIST, Fashion-MNIST, EMNIST): images and the labels that belong to them.
struct IdxFiles {
    struct Pair {
        std::string images;  ///< "train-images-idx3-ubyte", perhaps with ".gz"
        std::string labels;  ///< "train-labels-idx1-ubyte", perhaps with ".gz"
    };
    std::vector<Pair> train;
    std::vector<Pair> test;  ///< "t10k-…", or with "test" in the name
};

/// True for names of IDX files: "…idx3-ubyte" and "…idx1-ubyte", with ".gz" or without.
bool has_idx_name(std::string_view file);

/// Finds them. Of a file that is there twice, the plain one counts. Throws DataError when there are none, or when an
/// images file has no labels file beside it.
IdxFiles find_idx_files(const ChannelFiles& files);

/// Grey images and labels out of pairs of IDX files, in bytewise order of their names. The labels are read at once,
/// images as they are asked for.
class IdxReader : public RecordReader {
  public:
    /// `part` is meant as for CIFAR: the test files are never trained on. `classes`: how many the labels may name; 0
    /// for as many as they do, 10 at least (MNIST's). Throws DataError: wrong magic numbers, counts that differ between
    /// images and labels, sizes that differ between files, files of a wrong length, labels out of range.
    IdxReader(const ChannelFiles& files, DataPart part, std::int64_t classes);
    ~IdxReader() override;

    std::optional<Record> next() override;
    bool read_all_into(SampleSet& samples) override;
    [[nodiscard]] std::optional<ImageShape> raw_shape() const override { return shape_; }
    [[nodiscard]] std::int64_t class_count() const override { return classes_; }
    [[nodiscard]] std::vector<std::int64_t> labels() const override;
    [[nodiscard]] std::int64_t size_hint() const override { return total_; }

  private:
    struct Part {
        std::string images;
        Bytes labels;
    };

    void add(const ChannelFiles& files, const IdxFiles::Pair& pair);
    void check_labels(const std::string& file, const Bytes& labels, std::int64_t classes);
    /// Opens the part that the next image lies in; false at the end.
    bool open_part();

    ChannelFiles files_;
    ImageShape shape_{1, 0, 0};
    std::int64_t classes_ = 0;
    std::int64_t total_ = 0;
    std::vector<Part> parts_;

    std::size_t part_ = 0;
    std::unique_ptr<IdxFile> open_;
    std::size_t in_part_ = 0;  ///< images of the part that were read
    std::int64_t index_ = 0;   ///< over the channel
};

}  // namespace tundish
