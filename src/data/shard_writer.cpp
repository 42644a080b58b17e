#include "tundish/data/shard_writer.hpp"

#include "tundish/base/error.hpp"
#include "tundish/base/log.hpp"
#include "tundish/base/text.hpp"

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace tundish {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kBufferBytes = 1U << 20U;
constexpr std::string_view kAside = ".sagemaker-ignore";  // as AtomicFile has it

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

// What killed processes left: <prefix>.<pid>.sagemaker-ignore.
void remove_leavings(const fs::path& prefix) {
    const std::string begin = prefix.filename().string() + '.';
    std::error_code error;
    for (const auto& entry : folder_entries(prefix.has_parent_path() ? prefix.parent_path() : ".")) {
        const std::string name = entry.path().filename().string();
        if (!name.starts_with(begin) || !name.ends_with(kAside) || !entry.is_directory(error)) continue;
        const pid_t pid = std::atoi(name.c_str() + begin.size());
        if (pid <= 0 || (pid != ::getpid() && (::kill(pid, 0) == 0 || errno != ESRCH))) continue;
        log_info(text("removed ", entry.path().string(), ", which a killed pack left"));
        fs::remove_all(entry.path(), error);
    }
}

void bring(const fs::path& from, const fs::path& to) {
    std::error_code error;
    fs::rename(from, to, error);
    if (error) {
        throw MachineError(
            text("cannot rename ", from.string(), " to ", to.string(), ": ", system_reason(error.value())));
    }
}

std::string shard_name(std::size_t number, const std::string& extension) {
    const std::string digits = std::to_string(number);
    return text("part-", std::string(digits.size() < 5 ? 5 - digits.size() : 0, '0'), digits, extension);
}

}  // namespace

ShardWriter::ShardWriter(fs::path folder, std::string extension, std::uint64_t shard_bytes)
    : folder_(std::move(folder)), extension_(std::move(extension)), limit_(shard_bytes) {
    std::error_code error;
    into_existing_ = fs::exists(folder_, error);
    const auto prefix = into_existing_ ? folder_ / "unfinished" : folder_;
    remove_leavings(prefix);
    check_empty(folder_);
    aside_ = prefix;
    aside_ += text('.', ::getpid(), kAside);
    make_folders(aside_);
}

ShardWriter::~ShardWriter() {
    if (finished_) return;
    file_.reset();
    std::error_code ignored;
    fs::remove_all(aside_, ignored);
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
    if (into_existing_) {
        for (std::size_t i = 0; i < shards_; ++i) {
            const auto name = shard_name(i, extension_);
            bring(aside_ / name, folder_ / name);
        }
        std::error_code ignored;
        fs::remove(aside_, ignored);
    } else {
        bring(aside_, folder_);
    }
    finished_ = true;
}

void ShardWriter::start_shard() {
    file_ = std::make_unique<AtomicFile>(aside_ / shard_name(shards_, extension_));
    ++shards_;
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
