#include "tundish/sagemaker/training_hosts.hpp"

#include "support/catch.hpp"
#include "support/errors.hpp"
#include "support/recorded_configs.hpp"
#include "tundish/base/error.hpp"

using namespace tundish;
using namespace tundish::testing;

namespace {

using Names = std::vector<std::string>;

ResourceConfig cluster_of(const std::string& first_type, const std::string& second_type) {
    ResourceConfig cluster;
    cluster.hosts = {"algo-1", "algo-2", "algo-3"};
    cluster.instance_groups = {{"a", first_type, {"algo-2"}}, {"b", second_type, {"algo-3", "algo-1"}}};
    return cluster;
}

}  // namespace

TEST_CASE("all hosts train where there are no groups, or groups of one kind") {
    ResourceConfig plain;
    plain.hosts = {"algo-1", "algo-2"};
    CHECK(training_hosts(plain, {}).hosts == plain.hosts);
    for (const auto& [first, second] : {std::pair{"ml.c5.xlarge", "ml.m5.xlarge"},
                                        {"ml.g5.xlarge", "ml.p4d.24xlarge"},
                                        {"", ""},
                                        {"ml.c7g.xlarge", "ml.trn1.2xlarge"}}) {
        const auto found = training_hosts(cluster_of(first, second), {});
        CHECK(found.hosts == Names{"algo-1", "algo-2", "algo-3"});
        CHECK(found.note.empty());
    }
}

TEST_CASE("hosts without GPUs step aside for those with") {
    const auto found = training_hosts(cluster_of("ml.c5.xlarge", "ml.g4dn.xlarge"), {});
    CHECK(found.hosts == Names{"algo-1", "algo-3"});  // in the job's order, not the group's
    CHECK(found.note.find("instance group b trains: algo-1, algo-3. It has GPUs") == 0);
    CHECK(training_hosts(cluster_of("ml.p5.48xlarge", "ml.c5.xlarge"), {}).hosts == Names{"algo-2"});
}

TEST_CASE("the groups that the SDK names train") {
    const auto cluster = cluster_of("ml.c5.xlarge", "ml.g4dn.xlarge");
    CHECK(training_hosts(cluster, {"a"}).hosts == Names{"algo-2"});
    CHECK(training_hosts(cluster, {"a"}).note == "instance group a trains: algo-2");
    const auto both = training_hosts(cluster, {"b", "a"});
    CHECK(both.hosts == cluster.hosts);
    CHECK(both.note.empty());
}

TEST_CASE("a group that is not there, or has no host, is refused") {
    const auto cluster = cluster_of("ml.c5.xlarge", "ml.c5.xlarge");
    CHECK_THROWS_WITH(training_hosts(cluster, {"c"}),
                      "hyperparameter sagemaker_distribution_instance_groups names \"c\", but this cluster's instance "
                      "groups are: a, b");
    CHECK_THROWS_AS(training_hosts(ResourceConfig{}, {"c"}), ConfigError);
    ResourceConfig elsewhere = cluster;
    elsewhere.hosts = {"algo-2"};
    CHECK_THROWS_AS(training_hosts(elsewhere, {"b"}), ConfigError);
}
