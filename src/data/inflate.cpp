#include "tundish/data/inflate.hpp"

#include "tundish/base/bytes.hpp"
#include "tundish/base/error.hpp"
#include "tundish/base/text.hpp"
#include "tundish/data/tfrecord.hpp"

#include <algorithm>
#include <array>
#include <climits>
#include <cstring>
#include <utility>
#include <zlib.h>

namespace tundish {
namespace {

constexpr std::array<std::uint8_t, 2> kMagic{0x1f, 0x8b};
constexpr std::size_t kPiece = 1 << 18;
constexpr int kGzipOnly = 15 + 16;  // zlib's largest window, gzip headers only

/// zlib's state, alive while a part is inflated.
class Inflater {
  public:
    Inflater() {
        if (::inflateInit2(&stream, kGzipOnly) != Z_OK) throw MachineError("no memory to inflate gzip data");
    }
    Inflater(const Inflater&) = delete;
    Inflater& operator=(const Inflater&) = delete;
    ~Inflater() { ::inflateEnd(&stream); }

    z_stream stream{};
};

class InflateSource : public ByteSource {
  public:
    explicit InflateSource(std::unique_ptr<ByteSource> source) : source_(std::move(source)) {}

    std::size_t read(std::uint8_t* to, std::size_t size) override {
        if (!looked_) look();
        if (inflater_) return inflate(to, size);
        if (given_ < head_size_) return give_head(to, size);
        return source_->read(to, size);
    }
    void cancel() noexcept override { source_->cancel(); }
    bool next_part() override;
    [[nodiscard]] std::string what() const override { return source_->what(); }
    [[nodiscard]] std::string place() const override { return source_->place(); }
    [[nodiscard]] std::string advice(Damage damage) const override { return source_->advice(damage); }

  private:
    void look();
    [[nodiscard]] bool may_be_gzip() const {
        return std::equal(head_.begin(), head_.begin() + std::min(head_size_, kMagic.size()), kMagic.begin());
    }
    std::size_t give_head(std::uint8_t* to, std::size_t size);
    std::size_t inflate(std::uint8_t* to, std::size_t size);
    bool refill();
    bool begin_next_member();
    [[noreturn]] void fail(std::string_view problem, Damage damage) const;

    std::unique_ptr<ByteSource> source_;
    bool looked_ = false;
    std::array<std::uint8_t, kTfrecordHeaderBytes> head_{};  ///< bytes that were looked at and are still to be given
    std::size_t head_size_ = 0;
    std::size_t given_ = 0;

    std::unique_ptr<Inflater> inflater_;
    Bytes piece_;
    bool between_members_ = false;
    bool damaged_ = false;
    std::uint64_t taken_ = 0;     ///< compressed bytes read from the source
    std::uint64_t inflated_ = 0;  ///< bytes given
};

void InflateSource::look() {
    while (head_size_ < head_.size() && may_be_gzip()) {
        const std::size_t got = source_->read(&head_[head_size_], head_.size() - head_size_);
        if (got == 0) break;
        head_size_ += got;
    }
    looked_ = true;
    if (!begins_with_gzip({head_.data(), head_size_})) return;
    inflater_ = std::make_unique<Inflater>();
    piece_.resize(kPiece);
    std::copy_n(head_.begin(), head_size_, piece_.begin());
    inflater_->stream.next_in = piece_.data();
    inflater_->stream.avail_in = static_cast<uInt>(head_size_);
    taken_ = head_size_;
}

std::size_t InflateSource::give_head(std::uint8_t* to, std::size_t size) {
    const std::size_t count = std::min(size, head_size_ - given_);
    std::memcpy(to, &head_[given_], count);
    given_ += count;
    return count;
}

// Gives what there is as soon as there is any, as every source does.
std::size_t InflateSource::inflate(std::uint8_t* to, std::size_t size) {
    z_stream& stream = inflater_->stream;
    const auto room = static_cast<uInt>(std::min<std::size_t>(size, UINT_MAX));
    stream.next_out = to;
    stream.avail_out = room;
    while (!damaged_ && stream.avail_out == room) {
        if (between_members_ && !begin_next_member()) return 0;
        const int result = ::inflate(&stream, Z_NO_FLUSH);
        if (result == Z_STREAM_END) {
            between_members_ = true;
        } else if (result == Z_BUF_ERROR) {  // only now is nothing left in zlib's own state either
            if (!refill()) fail("the gzip data is cut off", Damage::cut_off);
        } else if (result == Z_MEM_ERROR) {
            throw MachineError(text(what(), ": no memory to inflate gzip data"));
        } else if (result != Z_OK) {
            damaged_ = true;  // what came before the damage is given first
            break;
        }
    }
    const std::size_t count = room - stream.avail_out;
    if (damaged_ && count == 0) {
        fail(text("the gzip data is damaged (", stream.msg != nullptr ? stream.msg : "not deflated", ")"),
             Damage::foreign);
    }
    inflated_ += count;
    return count;
}

bool InflateSource::refill() {
    const std::size_t got = source_->read(piece_.data(), piece_.size());
    inflater_->stream.next_in = piece_.data();
    inflater_->stream.avail_in = static_cast<uInt>(got);
    taken_ += got;
    return got > 0;
}

// False at the end of the part. Zeros after a member are padding, as gzip(1) has it.
bool InflateSource::begin_next_member() {
    z_stream& stream = inflater_->stream;
    while (stream.avail_in > 0 || refill()) {
        if (*stream.next_in == kMagic[0]) {
            ::inflateReset(&stream);
            between_members_ = false;
            return true;
        }
        if (*stream.next_in != 0) fail("bytes that are not gzip data follow the gzip data", Damage::foreign);
        ++stream.next_in;
        --stream.avail_in;
    }
    return false;
}

bool InflateSource::next_part() {
    if (!source_->next_part()) return false;
    looked_ = between_members_ = damaged_ = false;
    head_size_ = given_ = 0;
    inflater_.reset();
    taken_ = inflated_ = 0;
    return true;
}

void InflateSource::fail(std::string_view problem, Damage damage) const {
    throw DamagedBytes(text(what(), ": ", problem, " at byte ", taken_ - inflater_->stream.avail_in, ", after ",
                            inflated_, " bytes were inflated. ", advice(damage)));
}

}  // namespace

std::string_view without_gz(std::string_view file) {
    return file.ends_with(".gz") ? file.substr(0, file.size() - 3) : file;
}

bool begins_with_gzip(ByteSpan bytes) {
    return bytes.size() >= kMagic.size() && std::equal(kMagic.begin(), kMagic.end(), bytes.begin()) &&
           !begins_as_tfrecord(bytes);
}

std::unique_ptr<ByteSource> inflate_on_sight(std::unique_ptr<ByteSource> source) {
    return std::make_unique<InflateSource>(std::move(source));
}

}  // namespace tundish
