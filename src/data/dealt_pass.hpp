#pragma once

#include "fifo_writer.hpp"
#include "reader_watch.hpp"
#include "tundish/base/bytes.hpp"
#include "tundish/data/byte_source.hpp"

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <exception>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace tundish {

/// One pass of a channel on its way to several readers, each with a FIFO and a thread that writes to it.
class DealtPass {
  public:
    /// `what` is for messages.
    explicit DealtPass(std::string what);
    DealtPass(const DealtPass&) = delete;
    DealtPass& operator=(const DealtPass&) = delete;
    /// Closes the FIFOs, wherever their readers are. The writing threads end with a stop, or with take_all().
    ~DealtPass();

    /// Waits until every FIFO has its reader. Throws Stopped and MachineError; FIFOs that are open stay so.
    void open(const std::vector<std::unique_ptr<Fifo>>& fifos);

    /// Reads the source and returns when all readers have taken its bytes or have closed their FIFO, also while the
    /// source waits for bytes. One that has taken them all sees the end at once. Throws what the source throws, Stopped
    /// and MachineError; the FIFOs are left open then.
    void take_all(ByteSource& from);

  private:
    class Borrowed;
    using Piece = std::shared_ptr<const Bytes>;

    struct Outlet {
        explicit Outlet(FifoWriter to) : writer(std::move(to)) {}
        FifoWriter writer;
        std::deque<Piece> pieces;  // what follows: under the mutex
        std::size_t held = 0;      // bytes, with those of the piece that is being written
        bool closed = false;
        std::jthread thread;
    };

    void write(Outlet& outlet);
    Piece next_piece(Outlet& outlet);
    bool wait_for_room();
    [[nodiscard]] bool has_room() const;
    void hand_out(const Piece& piece);
    void close(Outlet& outlet);
    [[nodiscard]] bool all_closed() const;
    std::size_t read_some(Bytes& to);
    void note_failure();
    void join_writers();
    void finish();

    std::string what_;
    ReaderWatch watch_;  ///< never asked for readers: whoever started them watches them
    std::mutex mutex_;
    std::condition_variable changed_;
    bool ended_ = false;
    ByteSource* source_ = nullptr;  ///< during take_all()
    std::exception_ptr failure_;
    std::list<Outlet> outlets_;  ///< last: its threads use what stands before it
};

}  // namespace tundish
