// Every way to be wrong ends in a sentence: the exit code says who has to act, the failure file has the cause first.
#include <opencv2/imgcodecs.hpp>

#include "support/catch.hpp"
#include "support/image_files.hpp"
#include "support/job.hpp"

using namespace tundish::testing;

namespace {

// What the job lacks of a good ending with this exit code; empty when all is well.
std::string wrong_with(const Job& job, int code, std::initializer_list<std::string_view> cause, const Ended& ended) {
    const std::string failure = job.failure();
    const std::string seen = "\nfailure file: " + failure + "\noutput:\n" + ended.output;
    if (ended.hung) return "it hung" + seen;
    if (ended.signal != 0) return "ended by signal " + std::to_string(ended.signal) + seen;
    if (ended.code != code) return "exit code " + std::to_string(ended.code) + seen;
    if (failure.empty() || failure.size() > 1024)
        return "the failure file has " + std::to_string(failure.size()) + " bytes" + seen;
    for (const auto part : cause) {
        if (failure.find(part) == std::string::npos) return "the failure file lacks '" + std::string(part) + "'" + seen;
        if (!ended.says(part)) return "the output lacks '" + std::string(part) + "'" + seen;
    }
    for (const char* folder : {"model", "checkpoints", "output"}) {
        for (const auto& name : job.list(folder)) {
            if (name.ends_with(".sagemaker-ignore")) return "left behind: " + name + seen;
        }
    }
    return {};
}

std::string wrong_with(const Job& job, int code, std::initializer_list<std::string_view> cause) {
    return wrong_with(job, code, cause, job.train());
}

void write_folders(const Job& job) {
    write_image_folder(job.folder(), "ml/input/data/train", {"a", "b"}, 10, ".jpg");
}

// With a limit of the shell's on the process.
Ended train_within(const std::string& limit, const Job& job) {
    const std::string script = limit + R"(; exec "$0" train --root "$1")";
    return Process("/bin/sh", {"sh", "-c", script, TUNDISH_EXECUTABLE, job.root().string()}, job.environment()).wait();
}

}  // namespace

TEST_CASE("a root that is not there") {
    const Ended ended = run_tundish({"train", "--root", "/none/such"});
    CHECK(ended.code == 2);
    CHECK(ended.says("there is no folder /none/such"));
}

TEST_CASE("hyperparameters: all that is wrong, at once") {
    Job job{{{"lerning_rate", "0.1"}, {"epochs", "minus one"}, {"optimizer", "adamm"}, {"momentum", "7"}}};
    job.cifar10();
    CHECK(wrong_with(job, 2, {"lerning_rate", "learning_rate", "epochs", "optimizer", "momentum"}) == "");
    CHECK(job.failure().find("hyperparameters") < 40);
    CHECK(job.list("model").empty());
}

TEST_CASE("hyperparameters: so many mistakes that the failure file is cut, at a whole character") {
    Job::Hyperparameters many;
    for (int i = 0; i < 200; ++i) many["größe_" + std::to_string(i)] = "日本語";
    Job job(many);
    job.cifar10();
    CHECK(wrong_with(job, 2, {}) == "");
    CHECK(job.failure().size() > 900);
}

TEST_CASE("hyperparameters: a file that is no JSON object") {
    for (const char* content : {"", "[]", "{\"epochs\":", "\xff\xfe", "{\"epochs\":{}}"}) {
        Job job;
        job.cifar10();
        job.write("input/config/hyperparameters.json", content);
        INFO(content);
        CHECK(wrong_with(job, 2, {"hyperparameters"}) == "");
    }
}

TEST_CASE("channels: missing, without a folder, empty") {
    Job job;
    SECTION("not declared") {
        job.channels({"validation"});
        CHECK(wrong_with(job, 2, {"no 'train' channel", "validation"}) == "");
    }
    SECTION("declared, no folder") {
        CHECK(wrong_with(job, 2, {"channel 'train'", "no folder"}) == "");
    }
    SECTION("no file in it") {
        std::filesystem::create_directories(job.at("input/data/train"));
        CHECK(wrong_with(job, 2, {"channel 'train'", "found none"}) == "");
    }
    SECTION("files that are no data") {
        job.write("input/data/train/notes.txt", "words");
        CHECK(wrong_with(job, 2, {"channel 'train'", "notes.txt"}) == "");
    }
    SECTION("files without a record") {
        job.write("input/data/train/data_batch_1.bin", "");
        CHECK(wrong_with(job, 2, {"channel 'train'"}) == "");
    }
}

TEST_CASE("CIFAR files: wrong size, label out of range") {
    Job job;
    job.cifar10();
    SECTION("size") {
        job.write("input/data/train/data_batch_2.bin", cifar_records(0, 5) + "x");
        CHECK(wrong_with(job, 2, {"channel 'train'", "data_batch_2.bin", "3073", "15366"}) == "");
    }
    SECTION("label") {
        job.write("input/data/train/data_batch_2.bin", cifar_records(0, 5) + cifar_record(11, 5));
        CHECK(wrong_with(job, 2, {"channel 'train'", "data_batch_2.bin", "record 5", "label 11", "0..9"}) == "");
    }
    SECTION("label in the test file") {
        job.write("input/data/train/test_batch.bin", cifar_record(200, 5));
        CHECK(wrong_with(job, 2, {"test_batch.bin", "record 0", "label 200"}) == "");
    }
    CHECK(job.list("model").empty());
}

TEST_CASE("a corrupt image ends the job, unless on_bad_record says otherwise") {
    Job job;
    write_folders(job);
    const std::string whole = noisy_image(".jpg", 64, 64);
    job.write("input/data/train/b/broken.jpg", whole.substr(0, whole.size() / 2));
    job.write("input/data/train/b/words.jpg", "words");
    CHECK(wrong_with(job, 2, {"channel 'train'", "b/broken.jpg"}) == "");
    job.hyperparameters({{"on_bad_record", "skip"}});
    const Ended ended = job.train();
    INFO(ended.output);
    CHECK(ended.code == 0);
    CHECK(ended.says("2 records could not be decoded"));
    CHECK_FALSE(job.has("output/failure"));
}

TEST_CASE("a .lst that names an image which is not there") {
    Job job;
    job.channels({"train", "train_lst"});
    job.write("input/data/train/0.png", plain_image(".png", 32, 32, 1, 2, 3));
    job.write("input/data/train_lst/train.lst", "0\t0\t0.png\n1\t1\tgone.png\n");
    CHECK(wrong_with(job, 2, {"gone.png"}) == "");
}

TEST_CASE("a learning rate that makes the loss diverge") {
    Job job{{{"optimizer", "sgd"}, {"learning_rate", "1000"}, {"epochs", "3"}}};
    job.cifar10();
    CHECK(wrong_with(job, 2, {"training diverged", "learning_rate"}) == "");
}

TEST_CASE("weights that diverge in the last step leave no model and no checkpoint") {
    Job job{{{"optimizer", "sgd"}, {"learning_rate", "100"}, {"weight_decay", "1"}, {"batch_size", "34"}}};
    job.cifar10();
    CHECK(wrong_with(job, 2, {"training diverged", "learning_rate", job.at("checkpoints").string()}) == "");
    CHECK(job.list("model").empty());
    CHECK(job.list("checkpoints").empty());
}

TEST_CASE("settings that the images or the model's defaults contradict, all at once") {
    Job job{{{"crop_padding", "32"}, {"warmup_epochs", "100"}, {"epochs", ""}}};
    job.cifar10();
    CHECK(wrong_with(job, 2, {"crop_padding", "less than 32", "warmup_epochs"}) == "");
}

TEST_CASE("one wild label in a list is a sentence, not a network of a million outputs") {
    Job job;
    job.channels({"train", "train_lst"});
    for (const char* name : {"0.png", "1.png"})
        job.write(std::string("input/data/train/") + name, plain_image(".png", 32, 32, 1, 2, 3));
    job.write("input/data/train_lst/train.lst", "0\t0\t0.png\n1\t900000\t1.png\n");
    CHECK(wrong_with(job, 2, {"channel 'train'", "900000", "num_classes"}) == "");
}

TEST_CASE("a limit on addresses is no crash") {
    if (kSlowness > 1) {
        SKIP_TEST("a sanitizer takes more addresses than that for itself");
    }
    Job job;
    job.cifar10();
    const Ended ended = train_within("ulimit -v 6000000", job);
    INFO(ended.output);
    CHECK(ended.signal == 0);
    CHECK(ended.code == 0);
}

TEST_CASE("no memory for a tensor is a sentence") {
    if (kSlowness > 1) {
        SKIP_TEST("a sanitizer takes more addresses than that for itself");
    }
    Job job{{{"image_shape", "3,1024,1024"}, {"batch_size", "100"}, {"model", "keras_cnn"}}};
    job.cifar10();
    const Ended ended = train_within("ulimit -d 3000000", job);
    CHECK(wrong_with(job, 1, {"out of memory", "batch_size"}, ended) == "");
}

TEST_CASE("what needs no data to be refused is refused before they are read, all at once") {
    Job job{{{"precision", "fp16"}, {"model", "airbench"}, {"image_shape", "3,8,8"}}};
    job.cifar10();
    const Ended ended = job.train();
    CHECK(wrong_with(job, 2, {"airbench", "at least 17x17"}, ended) == "");
    CHECK_FALSE(ended.says("samples of"));
}

TEST_CASE("fp16 without a GPU is refused") {
    Job job{{{"precision", "fp16"}}};
    job.cifar10();
    const Ended ended = job.train();
    if (ended.code != 0) CHECK(wrong_with(job, 2, {"fp16", "GPU"}, ended) == "");
}

TEST_CASE("places that cannot be written: exit 1 with the path") {
    Job job;
    job.cifar10();
    for (const std::string name : {"model", "checkpoints", "output/data"}) {
        std::filesystem::remove_all(job.at(name));
        job.write(name, "a file in the way");
        INFO(name);
        CHECK(wrong_with(job, 1, {job.at(name).string()}) == "");
        CHECK(job.read(name) == "a file in the way");
        std::filesystem::remove(job.at(name));
    }
    CHECK(job.train().code == 0);
    CHECK_FALSE(job.has("output/failure"));
}

// Root without its power over files is refused as any other user is, and still reaches the executable.
TEST_CASE("what may not be read or written: the path, the uid, what to do") {
    if (::geteuid() != 0) {
        SKIP_TEST("needs root to take rights away");
    }
    for (const std::string name : {"input/config/hyperparameters.json", "input/data/train/data_batch_1.bin", "model"}) {
        INFO(name);
        Job job;
        job.cifar10();
        std::filesystem::permissions(job.at(name), std::filesystem::perms::none);
        const Ended ended = Process("/usr/bin/setpriv",
                                    {"setpriv", "--bounding-set=-dac_override,-dac_read_search",
                                     "--inh-caps=-dac_override,-dac_read_search", TUNDISH_EXECUTABLE, "train", "--root",
                                     job.root().string()},
                                    job.environment())
                                .wait();
        std::filesystem::permissions(job.at(name), std::filesystem::perms::owner_all);
        const int code = name.starts_with("input/data") ? 2 : 1;
        CHECK(wrong_with(job, code, {name, "uid 0", "owner or mode"}, ended) == "");
        CHECK_FALSE(ended.says("training step"));
    }
}
