#pragma once

#include "tundish/base/error.hpp"
#include "tundish/data/byte_source.hpp"
#include "tundish/data/channel_files.hpp"
#include "tundish/data/data_options.hpp"
#include "tundish/data/data_part.hpp"
#include "tundish/data/pipe_channel.hpp"
#include "tundish/data/record_reader.hpp"
#include "tundish/data/stream_reader.hpp"

#include <memory>
#include <string>

namespace tundish {

/// A channel whose files are listed and whose format is decided.
struct OpenedChannel {
    ChannelFiles files;
    ChannelFiles lists;  ///< where the .lst file is looked for: the .lst channel, or `files` again
    DataFormat format = DataFormat::automatic;
    std::string reason;  ///< why that format, for the log
};

/// Lists the files and decides the format: `wanted` if it is not automatic, else a .lst channel (`lst`, may
/// be null), else the content type, else the files' names and first bytes. Throws NoRecords when the channel
/// is empty or holds side files only, DataError when its format cannot be told.
OpenedChannel open_channel(const ChannelSpec& channel, const ChannelSpec* lst, DataFormat wanted);

/// The reader of an opened channel. `part` counts for CIFAR and IDX files only. Throws DataError, and NoRecords where
/// none is of that part.
std::unique_ptr<RecordReader> make_record_reader(const OpenedChannel& opened, DataPart part,
                                                 const DataOptions& options);

/// One pass of a Pipe-mode channel whose format is decided.
struct OpenedPass {
    std::unique_ptr<RecordReader> reader;
    std::string reason;  ///< why that format, for the log
    StreamForm form;
};

/// Waits for a pass's first bytes and decides its format: the one in `options`, else the content type's, else what the
/// bytes speak for, else that of `known`, the form of the first pass. Throws DataError (also for a format that cannot
/// come through a FIFO), NoRecords, MachineError, Stopped.
OpenedPass open_pass(std::unique_ptr<ByteSource> pass, const ChannelSpec& channel, const DataOptions& options,
                     const StreamForm* known = nullptr);

/// A Pipe-mode channel whose first pass is open.
struct BegunPipe {
    std::unique_ptr<PipeChannel> pipe;
    std::unique_ptr<RecordReader> first;  ///< to be destroyed before the next pass is asked for
    StreamForm form;
};

/// Opens pass 0 as open_pass() does and says its format in the log.
BegunPipe begin_pipe(const ChannelSpec& channel, const DataOptions& options);

/// "channel 'train': format recordio (content type application/x-recordio)" in the log.
void log_format(const ChannelSpec& channel, DataFormat format, const std::string& reason);

/// True for CIFAR and IDX channels that hold a test file.
bool has_test_file(const OpenedChannel& opened);

}  // namespace tundish
