#include "recordio_request.hpp"

#include "tundish/base/error.hpp"
#include "tundish/base/text.hpp"
#include "tundish/data/image_codec.hpp"
#include "tundish/data/image_header.hpp"
#include "tundish/data/mxnet_record.hpp"
#include "tundish/data/recordio.hpp"
#include "tundish/serve/request_error.hpp"

#include <algorithm>
#include <cstring>
#include <memory>

namespace tundish {
namespace {

class BodySource : public ByteSource {
  public:
    explicit BodySource(ByteSpan body) : rest_(body) {}

    std::size_t read(std::uint8_t* to, std::size_t size) override {
        const std::size_t count = std::min(size, rest_.size());
        if (count > 0) std::memcpy(to, rest_.data(), count);
        rest_ = rest_.subspan(count);
        return count;
    }
    [[nodiscard]] std::string what() const override { return "request body"; }
    [[nodiscard]] std::string place() const override { return "request body"; }
    [[nodiscard]] std::string advice(Damage /*damage*/) const override { return "Send whole RecordIO records."; }

  private:
    ByteSpan rest_;
};

void add_record(ByteSpan record, PixelBuilder& out) {
    const auto is_raw = [&](ByteSpan bytes) { return bytes.size() == out.model().pixels(); };
    if (looks_like_image(record)) return out.add_encoded(record);
    if (is_raw(record)) return out.add_raw(record);
    const auto inner = behind_mxnet_header(record);
    if (inner && looks_like_image(*inner)) return out.add_encoded(*inner);
    if (inner && is_raw(*inner)) return out.add_raw(*inner);
    throw RequestError(
        400, "bad_recordio",
        text("expected an encoded image, ", out.model().pixels(), " raw bytes, or either behind MXNet's ",
             "header, found ", record.size(), " bytes of another kind"));
}

}  // namespace

ReplyForm read_recordio_request(ByteSpan body, PixelBuilder& out) {
    out.claim(body.size());  // each record is copied
    RecordIo records(std::make_unique<BodySource>(body));
    try {
        while (const auto record = records.next()) add_record(*record, out);
    } catch (const DataError& error) {
        throw RequestError(400, "bad_recordio", error.what());
    } catch (const RequestError& error) {
        throw error.at(text("record ", records.count() - 1));
    }
    return {Envelope::bare, true, {}};
}

}  // namespace tundish
