#include "tundish/data/shard_writer.hpp"

#include "tundish/base/error.hpp"
#include "tundish/base/text.hpp"

#include <system_error>
#include <utility>

namespace tundish {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kBufferBytes = 1U << 20U;

void check_empty(const fs::path& folder) {
    std::error_code error;
    const auto status = fs::status(folder, error);
    if (!fs::exists(status)) return;
    if (!fs::is_directory(status)) {
        throw ConfigError(text(folder.string(), " is a file; expected a new or empty folder to write to"));
    }
    const fs::directory_iterator entries(folder, error);
    if (error) throw MachineError(text("cannot read the folder ", folder.string(), ": ", system_reason(error.value())));
    if (entries == fs::directory_iterator()) return;
    throw ConfigError(text("the folder ", folder.string(), " is not empty: it holds ",
                           entries->path().filename().string(),
                           ". Nothing is written over; give a new folder, or empty this one."));
}

std::string shard_name(std::size_t number, const std::string& extension) {
    const std::string digits = std::to_string(number);
    return text("part-", std::string(digits.size() < 5 ? 5 - digits.size() : 0, '0'), digits, extension);
}

}  // namespace

ShardWriter::ShardWriter(fs::path folder, std::string extension, std::uint64_t shard_bytes)
    : folder_(std::move(folder)), extension_(std::move(extension)), limit_(shard_bytes) {
    check_empty(folder_);
    std::error_code error;
    made_folder_ = !fs::exists(folder_, error);
    make_folders(folder_);
}

ShardWriter::~ShardWriter() {
    if (finished_) return;
    file_.reset();
    std::error_code ignored;
    for (const auto& shard : shards_) fs::remove(shard, ignored);
    if (made_folder_) fs::remove(folder_, ignored);
}

void ShardWriter::write(std::string_view record) {
    if (limit_ > 0 && in_shard_ > 0 && in_shard_ + record.size() > limit_) end_shard();
    if (!file_) start_shard();
    buffer_ += record;
    in_shard_ += record.size();
    bytes_ += record.size();
    if (buffer_.size() >= kBufferBytes) flush();
}

void ShardWriter::finish() {
    if (file_) end_shard();
    finished_ = true;
}

void ShardWriter::start_shard() {
    const auto path = folder_ / shard_name(shards_.size(), extension_);
    file_ = std::make_unique<AtomicFile>(path);
    shards_.push_back(path);
}

void ShardWriter::flush() {
    file_->write(buffer_);
    buffer_.clear();
}

void ShardWriter::end_shard() {
    flush();
    file_->commit();
    file_.reset();
    in_shard_ = 0;
}

}  // namespace tundish
