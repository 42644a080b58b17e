#include "tundish/base/files.hpp"

#include "support/catch.hpp"
#include "support/child.hpp"
#include "support/errors.hpp"
#include "support/temp_folder.hpp"
#include "tundish/base/error.hpp"

#include <cerrno>
#include <csignal>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace tundish;
using namespace tundish::testing;

namespace {

std::size_t entries(const std::filesystem::path& folder) {
    return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(folder), {}));
}

}  // namespace

TEST_CASE("read_file reads all bytes and names a missing file") {
    const TempFolder folder;
    const std::string content("a\0b\n", 4);
    CHECK(read_file(folder.write("x", content)) == content);
    const auto missing = folder.path() / "missing";
    CHECK(lacks(message_of<MachineError>([&] { read_file(missing); }), {missing.string(), "errno 2"}) == "");
}

TEST_CASE("an AtomicFile appears with commit() and not before") {
    const TempFolder folder;
    folder.write("model.pt", "old");
    {
        AtomicFile file(folder.path() / "model.pt");
        file.write("new ");
        file.write("content");
        CHECK(folder.read("model.pt") == "old");
        file.commit();
    }
    CHECK(folder.read("model.pt") == "new content");
    CHECK(entries(folder.path()) == 1);
}

TEST_CASE("an AtomicFile without commit() leaves nothing behind") {
    const TempFolder folder;
    { AtomicFile(folder.path() / "model.pt").write("half"); }
    CHECK(entries(folder.path()) == 0);
}

TEST_CASE("the temporary file of an AtomicFile has the suffix that SageMaker does not upload") {
    const TempFolder folder;
    const AtomicFile file(folder.path() / "model.pt");
    CHECK(std::filesystem::directory_iterator(folder.path())->path().extension() == ".sagemaker-ignore");
}

TEST_CASE("an AtomicFile in a missing folder names the file") {
    const auto message = message_of<MachineError>([] { AtomicFile("/no/such/folder/model.pt"); });
    CHECK(lacks(message, {"/no/such/folder/model.pt", "errno 2"}) == "");
}

TEST_CASE("a write beyond the file size limit keeps the old file and removes the temporary one") {
    const TempFolder folder;
    folder.write("model.pt", "old");
    const int code = exit_code_of([&] {
        std::signal(SIGXFSZ, SIG_IGN);
        const rlimit limit{4096, 4096};
        ::setrlimit(RLIMIT_FSIZE, &limit);
        const auto message = message_of<MachineError>(
            [&] { write_file_atomically(folder.path() / "model.pt", std::string(100'000, 'x')); });
        return lacks(message, {"cannot write", "model.pt", std::to_string(EFBIG)}).empty() ? 0 : 1;
    });
    CHECK(code == 0);
    CHECK(folder.read("model.pt") == "old");
    CHECK(entries(folder.path()) == 1);
}

TEST_CASE("a full disk keeps the old file and says what to do") {
    const TempFolder folder;
    if (::mount("tmpfs", folder.path().c_str(), "tmpfs", 0, "size=64k") != 0)
        return;  // needs root and the right to mount
    folder.write("model.pt", "old");
    const auto message = message_of<MachineError>(
        [&] { write_file_atomically(folder.path() / "model.pt", std::string(1'000'000, 'x')); });
    const auto content = folder.read("model.pt");
    const auto count = entries(folder.path());
    ::umount(folder.path().c_str());
    CHECK(lacks(message, {"model.pt", "No space left", "larger volume"}) == "");
    CHECK(content == "old");
    CHECK(count == 1);
}

TEST_CASE("remove_stale_temporaries removes those and nothing else") {
    const TempFolder folder;
    folder.write("a.pt.17.sagemaker-ignore", "x");
    folder.write("a.pt", "x");
    remove_stale_temporaries(folder.path());
    remove_stale_temporaries(folder.path() / "missing");
    CHECK(entries(folder.path()) == 1);
    CHECK(folder.read("a.pt") == "x");
}

TEST_CASE("folder_entries gives all that lies in a folder, and says when it cannot") {
    const TempFolder folder;
    std::filesystem::create_directory(folder.path() / "inner");
    write_file_atomically(folder.path() / "file", "x");
    std::error_code error;
    CHECK(folder_entries(folder.path(), error).size() == 2);
    CHECK_FALSE(error);
    CHECK(folder_entries(folder.path() / "missing", error).empty());
    CHECK(error == std::errc::no_such_file_or_directory);
    CHECK(folder_entries(folder.path() / "file").empty());
}

TEST_CASE("make_folders makes parents and names what is in the way") {
    const TempFolder folder;
    make_folders(folder.path() / "a" / "b");
    CHECK(std::filesystem::is_directory(folder.path() / "a" / "b"));
    folder.write("file", "x");
    const auto message = message_of<MachineError>([&] { make_folders(folder.path() / "file" / "c"); });
    CHECK(lacks(message, {(folder.path() / "file" / "c").string()}) == "");
}
