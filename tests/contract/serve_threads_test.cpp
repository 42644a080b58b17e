// How many threads a server has: those that compute, and one for each request in work.
#include <atomic>
#include <chrono>

#include "support/catch.hpp"
#include "support/serve_job.hpp"
#include "support/served_image.hpp"

using namespace tundish::testing;
using namespace std::chrono_literals;

namespace {

int threads_of(pid_t process) {
    const std::filesystem::directory_iterator tasks("/proc/" + std::to_string(process) + "/task");
    return static_cast<int>(std::distance(begin(tasks), end(tasks)));
}

// The most that are seen while `clients` ask for as long as it takes to answer some hundred requests.
int most_threads_under_load(const Served& server, int clients) {
    std::atomic<int> left{20 * clients}, wrong{0};
    std::vector<std::jthread> threads;
    for (int i = 0; i < clients; ++i) {
        threads.emplace_back([&, i] {
            HttpClient client(server.port());
            while (left-- > 0) {
                const Headers headers{{"Content-Type", "image/png"}};
                wrong += client.ask("POST", "/invocations", as_png(i % 5), headers).status == 200 ? 0 : 1;
            }
        });
    }
    int most = 0;
    for (; left > 0; std::this_thread::sleep_for(1ms)) most = std::max(most, threads_of(server.pid()));
    threads.clear();
    CHECK(wrong == 0);
    return most;
}

}  // namespace

TEST_CASE("under load a request costs one thread, and brings no team of its own") {
    constexpr int kClients = 32, kSpare = 4;
    for (const char* network : {"airbench", "lenet"}) {  // our engine, LibTorch
        for (const char* workers : {"1", "2"}) {
            INFO(network << ", " << workers << " workers");
            Served server(trained(network).root(),
                          {{"SAGEMAKER_MODEL_SERVER_WORKERS", workers}, {"OMP_WAIT_POLICY", "passive"}});
            REQUIRE(server.settled().status == 200);
            for (int i = 0; i < 8; ++i) REQUIRE(server.invoke(as_png(1), "image/png").status == 200);
            const int idle = threads_of(server.pid());
            CHECK(most_threads_under_load(server, kClients) <= idle + kClients + kSpare);
        }
    }
}
