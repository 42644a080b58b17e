#include "tundish/serve/health.hpp"

#include "support/catch.hpp"

using namespace tundish;

TEST_CASE("it starts without being ready, and says why") {
    const Health health;
    CHECK(health.state() == ServeState::starting);
    CHECK(health.reason() == "the model is being loaded");
}

TEST_CASE("ready needs no reason; draining and failing have one") {
    Health health;
    health.set_ready();
    CHECK(health.state() == ServeState::ready);
    CHECK(health.reason().empty());
    health.set_draining();
    CHECK(health.state() == ServeState::draining);
    CHECK_FALSE(health.reason().empty());
    health.set_ready();
    CHECK(health.state() == ServeState::draining);
}

TEST_CASE("a failure is for good, and the first one counts") {
    Health health;
    health.set_failed("no model");
    health.set_failed("something else");
    health.set_ready();
    health.set_draining();
    CHECK(health.state() == ServeState::failed);
    CHECK(health.reason() == "no model");
}

TEST_CASE("what was ready may fail") {
    Health health;
    health.set_ready();
    health.set_failed("stuck");
    CHECK(health.state() == ServeState::failed);
    CHECK(health.reason() == "stuck");
}

TEST_CASE("what is stuck is ready again when it has ended, what has failed is not") {
    Health health;
    health.set_unstuck();
    CHECK(health.state() == ServeState::starting);
    health.set_ready();
    health.set_stuck("a long pass");
    CHECK(health.state() == ServeState::failed);
    CHECK(health.reason() == "a long pass");
    health.set_unstuck();
    CHECK(health.state() == ServeState::ready);
    CHECK(health.reason().empty());
    health.set_stuck("a long pass");
    health.set_failed("the GPU is gone");
    health.set_unstuck();
    CHECK(health.state() == ServeState::failed);
    CHECK(health.reason() == "the GPU is gone");
}

TEST_CASE("a stop while loading: ready is not said any more") {
    Health health;
    health.set_draining();
    health.set_ready();
    CHECK(health.state() == ServeState::draining);
}

TEST_CASE("each state has its word") {
    CHECK(std::string(to_text(ServeState::starting)) == "starting");
    CHECK(std::string(to_text(ServeState::ready)) == "ready");
    CHECK(std::string(to_text(ServeState::failed)) == "failed");
    CHECK(std::string(to_text(ServeState::draining)) == "draining");
}
