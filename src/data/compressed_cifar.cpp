#include "tundish/data/compressed_cifar.hpp"

#include "tundish/data/cifar_reader.hpp"
#include "tundish/data/files_source.hpp"
#include "tundish/data/inflate.hpp"

namespace tundish {

CompressedCifar::CompressedCifar(const ChannelFiles& files, const std::vector<std::string>& names, DataFormat format,
                                 const DataOptions& options)
    : stream_(inflate_on_sight(std::make_unique<FilesSource>(files.channel, names)), files.channel, format, options),
      class_names_(cifar_class_names(files, folder_part(names.front()), format, stream_.class_count())) {
    log_other_than_cifar(files);
}

}  // namespace tundish
