#include "commands/complete.h"

#include <algorithm>
#include <cctype>

#include "commands/command.h"
#include "commands/job_fields.h"
#include "commands/output.h"
#include "lib/base/files.h"
#include "lib/base/user.h"
#include "lib/core/learning_task.h"
#include "lib/data/records.h"

namespace ostler {

namespace {

constexpr int kMostJobs = 50;

// A fixed choice of words for the option of that name, with a help for each.
struct Choice {
  std::string_view option, word, help;
};
constexpr Choice kChoices[] = {
    {"--color", "auto", "on a terminal"},
    {"--color", "always", ""},
    {"--color", "never", ""},
    {"--if-exists", "fail", "refuse (default)"},
    {"--if-exists", "attach", "give the active job's id"},
    {"--if-exists", "reuse", "give the active or COMPLETED job's id"},
    {"--if-exists", "replace", "cancel the active job, then run"},
    {"--input-format", "csv", ""},
    {"--input-format", "tsv", ""},
    {"--input-format", "jsonl", "an object a line"},
    {"--input-format", "json", "one array of objects"},
    {"--input-format", "text", "a row a line"},
    {"--kind", "train", ""},
    {"--kind", "predict", ""},
    {"--on-error", "fail", "end with an error (default)"},
    {"--on-error", "skip", "leave the row out"},
    {"--on-error", "null", "give an empty prediction"},
    {"--output-format", "csv", ""},
    {"--output-format", "tsv", ""},
    {"--output-format", "jsonl", "an object a line"},
    {"--output-format", "text", "a prediction a line"},
    {"--status", "QUEUED", ""},
    {"--status", "RUNNING", ""},
    {"--status", "COMPLETED", ""},
    {"--status", "CANCELED", ""},
    {"--status", "ERRORED", ""},
};

// The section of the configuration whose instances an option names.
constexpr std::pair<std::string_view, const char*> kInstances[] = {{"--finder", "finders"},
                                                                   {"--initializer", "initializers"},
                                                                   {"--predictor", "job_predictors"},
                                                                   {"--trainer", "trainers"}};

// What a command does something about, where that is not any job.
struct Acts {
  std::string_view command;
  std::vector<JobStatus> statuses;
};
const std::vector<JobStatus>& statuses_for(std::string_view command) {
  static const std::vector<JobStatus> kActive = {JobStatus::QUEUED, JobStatus::RUNNING};
  static const Acts kActs[] = {
      {"cancel", kActive},
      {"prune", {JobStatus::COMPLETED, JobStatus::CANCELED, JobStatus::ERRORED}},
      {"result", {JobStatus::QUEUED, JobStatus::RUNNING, JobStatus::COMPLETED}},
      {"wait", kActive},
      {"--after", {JobStatus::QUEUED, JobStatus::RUNNING, JobStatus::COMPLETED}},
  };
  static const std::vector<JobStatus> kAny;
  for (const Acts& acts : kActs)
    if (acts.command == command) return acts.statuses;
  return kAny;
}

// "~/x" as the shell would have given it, had the line been entered.
std::string without_tilde(const std::string& path) {
  if (!starts_with(path, "~/")) return path;
  return user_home(process_environment()) + path.substr(1);
}

bool is_file(const std::string& path) {
  const auto status = file_status(path);
  return status && status->type == FileStatus::Type::file;
}

class Completion {
 public:
  Completion(std::vector<std::string> words, std::size_t position)
      : words_(std::move(words)), position_(position), word_(words_.at(position)) {
    read_line();
  }

  void run() {
    if (taking_ != nullptr) return add_values(taking_->name, taking_->value);
    const std::size_t equals = word_.find('=');
    const bool may_be_option = !options_ended_ && starts_with(word_, "-");
    if (may_be_option && starts_with(word_, "--") && equals != std::string::npos) {
      const OptionSpec* option = find_option(word_.substr(0, equals));
      if (option == nullptr || option->value.empty()) return;
      fixed_ = word_.substr(0, equals + 1);
      return add_values(option->name, option->value);
    }
    if (may_be_option && !starts_with(word_, "--") && word_.size() > 2) {
      const OptionSpec* option = find_option(word_.substr(0, 2));
      if (option == nullptr || option->value.empty()) return;
      fixed_ = word_.substr(0, 2);
      return add_values(option->name, option->value);
    }
    if (may_be_option) return add_options();
    if (command_ == nullptr) return add_commands();
    std::size_t place = 0;
    for (const ArgumentSpec& argument : command_->arguments) {
      if (argument.maximum < 0 || place_ < place + static_cast<std::size_t>(argument.maximum))
        return add_values(command_->name, argument.name);
      place += static_cast<std::size_t>(argument.maximum);
    }
  }

  const std::string& text() const { return text_; }

 private:
  const OptionSpec* find_option(const std::string& name) const {
    const auto among = [&](const std::vector<OptionSpec>& options) {
      const auto found = std::find_if(options.begin(), options.end(), [&](const OptionSpec& option) {
        return option.name == name || (!name.empty() && option.short_name == name);
      });
      return found == options.end() ? nullptr : &*found;
    };
    if (command_ != nullptr)
      if (const OptionSpec* own = among(command_->options)) return own;
    return among(global_options());
  }

  // Tells command, arguments and options apart; those after the cursor count as those before it do.
  void read_line() {
    const OptionSpec* open = nullptr;  // waits for its value
    bool ended = false, is_help = false;
    for (std::size_t i = 0; i < words_.size(); ++i) {
      const std::string& word = words_[i];
      if (i == position_) {
        taking_ = open;
        options_ended_ = ended;
        place_ = arguments_.size();
        if (is_help && command_ == nullptr) return;  // "help CMD": only commands come here
        open = nullptr;
        continue;
      }
      if (open != nullptr) {
        given_.emplace_back(open->name, word);
        open = nullptr;
      } else if (!ended && word == "--") {
        ended = true;
      } else if (!ended && word.size() > 1 && word[0] == '-') {
        const bool is_long = starts_with(word, "--");
        const std::size_t equals = is_long ? word.find('=') : std::string::npos;
        const OptionSpec* option = find_option(is_long ? word.substr(0, equals) : word.substr(0, 2));
        if (option == nullptr) continue;
        if (option->value.empty())
          given_.emplace_back(option->name, "");
        else if (equals != std::string::npos)
          given_.emplace_back(option->name, word.substr(equals + 1));
        else if (!is_long && word.size() > 2)
          given_.emplace_back(option->name, word.substr(2));
        else
          open = option;
      } else if (command_ != nullptr) {
        arguments_.push_back(word);
      } else if (!is_help && word == "help") {
        is_help = true;
      } else if (i < position_) {
        for (const CommandSpec& command : all_commands())
          if (command.name == word) command_ = &command;
        if (command_ == nullptr) return;
      }
    }
  }

  // The last value of an option on the line.
  std::optional<std::string> given(std::string_view option) const {
    for (auto i = given_.rbegin(); i != given_.rend(); ++i)
      if (i->first == option) return i->second;
    return std::nullopt;
  }

  // A candidate for what follows `fixed_` in the word, when it goes on as the word does.
  void add(const std::string& candidate, const std::string& help, bool any_case = false) {
    const std::string whole = fixed_ + candidate;
    const auto same = [&](char a, char b) {
      return a == b || (any_case && std::toupper(static_cast<unsigned char>(a)) ==
                                        std::toupper(static_cast<unsigned char>(b)));
    };
    if (whole.size() < word_.size() || !std::equal(word_.begin(), word_.end(), whole.begin(), same)) return;
    if (printable(whole) != whole || whole.find('\n') != std::string::npos ||
        whole.find('\t') != std::string::npos)
      return;
    text_ += whole + "\t" + in_one_line(help) + "\n";
  }

  void add_shell(const char* what) { text_ += std::string("\t") + what + "\t" + fixed_ + "\n"; }

  void add_commands() {
    for (const CommandSpec& command : all_commands()) add(command.name, command.summary);
    if (words_[0] != "help" || position_ == 0) add("help", "Tell about a command");
  }

  void add_options() {
    const auto add_all = [&](const std::vector<OptionSpec>& options) {
      for (const OptionSpec& option : options)
        if (option.repeatable || !given(option.name)) add(option.name, option.help);
    };
    if (command_ != nullptr) add_all(command_->options);
    add_all(global_options());
    // The short names are not listed, but one that is whole is taken.
    if (const OptionSpec* option = word_.size() == 2 ? find_option(word_) : nullptr; option != nullptr)
      add(word_, option->help);
  }

  // What the word may be: `name` is an option's, or the command whose argument it is; `value` is what help
  // calls it.
  void add_values(const std::string& name, const std::string& value) {
    if (add_choices(name)) return;
    for (const auto& [option, section] : kInstances)
      if (name == option) return add_instances(section);
    if (value == "MODULE" || name == "--module" || (name == "modules" && value == "NAME"))
      return add_modules(value == "MODULE");
    if (value == "MODEL" || (name == "rollback" && value == "PATH")) return add_models();
    if (value == "METRIC") return add_metrics("");
    if (name == "--sort" || name == "--columns") return add_fields(name == "--sort");
    if (value == "ID" && name != "--id") return add_jobs(statuses_for(name), std::nullopt);
    if (name == "--param") return add_parameters();
    if (value == "COLUMN") return add_columns();
    if (name == "--keep") {
      after_last_comma();
      if (fixed_.find(',') == std::string::npos) add("all", "all columns of the data");
      return add_columns();
    }
    if (starts_with(value, "FILE") || starts_with(value, "DATA") || starts_with(value, "PATH"))
      return add_shell("files");
    if (starts_with(value, "DIR")) return add_shell("directories");
  }

  void after_last_comma() { fixed_ = word_.substr(0, std::max(fixed_.size(), word_.rfind(',') + 1)); }

  bool add_choices(const std::string& option) {
    const bool is_list = option == "--status";
    if (is_list) after_last_comma();
    bool any = false;
    for (const Choice& choice : kChoices) {
      if (choice.option != option) continue;
      any = true;
      add(std::string(choice.word), std::string(choice.help), is_list);
    }
    return any;
  }

  ModelManager& manager() {
    if (!manager_) {
      ModelManager::Options options;
      options.keep_faults = true;  // what can be read is
      const auto file = given("--config");
      // A pipe, as <(...) makes it, is not there yet.
      if (file && is_file(without_tilde(*file))) options.config_file = without_tilde(*file);
      if (const auto home = given("--home"); home && !home->empty()) options.home = without_tilde(*home);
      manager_ = std::make_unique<ModelManager>(options);
    }
    return *manager_;
  }

  void add_instances(const std::string& section) {
    for (const auto& [name, instance] :
         manager().configuration().values.at("model_management").at(section).as_object(section))
      add(name, instance.get_string("type"));
  }

  void add_modules(bool or_script) {
    for (const ModuleManifest& module : manager().modules().list()) add(module.name, module.task);
    if (or_script && word_.find('/') != std::string::npos) add_shell("files");
  }

  // Names below the load path, paths, and once it is begun, the id of a training.
  void add_models() {
    int left = 2000;  // entries of directories that are looked at
    add_models_below(manager().load_path(), "", left);
    if (word_.size() > fixed_.size()) {
      std::vector<JobStatus> statuses = {JobStatus::COMPLETED};
      if (given("--detach")) statuses = statuses_for("--after");
      add_jobs(statuses, JobKind::train);
    }
    add_shell("files");
  }

  void add_models_below(const std::string& directory, const std::string& name, int& left) {
    if (!is_directory(directory)) return;
    for (const std::string& entry : list_directory(directory)) {
      if (entry[0] == '.') continue;
      if (left-- <= 0) return;
      const std::string path = join_path(directory, entry);
      const std::string below = name.empty() ? entry : join_path(name, entry);
      const auto status = file_status(path, Links::keep);
      const bool is_zip = status && status->type == FileStatus::Type::file && ends_with(entry, ".zip");
      if (is_zip || is_file(join_path(path, "config.yml")))
        add(below, is_zip ? "archive" : "model");
      else if (status && status->type == FileStatus::Type::directory)
        add_models_below(path, below, left);
    }
  }

  void add_jobs(const std::vector<JobStatus>& statuses, std::optional<JobKind> kind) {
    constexpr std::size_t kShort = 8;
    JobSelector selector;
    selector.statuses = statuses;
    selector.kind = kind;
    const std::string begun = word_.substr(fixed_.size());
    const auto on_line = [&](const std::string& id) {
      return std::find(arguments_.begin(), arguments_.end(), id) != arguments_.end();
    };
    for (const JobInfo& info : manager().jobs().peek(begun, selector, kMostJobs)) {
      const std::string& target = info.save_path ? *info.save_path : info.model;
      std::string help(job_status_name(info.status));
      help += " " + info.module_name + ", " + shown_time(info.submission_time, /*relative=*/true) +
              (target.empty() ? "" : ", " + target);
      std::string id = info.uuid.substr(0, kShort);
      if (on_line(id) || on_line(info.uuid) || on_line(info.id) ||
          (info.external_id && on_line(*info.external_id)))
        continue;
      // One that an earlier version took may begin as an option does.
      if (info.external_id && !starts_with(*info.external_id, "-")) add(*info.external_id, help);
      if (begun.size() > kShort) id = info.uuid;
      add(begun.find(':') != std::string::npos ? info.id : id, help);
    }
  }

  void add_metrics(const std::string& before) {
    for (const MetricSpec& metric : known_metrics())
      add(before + std::string(metric.name), std::string(learning_task_name(metric.task)) +
                                                 (metric.larger_is_better ? "" : ", the smaller the better"));
  }

  // Of a job; metrics of its own, parameters and tags are not known here.
  void add_fields(bool one) {
    if (!one) after_last_comma();
    for (const std::string& name : one ? sortable_names() : member_names()) add(name, "");
    add_metrics("metric.");
  }

  void add_parameters() {
    if (arguments_.empty()) return;
    const ModuleManifest module = manager().modules().find(arguments_[0]);
    const std::size_t equals = word_.find('=', fixed_.size());
    if (equals == std::string::npos) {
      for (const ParameterSpec& spec : module.parameters)
        if (!has_parameter(spec.name)) add(spec.name + "=", spec.help);
      return;
    }
    const std::string name = word_.substr(fixed_.size(), equals - fixed_.size());
    fixed_ = word_.substr(0, equals + 1);
    for (const ParameterSpec& spec : module.parameters) {
      if (spec.name != name) continue;
      for (const std::string& choice : spec.choices)
        add(choice, spec.default_value == Value(choice) ? "default" : "");
      if (spec.type == ParameterType::boolean)
        for (const bool value : {true, false})
          add(value ? "true" : "false", spec.default_value == Value(value) ? "default" : "");
      if (spec.type == ParameterType::columns) after_last_comma();
      if (spec.type == ParameterType::column || spec.type == ParameterType::columns) add_columns();
      if (spec.type == ParameterType::model) add_models();
    }
  }

  bool has_parameter(const std::string& name) const {
    return std::any_of(given_.begin(), given_.end(), [&](const auto& option) {
      return option.first == "--param" &&
             (starts_with(option.second, name + "=") || starts_with(option.second, name + ":="));
    });
  }

  // The columns of the first data file on the line that tells them; one that would be waited for is left
  // alone.
  void add_columns() {
    std::vector<std::string> files;
    if (arguments_.size() > 1) files.assign(arguments_.begin() + 1, arguments_.end());
    for (const auto& [name, value] : given_)
      if (name == "--data") files.push_back(value);
    for (const std::string& file : files) {
      try {
        const std::string path = without_tilde(file);
        if (!is_file(path)) continue;
        const std::string format = given("--input-format").value_or("");
        for (const std::string& column : read_column_names({path, -1}, format)) add(column, file);
        return;
      } catch (const Error&) {  // the next may be readable
      }
    }
  }

  const std::vector<std::string> words_;
  const std::size_t position_;
  const std::string word_;
  const CommandSpec* command_ = nullptr;
  const OptionSpec* taking_ = nullptr;                      // whose value the word is
  bool options_ended_ = false;                              // by "--", before the word
  std::size_t place_ = 0;                                   // of the word among the command's arguments
  std::vector<std::string> arguments_;                      // the others
  std::vector<std::pair<std::string, std::string>> given_;  // the other options, with their values
  std::string fixed_;                                       // the word's beginning that stays as it is
  std::string text_;
  std::unique_ptr<ModelManager> manager_;
};

}  // namespace

int complete(const std::vector<std::string>& arguments) {
  try {
    if (arguments.empty()) return 0;
    std::vector<std::string> words(arguments.begin() + 1, arguments.end());
    const long long position = parse_integer(arguments[0]).value_or(-1);
    const auto size = static_cast<long long>(words.size());
    if (position < 0 || position > size) return 0;
    if (position == size) words.emplace_back();
    Completion completion(std::move(words), static_cast<std::size_t>(position));
    try {
      completion.run();
    } catch (const Error&) {  // what was found before is good
    }
    print(completion.text());
  } catch (...) {  // a shell in the middle of a line is told nothing
  }
  return 0;
}

}  // namespace ostler
