#include "support/catch.hpp"
#include "tundish/train/lr_schedule.hpp"

using namespace tundish;

TEST_CASE("linear decays from one to zero and stays there") {
    const LrSchedule schedule{.kind = ScheduleKind::linear, .total_steps = 200};
    CHECK(schedule.factor(0) == 1.0);
    CHECK(schedule.factor(100) == Approx(0.5));
    CHECK(schedule.factor(199) == Approx(0.005));
    CHECK(schedule.factor(200) == 0.0);
    CHECK(schedule.factor(999) == 0.0);
}

TEST_CASE("step multiplies at each milestone") {
    LrSchedule schedule{.kind = ScheduleKind::step, .total_steps = 100};
    schedule.milestones = {10, 20};
    schedule.milestone_factor = 0.1;
    CHECK(schedule.factor(9) == 1.0);
    CHECK(schedule.factor(10) == Approx(0.1));
    CHECK(schedule.factor(20) == Approx(0.01));
}

TEST_CASE("cosine is one, one half, zero at start, middle, end") {
    const LrSchedule schedule{.kind = ScheduleKind::cosine, .total_steps = 100};
    CHECK(schedule.factor(0) == Approx(1.0));
    CHECK(schedule.factor(50) == Approx(0.5));
    CHECK(schedule.factor(100) == Approx(0.0).margin(1e-12));
}

TEST_CASE("triangle rises to its peak and falls to its end") {
    const LrSchedule schedule{.kind = ScheduleKind::triangle, .total_steps = 100};
    CHECK(schedule.factor(0) == Approx(0.2));
    CHECK(schedule.factor(23) == Approx(1.0));
    CHECK(schedule.factor(100) == Approx(0.07));
}

TEST_CASE("triangle after a warm-up only falls") {
    const LrSchedule schedule{.kind = ScheduleKind::triangle, .total_steps = 104, .warmup_steps = 4};
    CHECK(schedule.factor(3) == Approx(0.8));
    CHECK(schedule.factor(4) == Approx(1.0));
    CHECK(schedule.factor(54) == Approx(0.535));
    CHECK(schedule.factor(104) == Approx(0.07));
}

TEST_CASE("warm-up rises linearly and the course follows it") {
    const LrSchedule schedule{.kind = ScheduleKind::linear, .total_steps = 14, .warmup_steps = 4};
    CHECK(schedule.factor(0) == Approx(0.2));
    CHECK(schedule.factor(3) == Approx(0.8));
    CHECK(schedule.factor(4) == 1.0);
    CHECK(schedule.factor(9) == Approx(0.5));
}
