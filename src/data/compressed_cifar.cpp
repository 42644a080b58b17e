#include "tundish/data/compressed_cifar.hpp"

#include "tundish/data/cifar_reader.hpp"
#include "tundish/data/files_source.hpp"
#include "tundish/data/inflate.hpp"

#include <iterator>

namespace tundish {
namespace {

// Names that the files bring say how many classes there are.
DataOptions with_classes(DataOptions options, const std::vector<std::string>& names) {
    if (options.num_classes == 0) options.num_classes = std::ssize(names);
    return options;
}

}  // namespace

CompressedCifar::CompressedCifar(const ChannelFiles& files, const std::vector<std::string>& names, DataFormat format,
                                 const DataOptions& options)
    : class_names_(cifar_class_names(files, folder_part(names.front()), format, options.num_classes)),
      stream_(inflate_on_sight(std::make_unique<FilesSource>(files.channel, names)), files.channel, format,
              with_classes(options, class_names_)) {
    log_other_than_cifar(files);
}

}  // namespace tundish
