#include <iostream>

#include "tundish/app/commands.hpp"
#include "tundish/sagemaker/describe.hpp"
#include "tundish/train/reporters.hpp"

namespace tundish {

void describe_command(Document document) {
    switch (document) {
        case Document::create_algorithm:
            std::cout << describe_create_algorithm(metric_definitions());
            break;
        case Document::hyperparameters:
            std::cout << describe_hyperparameters();
            break;
        case Document::metrics:
            std::cout << describe_metrics(metric_definitions());
            break;
        case Document::markdown:
            std::cout << hyperparameters_markdown();
            break;
    }
    std::cout.flush();
}

}  // namespace tundish
