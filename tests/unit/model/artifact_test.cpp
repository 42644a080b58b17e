#include <filesystem>
#include <set>

#include "support/errors.hpp"
#include "support/saved_model.hpp"
#include "support/temp_folder.hpp"
#include "support/tiny_data.hpp"
#include "support/torch_catch.hpp"
#include "tundish/base/error.hpp"
#include "tundish/base/files.hpp"
#include "tundish/model/artifact.hpp"
#include "tundish/model/initialise.hpp"
#include "tundish/model/predictor.hpp"
#include "tundish/model/state_file.hpp"

using namespace tundish;
using tundish::testing::lacks;
using tundish::testing::message_of;
using tundish::testing::SavedModel;
using tundish::testing::TempFolder;
using tundish::testing::tiny_samples;

namespace {

std::set<std::string> names_in(const std::filesystem::path& folder) {
    std::set<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(folder))
        names.insert(entry.path().filename().string());
    return names;
}

}  // namespace

TEST_CASE("a model folder holds four files and model.pt answers as the network does") {
    for (const auto& name : architecture_names()) {
        INFO(name);
        const SavedModel saved(name);
        CHECK(names_in(saved.folder.path()) ==
              std::set<std::string>{"config.json", "model.pt", "model.safetensors", "state_dict.pt"});
        const Predictor predictor(saved.folder.path());
        const auto samples = tiny_samples(9, 4, {3, 32, 32}, 5);
        const at::NoGradGuard no_grad;
        const auto expected = saved.network.forward(normalise(pixel_view(samples), saved.config.preprocess), {});
        CHECK(predictor.raw_outputs(pixel_view(samples)).allclose(expected, 1e-3, 1e-4));
        CHECK(predictor.config().class_names == saved.config.class_names);
        CHECK(predictor.config().metrics.at("validation_accuracy") == 0.5);
    }
}

TEST_CASE("state_dict.pt reads back the same tensors under the same names") {
    const SavedModel saved("resnet9");
    const auto value = from_torch_bytes(read_file(saved.folder.path() / kStateDictFile), "state_dict.pt");
    const auto state = from_dict(value);
    REQUIRE(state.size() == saved.network.state().size());
    for (const auto& [name, tensor] : state) CHECK(saved.network.at(name).equal(tensor));
}

TEST_CASE("model.safetensors holds row-major data at the offsets its header gives") {
    const auto weight = at::rand({2, 3, 2, 2}).contiguous(at::MemoryFormat::ChannelsLast);
    const std::string file = to_safetensors({{"a", at::ones({3})}, {"b", weight}});
    const auto header_size = load_le<std::uint64_t>(as_bytes(file).data());
    CHECK(header_size % 8 == 0);
    CHECK(file.substr(8, header_size).find(R"("b":{"dtype":"F32","shape":[2,3,2,2],"data_offsets":[12,108]})") !=
          std::string::npos);
    const auto* data = file.data() + 8 + header_size + 12;
    CHECK(std::memcmp(data, weight.contiguous().const_data_ptr(), 96) == 0);
    CHECK(file.size() == 8 + header_size + 108);
}

TEST_CASE("a damaged, missing or foreign file is named") {
    const SavedModel saved("lenet");
    const auto path = saved.folder.path() / kSafetensorsFile;
    std::string content = read_file(path);
    content[content.size() / 2] ^= 1;
    write_file_atomically(path, content);
    REQUIRE_THROWS_WITH(Predictor(saved.folder.path()), contains_text("model.safetensors is damaged"));
    std::filesystem::remove(path);
    REQUIRE_THROWS_WITH(Predictor(saved.folder.path()), contains_text("model.safetensors is missing"));
    REQUIRE_THROWS_WITH(Predictor("/nonexistent"), contains_text("no config.json"));
    REQUIRE_THROWS_AS(from_torch_bytes("not a zip", "x.pt"), ArtifactError);
}

TEST_CASE("config.json errors name key, expectation and finding") {
    const TempFolder folder;
    folder.write("config.json", R"({"class_names": 3, "input_shape": [3, 32]})");
    REQUIRE_THROWS_WITH(load_model_config(folder.path()),
                        contains_text("'input_shape' must be [channels, height, width]") && contains_text("[3,32]"));
    folder.write("config.json", R"({"class_names": 3, "input_shape": [3, 32, 32], "preprocess": {"mean": [0.5]}})");
    REQUIRE_THROWS_WITH(load_model_config(folder.path()), contains_text("'mean' must be 3 numbers"));
    folder.write("config.json", R"({"class_names": 2, "input_shape": [1, 8, 8], "preprocess": {"std": [0]}})");
    REQUIRE_THROWS_WITH(load_model_config(folder.path()), contains_text("'std' must be numbers above 0"));
    for (const char* classes : {"0", "-1", "2000000000", "99999999999999999999"}) {
        folder.write("config.json", std::string(R"({"input_shape": [1, 8, 8], "class_names": )") + classes + "}");
        REQUIRE_THROWS_WITH(load_model_config(folder.path()), contains_text("'class_names' must be"));
    }
    folder.write("config.json", "{");
    REQUIRE_THROWS_WITH(load_model_config(folder.path()), contains_text("is not JSON"));
    folder.write("config.json", R"({"class_names": 2, "input_shape": [1, 28, 28]})");
    const auto config = load_model_config(folder.path());
    CHECK(config.class_names == std::vector<std::string>{"0", "1"});
    CHECK_FALSE(config.normalises_itself);
}

TEST_CASE("a name in config.json that is nearly one of ours is refused, somebody's own is passed over") {
    const TempFolder folder;
    const std::string begin = R"({"class_names": 2, "input_shape": [1, 8, 8], )";
    const auto message = [&](const std::string& more) {
        folder.write("config.json", begin + more + "}");
        return message_of<ArtifactError>([&] { load_model_config(folder.path()); });
    };
    CHECK(lacks(message(R"("preproces": {"by": "caller"})"), {"unknown name 'preproces'", "Did you mean preprocess?"})
              .empty());
    CHECK(lacks(message(R"("preprocess": {"means": [1]})"), {"preprocess: unknown name 'means'", "Did you mean mean?"})
              .empty());
    folder.write("config.json", begin + R"("trained_by": "somebody"})");
    CHECK_NOTHROW(load_model_config(folder.path()));
}

TEST_CASE("config.json keeps how images were fitted") {
    SavedModel saved("lenet");
    CHECK_FALSE(load_model_config(saved.folder.path()).resize_short_side);
    saved.config.resize_short_side = 40;
    save_artifact(saved.folder.path(), saved.network, saved.config);
    CHECK(load_model_config(saved.folder.path()).resize_short_side == 40);
}

TEST_CASE("what config.json asks for and nobody does is refused, not passed over") {
    const TempFolder folder;
    const auto refused = [&](const std::string& more, const std::string& key, const std::string& found) {
        INFO(more);
        folder.write("config.json", R"({"class_names": 2, )" + more + "}");
        const auto message = message_of<ArtifactError>([&] { load_model_config(folder.path()); });
        CHECK(lacks(message, {"config.json", "'" + key + "' must be", "found " + found}) == "");
    };
    const std::string shape = R"("input_shape": [1, 8, 8], )";
    refused(shape + R"("preprocess": {"by": "me"})", "by", "\"me\"");
    refused(shape + R"("preprocess": {"by": true})", "by", "true");
    refused(shape + R"("preprocess": {"resize": "pad"})", "resize", "\"pad\"");
    refused(shape + R"("preprocess": {"resize": "crop"})", "resize_short_side", "nothing");
    refused(shape + R"("preprocess": {"resize": "crop", "resize_short_side": 7})", "resize_short_side", "7");
    refused(shape + R"("preprocess": {"scale": 0})", "scale", "0");
    refused(shape + R"("preprocess": {"scale": -1})", "scale", "-1");
    refused(shape + R"("preprocess": {"scale": "1/255"})", "scale", "\"1/255\"");
    refused(shape + R"("preprocess": {"mean": 0.5})", "mean", "0.5");
    refused(shape + R"("preprocess": "none")", "preprocess", "\"none\"");
    refused(shape + R"("preprocess": [0.5])", "preprocess", "[0.5]");
    refused(shape + R"("output": "softmax")", "output", "\"softmax\"");
    refused(shape + R"("output": 1)", "output", "1");
    refused(R"("input_shape": [3, 32.5, 32])", "input_shape", "[3,32.5,32]");
    refused(R"("input_shape": [3, true, 32])", "input_shape", "[3,true,32]");
    refused(R"("input_shape": [3, 0, 32])", "input_shape", "[3,0,32]");
    refused(R"("input_shape": "3x32x32")", "input_shape", "\"3x32x32\"");
    refused(R"("input_shape": {"c": 3, "h": 8, "w": 8})", "input_shape", "{");
    refused(R"("input_shape": [3, 4294967297, 32])", "input_shape", "[3,4294967297,32]");
    refused(R"("input_shape": [3, 100000, 100000])", "input_shape", "[3,100000,100000]");
}

TEST_CASE("a number too large for JSON's reader is the file's fault") {
    const TempFolder folder;
    folder.write("config.json", R"({"class_names": 2, "input_shape": [1, 8, 8], "preprocess": {"std": [1e999]}})");
    REQUIRE_THROWS_AS(load_model_config(folder.path()), ArtifactError);
}

TEST_CASE("an image of another size and channel count is brought to the model's") {
    const SavedModel saved("lenet");
    const Predictor predictor(saved.folder.path());
    Image grey{{1, 50, 70}, Bytes(3500, 128)};
    const auto probabilities = predictor.predict(grey);
    REQUIRE(probabilities.size() == 4);
    CHECK(probabilities[0] + probabilities[1] + probabilities[2] + probabilities[3] == Approx(1.0));
}
