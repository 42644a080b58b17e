#include "tundish/data/fifo_dealer.hpp"

#include "support/catch.hpp"
#include "support/channel_at.hpp"
#include "support/child.hpp"
#include "support/fifo_reader.hpp"
#include "support/fifo_writer.hpp"
#include "support/stopped_child.hpp"
#include "support/temp_folder.hpp"
#include "tundish/base/error.hpp"
#include "tundish/data/pipe_channel.hpp"

#include <fcntl.h>
#include <future>
#include <string>
#include <vector>

using namespace tundish;
using namespace tundish::testing;

namespace {

std::string stream_of(std::size_t size, char first) {
    std::string bytes(size, '\0');
    for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>(first + static_cast<char>(i % 61));
    return bytes;
}

std::filesystem::path fifo_of(const FifoDealer& dealer, const ChannelSpec& channel, int reader, int pass) {
    return FifoDealer::dealt(channel, dealer.folder(), reader).path.string() + "_" + std::to_string(pass);
}

// Runs in a child, as a dealer's end stops its whole process.
template <typename Action>
int dealt_to(int readers, const TempFolder& folder, Action action) {
    const int code = exit_code_of([&] {
        ::alarm(60);
        const auto channel = channel_at(folder.path() / "train", InputMode::pipe);
        std::filesystem::path own;
        bool good = false;
        {
            const FifoDealer dealer({channel}, readers, folder.path() / "output");
            own = dealer.folder();
            good = action(dealer, channel);
        }
        return good && !std::filesystem::exists(own) ? 0 : 1;
    });
    forget_other_childrens_stop();
    return code;
}

}  // namespace

TEST_CASE("FifoDealer: every reader gets every byte of every pass") {
    const TempFolder folder;
    const std::vector<std::string> passes{stream_of(3'000'001, 'A'), "", stream_of(100, 'a')};
    for (int pass = 0; pass < 3; ++pass) make_fifo(folder.path() / ("train_" + std::to_string(pass)));
    CHECK(dealt_to(3, folder, [&](const FifoDealer& dealer, const ChannelSpec& channel) {
              std::vector<std::unique_ptr<FifoWriter>> platform;
              for (int pass = 0; pass < 3; ++pass) {
                  platform.push_back(std::make_unique<FifoWriter>(
                      channel.path.string() + "_" + std::to_string(pass),
                      [&passes, pass](FifoWriter& to) { to.write(passes[static_cast<std::size_t>(pass)]); }));
              }
              std::vector<std::future<bool>> readers;
              for (int reader = 0; reader < 3; ++reader) {
                  readers.push_back(std::async(std::launch::async, [&, reader] {
                      bool same = true;
                      for (int pass = 0; pass < 3; ++pass)
                          same = same && read_fifo(fifo_of(dealer, channel, reader, pass)) ==
                                             passes[static_cast<std::size_t>(pass)];
                      return same;
                  }));
              }
              bool same = true;
              for (auto& reader : readers) same = reader.get() && same;
              return same;
          }) == 0);
}

TEST_CASE("FifoDealer: a reader that closes a pass early does not disturb the others") {
    const TempFolder folder;
    const std::string whole = stream_of(3'000'000, 'A');
    make_fifo(folder.path() / "train_0");
    CHECK(dealt_to(2, folder, [&](const FifoDealer& dealer, const ChannelSpec& channel) {
              const FifoWriter platform(channel.path.string() + "_0", [&](FifoWriter& to) { to.write(whole); });
              auto hasty = std::async(std::launch::async, [&] {
                  return read_fd(open_fifo(fifo_of(dealer, channel, 0, 0)), 1000) == whole.substr(0, 1000);
              });
              auto patient =
                  std::async(std::launch::async, [&] { return read_fifo(fifo_of(dealer, channel, 1, 0)) == whole; });
              return hasty.get() && patient.get();
          }) == 0);
}

TEST_CASE("FifoDealer: when all have closed a pass its writer is told, and the next pass is dealt") {
    const TempFolder folder;
    make_fifo(folder.path() / "train_0");
    make_fifo(folder.path() / "train_1");
    CHECK(dealt_to(1, folder, [&](const FifoDealer& dealer, const ChannelSpec& channel) {
              std::promise<void> ended;
              const FifoWriter endless(channel.path.string() + "_0", [&](FifoWriter& to) {
                  to.write(std::string(100'000'000, 'x'));  // ends early, with EPIPE
                  ended.set_value();
              });
              const FifoWriter next(channel.path.string() + "_1", [&](FifoWriter& to) { to.write("next"); });
              read_fd(open_fifo(fifo_of(dealer, channel, 0, 0)), 10);
              const bool told = ended.get_future().wait_for(std::chrono::seconds(20)) == std::future_status::ready;
              return told && read_fifo(fifo_of(dealer, channel, 0, 1)) == "next";
          }) == 0);
}

TEST_CASE("FifoDealer: when all have closed a pass whose writer says nothing more, the next pass is dealt") {
    const TempFolder folder;
    make_fifo(folder.path() / "train_0");
    make_fifo(folder.path() / "train_1");
    CHECK(dealt_to(2, folder, [&](const FifoDealer& dealer, const ChannelSpec& channel) {
              const FifoWriter silent(channel.path.string() + "_0", [](FifoWriter& to) {
                  to.write("only this");
                  to.pause(std::chrono::seconds(60));
              });
              const FifoWriter next(channel.path.string() + "_1", [](FifoWriter& to) { to.write("next"); });
              const auto reads = [&](int reader) {
                  const std::string begin =
                      read_fd(open_fifo(fifo_of(dealer, channel, reader, 0)), 4);  // and closes it
                  return begin == "only" && read_fifo(fifo_of(dealer, channel, reader, 1)) == "next";
              };
              auto other = std::async(std::launch::async, [&] { return reads(1); });
              const bool first = reads(0);
              return other.get() && first;
          }) == 0);
}

TEST_CASE("FifoDealer: it ends while its readers go") {
    for (int round = 0; round < 10; ++round) {
        const TempFolder folder;
        make_fifo(folder.path() / "train_0");
        const UniqueFd silent(::open((folder.path() / "train_0").c_str(), O_RDWR | O_CLOEXEC));  // a writer
        CHECK(dealt_to(8, folder, [&](const FifoDealer& dealer, const ChannelSpec& channel) {
                  std::vector<std::future<UniqueFd>> readers;
                  for (int reader = 0; reader < 8; ++reader) {
                      readers.push_back(std::async(
                          std::launch::async, [&, reader] { return open_fifo(fifo_of(dealer, channel, reader, 0)); }));
                  }
                  for (auto& reader : readers) static_cast<void>(reader.get());  // and closes it
                  std::this_thread::sleep_for(std::chrono::milliseconds(5));
                  return true;
              }) == 0);
    }
}

TEST_CASE("FifoDealer: what a channel fails with is thrown by its readers") {
    const TempFolder folder;
    folder.write("train_0", "a file");
    CHECK(dealt_to(2, folder, [&](const FifoDealer& dealer, const ChannelSpec& channel) {
              const auto hears = [&](int reader) {
                  PipeChannel pipe(FifoDealer::dealt(channel, dealer.folder(), reader));
                  std::uint8_t byte = 0;
                  try {
                      pipe.next_pass()->read(&byte, 1);
                  } catch (const DataError& error) {
                      return std::string(error.what()).find("expected a FIFO, found a regular file") !=
                             std::string::npos;
                  }
                  return false;
              };
              auto one = std::async(std::launch::async, [&] { return hears(0); });
              return hears(1) && one.get();
          }) == 0);
}

TEST_CASE("FifoDealer: a reader that takes nothing does not keep the others waiting") {
    const TempFolder folder;
    const std::string whole = stream_of(30'000'000, 'A');
    make_fifo(folder.path() / "train_0");
    CHECK(dealt_to(2, folder, [&](const FifoDealer& dealer, const ChannelSpec& channel) {
              const FifoWriter platform(channel.path.string() + "_0", [&](FifoWriter& to) { to.write(whole); });
              const auto idle = open_fifo(fifo_of(dealer, channel, 0, 0));
              const auto eager = open_fifo(fifo_of(dealer, channel, 1, 0));
              return read_fd(eager) == whole && read_fd(idle) == whole;  // each to its end
          }) == 0);
}

TEST_CASE("FifoDealer: folders that a killed process left are removed") {
    const TempFolder folder;
    folder.write("output/.ranks-abcdef/0/train_0", "");
    CHECK(dealt_to(1, folder, [&](const FifoDealer&, const ChannelSpec&) {
              return !std::filesystem::exists(folder.path() / "output/.ranks-abcdef");
          }) == 0);
}
