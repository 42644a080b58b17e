#include "idx_file.hpp"

#include "sequential_file.hpp"
#include "tundish/base/error.hpp"
#include "tundish/base/text.hpp"
#include "tundish/data/files_source.hpp"
#include "tundish/data/image_header.hpp"
#include "tundish/data/inflate.hpp"

#include <algorithm>
#include <array>
#include <iomanip>
#include <sstream>

namespace tundish {
namespace {

constexpr std::uint32_t kUnsignedBytes = 0x0800;
constexpr std::size_t kPiece = 4 << 20;         // between two looks at the stop flag
constexpr std::uint64_t kMostInflation = 1032;  // deflate cannot make more bytes out of one

std::string magic_text(std::uint32_t magic) {
    std::ostringstream out;
    out << "0x" << std::hex << std::setw(8) << std::setfill('0') << magic;
    return out.str();
}

}  // namespace

IdxFile::IdxFile(const ChannelFiles& files, const std::string& file, unsigned dimensions)
    : source_(inflate_on_sight(std::make_unique<FilesSource>(files.channel, std::vector<std::string>{file}))) {
    read_header(dimensions);
    check_size(files, file);
}

void IdxFile::read_header(unsigned dimensions) {
    Bytes header(4 + 4 * std::size_t{dimensions});
    header.resize(fill(header.data(), header.size()));
    const std::uint32_t wanted = kUnsignedBytes | dimensions;
    if (header.size() >= 4 && load_be<std::uint32_t>(header.data()) != wanted) {
        const std::uint32_t found = load_be<std::uint32_t>(header.data());
        const bool swapped = found == (kUnsignedBytes | 1U) || found == (kUnsignedBytes | 3U);
        refuse(text("expected an IDX file of ", dimensions == 3 ? "images" : "labels", " (magic number ",
                    magic_text(wanted), "), found ",
                    swapped        ? text("one of ", dimensions == 3 ? "labels" : "images")
                    : found >> 16U ? describe_bytes(header)
                                   : text("IDX data of another kind"),
                    " (", magic_text(found), ")"));
    }
    if (header.size() < 4 + 4 * std::size_t{dimensions}) {
        throw DataError(text(source_->what(), ": expected an IDX header of ", 4 + 4 * dimensions, " bytes, found ",
                             header.size(), " bytes. ", source_->advice(Damage::cut_off)));
    }
    for (unsigned i = 0; i < dimensions; ++i) sizes_.push_back(load_be<std::uint32_t>(&header[4 + 4 * std::size_t{i}]));
    if (dimensions == 1) return;
    if (height() < 1 || width() < 1 || height() > kMaxImagePixels / width()) {
        refuse(text("expected images of 1 to ", kMaxImagePixels, " pixels, found ", height(), " x ", width()));
    }
    item_bytes_ = static_cast<std::size_t>(height() * width());
}

// Before anybody takes memory for what the header claims. The end of gzip data is met only when it is read.
void IdxFile::check_size(const ChannelFiles& files, const std::string& file) const {
    SequentialFile plain(files.path_of(file), source_->what());
    std::array<std::uint8_t, 2> head{};
    const bool compressed = begins_with_gzip({head.data(), plain.read(head.data(), head.size())});
    const std::uint64_t wanted = offset_of(count());
    if (compressed ? wanted / kMostInflation <= plain.size() : wanted == plain.size()) return;
    const auto whole = static_cast<std::int64_t>((plain.size() - std::min(plain.size(), offset_of(0))) / item_bytes_);
    throw DataError(text(source_->what(), ": the header announces ", count(), dimensions_text(), ", which take ",
                         wanted, " bytes, found ", plain.size(), compressed ? " bytes of gzip data" : " bytes",
                         compressed || plain.size() > wanted
                             ? ""
                             : text(": record ", whole, " (byte ", offset_of(whole), ") is cut off"),
                         ". ", source_->advice(plain.size() < wanted ? Damage::cut_off : Damage::foreign)));
}

void IdxFile::read(std::uint8_t* to, std::int64_t items) {
    const std::size_t size = static_cast<std::size_t>(items) * item_bytes_;
    const std::size_t got = fill(to, size);
    if (got < size) {
        const auto whole = next_ + static_cast<std::int64_t>(got / item_bytes_);
        throw DataError(text(what(whole), ": the data ends before record ", count() - 1, ", the last one: expected ",
                             item_bytes_, " bytes, found ", got % item_bytes_, ". ", source_->advice(Damage::cut_off)));
    }
    next_ += items;
    std::uint8_t byte = 0;
    if (next_ == count() && fill(&byte, 1) > 0) {
        refuse(text("expected the end after ", count(), " records at byte ", offset_of(next_), ", found more bytes"));
    }
}

std::size_t IdxFile::fill(std::uint8_t* to, std::size_t size) {
    std::size_t done = 0;
    while (done < size) {
        const std::size_t got = source_->read(to + done, std::min(size - done, kPiece));
        if (got == 0) break;
        done += got;
    }
    return done;
}

std::uint64_t IdxFile::offset_of(std::int64_t item) const {
    return 4 + 4 * sizes_.size() + static_cast<std::uint64_t>(item) * item_bytes_;
}

std::string IdxFile::dimensions_text() const {
    return sizes_.size() == 1 ? " labels" : text(" images of ", height(), " x ", width());
}

std::string IdxFile::what(std::int64_t item) const {
    return text(source_->what(), ", record ", item, " (byte ", offset_of(item), ')');
}

void IdxFile::refuse(const std::string& problem) const {
    throw DataError(text(source_->what(), ": ", problem, ". ", source_->advice(Damage::foreign)));
}

}  // namespace tundish
