#include "tundish/distributed/local_rank.hpp"

#include <csignal>
#include <string>

#include "support/catch.hpp"

using namespace tundish;

namespace {

EndReport report(int index, Fault fault, const std::string& message = "why") {
    return {.index = index, .fault = fault, .code = 2, .message = message};
}

}  // namespace

TEST_CASE("the first rank with a fault of its own is the cause, whatever the order in which they end") {
    CHECK_FALSE(first_cause({}).has_value());
    CHECK(first_cause({report(1, Fault::peer), report(0, Fault::peer)})->index == 1);
    CHECK(first_cause({report(0, Fault::peer), report(1, Fault::own)})->index == 1);
    CHECK(first_cause({report(2, Fault::own), report(1, Fault::own), report(0, Fault::peer)})->index == 2);
}

TEST_CASE("reports survive their way through a pipe, in pieces and one after the other") {
    const std::string both = to_bytes(report(3, Fault::own, "two\nlines")) + to_bytes(report(0, Fault::peer, ""));
    for (std::size_t cut = 0; cut < both.size(); ++cut) {
        std::string unread = both.substr(0, cut);
        auto reports = take_reports(unread);
        unread += both.substr(cut);
        for (auto& more : take_reports(unread)) reports.push_back(more);
        INFO(cut);
        CHECK(unread.empty());
        REQUIRE(reports.size() == 2);
        CHECK(reports[0].index == 3);
        CHECK(reports[0].fault == Fault::own);
        CHECK(reports[0].code == 2);
        CHECK(reports[0].message == "two\nlines");
        CHECK(reports[1].fault == Fault::peer);
        CHECK(reports[1].message.empty());
    }
}

TEST_CASE("a report fits into a pipe's page and holds no zero byte; what is no report is passed over") {
    const std::string bytes = to_bytes(report(63, Fault::own, std::string(10000, 'x') + '\0'));
    CHECK(bytes.size() <= 4096);
    CHECK(to_bytes(report(0, Fault::own, std::string("a\0b", 3))).find('\0') == 9);
    std::string junk(
        "no report\0"
        "1\0"
        "0 0 1 it\0",
        21);
    const auto reports = take_reports(junk);
    REQUIRE(reports.size() == 1);
    CHECK(reports[0].message == "it");
}

TEST_CASE("a rank that says nothing is described by how it ended") {
    const auto exited = [](int code) { return code << 8; };
    CHECK_FALSE(describe_end(1, exited(0)).has_value());
    CHECK(describe_end(1, exited(3))->find("rank 1 ended with exit code 3 and did not say why") == 0);
    CHECK(describe_end(1, SIGKILL)->find("rank 1 was killed by signal 9 (out of memory?)") == 0);
    CHECK(describe_end(5, SIGSEGV)->find("rank 5 was killed by signal 11 (Segmentation fault)") == 0);
}
