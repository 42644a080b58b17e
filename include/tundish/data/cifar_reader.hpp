#pragma once

#include "tundish/data/channel_files.hpp"
#include "tundish/data/data_part.hpp"
#include "tundish/data/record_reader.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace tundish {

class SequentialFile;

/// The CIFAR files of a channel: `*.bin`, perhaps with ".gz", at the top or in one subfolder.
struct CifarFiles {
    std::vector<std::string> train;
    std::vector<std::string> test;  ///< test_batch.bin or test.bin
};

/// True for "….bin" and "….bin.gz".
bool has_cifar_name(std::string_view file);

/// Finds them. Of a file that is there twice, the plain one counts. Throws DataError when there are none, or when they
/// lie in several folders.
CifarFiles find_cifar_files(const ChannelFiles& files);

/// Those that `part` means, training files first. Throws as find_cifar_files() does, and DataError when none is meant.
std::vector<std::string> choose_cifar_files(const ChannelFiles& files, DataPart part);

/// True when one of the files holds gzip data, whatever its name: such files are for CompressedCifar.
bool any_compressed(const ChannelFiles& files, const std::vector<std::string>& names);

/// True when the files' sizes and names (of compressed ones: the first records) speak for CIFAR-100 (3,074 bytes a
/// record) rather than CIFAR-10 (3,073 bytes).
bool looks_like_cifar100(const ChannelFiles& files);

/// How many classes CIFAR-10 and CIFAR-100 have where nobody says otherwise.
std::int64_t cifar_classes(DataFormat format);

/// The file that names its classes, in label order: batches.meta.txt, or fine_label_names.txt.
std::string cifar_names_file(DataFormat format);

/// The names in batches.meta.txt (fine_label_names.txt) in `folder` or at the top; empty, with a line in the log if
/// there is such a file, unless it names `classes` of them (0: from 2 to as many as the format has; there are that many
/// classes then).
std::vector<std::string> cifar_class_names(const ChannelFiles& files, std::string_view folder, DataFormat format,
                                           std::int64_t classes);

/// Names what lies beside CIFAR's files in the log.
void log_other_than_cifar(const ChannelFiles& files);

/// Records of 1 label byte (CIFAR-100: 2, coarse and fine, the fine one counts) and 3,072 bytes of pixels:
/// 32x32, red, green and blue plane. Files are read in bytewise order of their names, in pieces of about a
/// megabyte; read_all_into() reads several files at once, but in FastFile mode one after the other.
class CifarReader : public RecordReader {
  public:
    /// `classes`: how many the labels may name; 0 for as many as batches.meta.txt or fine_label_names.txt list, else
    /// the format's own 10 or 100. Class names come from these files when they list that many. Checks all files' sizes.
    /// Throws DataError.
    CifarReader(const ChannelFiles& files, DataFormat format, DataPart part, std::int64_t classes);
    ~CifarReader() override;

    std::optional<Record> next() override;
    bool read_all_into(SampleSet& samples) override;
    [[nodiscard]] std::optional<ImageShape> raw_shape() const override { return ImageShape{3, 32, 32}; }
    [[nodiscard]] std::vector<std::string> class_names() const override { return class_names_; }
    [[nodiscard]] std::int64_t class_count() const override { return classes_; }
    [[nodiscard]] std::int64_t size_hint() const override { return total_; }

  private:
    struct DataFile {
        std::string name;
        std::int64_t records;
    };

    void choose_files(const ChannelFiles& files, DataPart part);
    void check_size(const std::string& name, std::int64_t size) const;
    /// Reads records [first, …) of files_[file] into the set from sample `at` on, which has room for them.
    void read_file_into(std::size_t file, std::int64_t first, SampleSet& samples, std::size_t at) const;
    void check_label(std::size_t file, std::int64_t record, std::int64_t label) const;
    [[noreturn]] void became_shorter(std::size_t file, std::int64_t record) const;
    /// Reads the next piece; false at the end of the last file.
    bool fill();
    [[nodiscard]] std::string what(std::size_t file) const;  ///< channel and file, for messages

    ChannelSpec channel_;
    DataFormat format_;
    std::size_t label_bytes_;
    std::size_t record_bytes_;
    std::int64_t classes_;
    std::vector<std::string> class_names_;
    std::vector<DataFile> files_;
    std::int64_t total_ = 0;

    std::size_t file_ = 0;  ///< index of the open file, or of the next one
    std::unique_ptr<SequentialFile> open_;
    std::int64_t read_in_file_ = 0;  ///< records of the open file that lie in pieces read so far
    Bytes piece_;
    std::size_t piece_records_ = 0;
    std::size_t taken_ = 0;   ///< records of the piece that next() has given
    std::int64_t index_ = 0;  ///< over the channel
};

}  // namespace tundish
