#include "tundish/app/commands.hpp"
#include "tundish/base/error.hpp"
#include "tundish/base/text.hpp"

namespace tundish {
namespace {

DataPart part_from_text(const std::string& name) {
    if (name == "train") return DataPart::train;
    if (name == "test") return DataPart::test;
    if (name == "all") return DataPart::all;
    throw ConfigError(text("--part: expected train, test or all, found '", name, "'."));
}

}  // namespace

void pack_command(const PackArguments& arguments) {
    PackOptions options = arguments.options;
    options.format = pack_format_from_text(arguments.to);
    if (!arguments.part.empty()) options.part = part_from_text(arguments.part);
    pack(options);
}

}  // namespace tundish
