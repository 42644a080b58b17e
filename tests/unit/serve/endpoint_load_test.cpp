// What the endpoint makes of its machine.
#include "support/catch.hpp"
#include "support/loaded_endpoint.hpp"
#include "tundish/base/processors.hpp"

using namespace tundish;
using namespace tundish::testing;

TEST_CASE("workers and their threads together are as many as there are processors") {
    for (const int workers : {0, 1, 2, 3, 200}) {
        INFO(workers);
        int threads = 0;
        const LoadedEndpoint loaded({.workers = workers}, [&](const ClassifierOptions& options) {
            threads = options.threads;
            return std::make_unique<FakeClassifier>();
        });
        const int processors = usable_processors(), used = workers > 0 ? workers : processors;
        CHECK(threads >= 1);
        CHECK((threads == 1 || used * threads <= processors));
        CHECK(used * (threads + 1) > processors);
    }
}

TEST_CASE("on a GPU a batch is one pass, however many processors there are") {
    auto log = std::make_shared<FakeLog>();
    LoadedEndpoint loaded({.largest_batch = 64}, [log](const ClassifierOptions&) {
        return std::make_unique<FakeClassifier>(log, /*on_gpu=*/true);
    });
    std::string rows = "1,2,3,4";
    for (int i = 1; i < 64; ++i) rows += "\n1,2,3,4";
    CHECK(loaded.invoke(rows, "text/csv").status == 200);
    CHECK(log->seen() == std::vector<std::size_t>{1, 64});  // after the warm-up
}
