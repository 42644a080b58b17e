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

constexpr const char* kVerbs = "train, serve, predict, describe, feed, pack";

// "100M" → 100000000, "1MiB" → 1048576. CLI11 alone takes "-5" for a very large size.
CLI::Validator size_with_unit() {
    return {[as_size = CLI::AsSizeValue(/*kb_is_1000=*/true)](std::string& value) {
                if (value.starts_with('-')) return "expected a size such as 100M, found " + value;
                return as_size(value);
            },
            "SIZE"};
}

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
        add_local_rank(*train);
        auto* predict = add(Verb::predict, "predict", "classify image files");
        predict->add_option("--model", line_.model, "model folder, as train left it")->required();
        predict->add_option("files", line_.files, "image files")->required();
        add_describe();
        add_feed();
        add_pack();
        add_serve();
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
        if (is_local_rank_) line_.started_as = local_rank_;
        if (!line_.finished) line_.verb = verb_of(argv[0]);
    }

  private:
    void take_root() {
        if (root_.empty()) return;
        line_.root = root_;
        line_.serve.root_given = true;
    }

    CLI::App* add(Verb verb, const char* name, const char* sentence) {
        auto* command = app_.add_subcommand(name, sentence);
        commands_.emplace_back(verb, command);
        return command;
    }

    // What a supervisor adds for the processes that it starts; no options for people, and so without a place in --help.
    void add_local_rank(CLI::App& train) {
        const std::string hidden;
        auto* index = train.add_option("--local-rank", local_rank_.index)->group(hidden);
        auto* count = train.add_option("--local-ranks", local_rank_.count)->group(hidden)->needs(index);
        train.add_option("--supervisor", local_rank_.supervisor)->group(hidden)->needs(count);
        train.add_option("--dealt", local_rank_.dealt)->group(hidden)->needs(index);
        index->each([this](const std::string& /*value*/) { is_local_rank_ = true; });
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

    void add_serve() {
        auto* serve = add(Verb::serve, "serve", "answer requests for the model under --root over HTTP, as an endpoint");
        serve->add_option("--root", root_, "folder whose model/ is served (default: SAGEMAKER_BASE_DIR or /opt/ml)");
        serve
            ->add_option("--port", line_.serve.port,
                         "port to listen on, 0 for any free one (default: SAGEMAKER_BIND_TO_PORT or 8080)")
            ->check(CLI::Range(0, 65535));
        serve
            ->add_option("--max-body", line_.serve.largest_body,
                         "largest request body, such as 200MiB (default: 128MiB)")
            ->transform(size_with_unit());
        serve
            ->add_option("--working-memory", line_.serve.working_memory,
                         "memory for reading requests, all at once, such as 1GiB (default: a quarter of what there is, "
                         "at least 256MiB)")
            ->transform(size_with_unit());
    }

    void add_feed() {
        auto* feed =
            add(Verb::feed, "feed", "play SageMaker's Pipe mode: make the FIFOs of a job, stream files into them");
        auto& options = line_.feed.options;
        feed->add_option("--root", root_, "folder of the job; the FIFOs are input/data/CHANNEL_0, CHANNEL_1, ...");
        feed->add_option("channels", line_.feed.channels, "CHANNEL=PATH: a file, or a folder of files")->required();
        feed->add_option("--passes", options.passes, "how often (default 0: until the reader goes away)");
        feed->add_option("--rate", options.bytes_per_second, "bytes a second for each channel, such as 50M")
            ->transform(size_with_unit());
        feed->add_option_function<std::string>(
                "--record-wrapper",
                [&options](const std::string& value) { options.wrap_recordio = value == "recordio"; },
                "recordio: each file, or attribute of a manifest, becomes one RecordIO record")
            ->check(CLI::IsMember({"none", "recordio"}));
        feed->add_option("--manifest", line_.feed.manifests,
                         "augmented manifest, FILE or CHANNEL=FILE: its lines are sent, PATH stands for the bucket")
            ->allow_extra_args(false);
        feed->add_option("--attributes", options.attributes, "of the manifest, in order, such as source-ref,label")
            ->type_name("NAME,NAME")
            ->delimiter(',')
            ->allow_extra_args(false);
        feed->add_option("--shuffle-seed", options.shuffle_seed, "reshuffle files or manifest lines before each pass");
    }

    void add_pack() {
        auto* pack = add(Verb::pack, "pack",
                         "convert a folder of images, a .lst file's, CIFAR, IDX or record files to another format");
        auto& options = line_.pack.options;
        pack->add_option("--to", line_.pack.to,
                         "recordio (MXNet image records; mxnet means the same), tfrecord or cifar")
            ->required();
        pack->add_option("in", options.in, "folder to read")->required();
        pack->add_option("out", options.out, "new or empty folder to write")->required();
        pack->add_option("--shard-size", options.shard_bytes,
                         "largest size of a file, such as 100M (default: one file)")
            ->transform(size_with_unit());
        pack->add_flag("--raw", options.raw, "recordio: keep raw pixels instead of making PNGs");
        pack->add_option("--part", line_.pack.part, "of CIFAR and IDX files: train (default), test or all");
    }

    Verb verb_of(const std::filesystem::path& program) const {
        for (const auto& [verb, command] : commands_) {
            if (!command->parsed()) continue;
            refuse_extras(command->get_name());
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

    void refuse_extras(const std::string& name) const {
        const auto extra = app_.remaining(/*recurse=*/true);
        if (extra.empty()) return;
        throw ConfigError(text("tundish ", name, " does not know the argument '", extra.front(), "'. See tundish ",
                               name, " --help."));
    }

    CLI::App app_{"tundish: a SageMaker training and inference container", "tundish"};
    std::vector<std::pair<Verb, CLI::App*>> commands_;
    std::string root_;
    LocalRank local_rank_;
    bool is_local_rank_ = false;
    CommandLine& line_;
};

}  // namespace

void parse_command_line(int argc, char** argv, CommandLine& line) {
    Parser(line).parse(argc, argv);
}

}  // namespace tundish
