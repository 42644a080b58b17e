#include "command_line.hpp"

#include <CLI/CLI.hpp>
#include <iostream>

#include "tundish/base/error.hpp"
#include "tundish/base/text.hpp"
#include "tundish/sagemaker/job_files.hpp"
#include "tundish/sagemaker/paths.hpp"

#ifndef TUNDISH_VERSION
#define TUNDISH_VERSION "unknown"
#endif

namespace tundish {
namespace {

constexpr const char* kVerbs = "train, predict, describe; serve, feed and pack are not built yet";

// The parser and the variables that its options write to.
class Parser {
  public:
    explicit Parser(CommandLine& line) : line_(line) {
        app_.set_version_flag("--version", std::string("tundish ") + TUNDISH_VERSION);
        app_.add_option("--root", root_,
                        "folder of the job: input, model, output (default: SAGEMAKER_BASE_DIR or /opt/ml)");
        app_.allow_extras();
        auto* train =
            add(Verb::train, "train", "run the training job under --root, leave its model in model/ (default)");
        train->add_option("--root", root_, "folder of the job");
        auto* predict = add(Verb::predict, "predict", "classify image files");
        predict->add_option("--model", line_.model, "model folder, as train left it")->required();
        predict->add_option("files", line_.files, "image files")->required();
        add_describe();
        for (const auto& [verb, name] : {std::pair{Verb::serve, "serve"}, {Verb::feed, "feed"}, {Verb::pack, "pack"}}) {
            add(verb, name, "not built yet")->allow_extras();
        }
    }

    void parse(int argc, char** argv) {
        try {
            app_.parse(argc, argv);
        } catch (const CLI::CallForHelp& help) {
            app_.exit(help);
            line_.finished = true;
        } catch (const CLI::CallForVersion& version) {
            app_.exit(version);
            line_.finished = true;
        } catch (const CLI::ParseError& error) {
            take_root();
            throw ConfigError(text(error.what(), ". See tundish --help."));
        }
        take_root();
        if (!line_.finished) line_.verb = verb_of(argv[0]);
    }

  private:
    void take_root() {
        if (!root_.empty()) line_.root = root_;
    }

    CLI::App* add(Verb verb, const char* name, const char* sentence) {
        auto* command = app_.add_subcommand(name, sentence);
        commands_.emplace_back(verb, command);
        return command;
    }

    void add_describe() {
        auto* describe = add(Verb::describe, "describe", "print what SageMaker's CreateAlgorithm wants, as JSON");
        const auto choose = [&](const char* flag, Document document, const char* sentence) {
            describe->add_flag_callback(
                flag, [this, document] { line_.document = document; }, sentence);
        };
        choose("--create-algorithm", Document::create_algorithm, "the whole request (default)");
        choose("--hyperparameters", Document::hyperparameters, "the hyperparameters only");
        choose("--metrics", Document::metrics, "the metric definitions only");
        choose("--markdown", Document::markdown, "the hyperparameters as a table for people");
    }

    Verb verb_of(const std::filesystem::path& program) const {
        for (const auto& [verb, command] : commands_) {
            if (!command->parsed()) continue;
            refuse_extras(verb, command->get_name());
            return verb;
        }
        if (program.filename() == "train") return Verb::train;
        if (program.filename() == "serve") return Verb::serve;
        if (const auto extra = app_.remaining(); !extra.empty()) {
            throw ConfigError(text("unknown verb '", extra.front(), "'; known: ", kVerbs));
        }
        if (has_input_config(Paths(line_.root))) return Verb::train;
        throw ConfigError(text("nothing to do: no verb given and no job under ", line_.root.string(), " (",
                               line_.root.string(), "/input/config is missing). Verbs: ", kVerbs,
                               ". See tundish --help."));
    }

    // What is not built yet says so whatever follows it.
    void refuse_extras(Verb verb, const std::string& name) const {
        const auto extra = app_.remaining(/*recurse=*/true);
        if (extra.empty() || verb == Verb::serve || verb == Verb::feed || verb == Verb::pack) return;
        throw ConfigError(text("tundish ", name, " does not know the argument '", extra.front(), "'. See tundish ",
                               name, " --help."));
    }

    CLI::App app_{"tundish: a SageMaker training and inference container", "tundish"};
    std::vector<std::pair<Verb, CLI::App*>> commands_;
    std::string root_;
    CommandLine& line_;
};

}  // namespace

void parse_command_line(int argc, char** argv, CommandLine& line) {
    Parser(line).parse(argc, argv);
}

}  // namespace tundish
