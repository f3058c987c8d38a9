// The commands of the command line. Each returns an exit code; an Error becomes a message and a code by run_cli().
#pragma once

#include <CLI/CLI.hpp>

#include <functional>
#include <string>

#include "app/cli/exit_code.h"
#include "app/cli/http_client.h"
#include "app/cli/screen.h"
#include "base/names.h"

namespace modelyard::app {

// What every command shares, filled from flags before it runs.
struct CommandContext {
  std::string server;
  TlsOptions tls;
  std::string api_key;
  std::int64_t timeout_seconds = 0;  // 0: as the client thinks right
  bool json = false;

  HttpClient client() const { return HttpClient(server, tls, api_key, std::chrono::seconds(timeout_seconds)); }
};

// Runs a command: result or error.
using Command = std::function<Result<int>()>;

class CommandLine {
 public:
  CommandLine();
  int run(int argc, char** argv);

  // Adds a subcommand that knows --server and --json.
  CLI::App& add(const std::string& name, const std::string& help, Command command);
  // A subcommand of a subcommand ("alias set").
  CLI::App& add(CLI::App& parent, const std::string& name, const std::string& help, Command command);
  CLI::App& group(const std::string& name, const std::string& help);

  CommandContext& context() { return context_; }
  CLI::App& root() { return root_; }

 private:
  static void refuse_empty_paths(CLI::App& app);
  int report_usage(const CLI::ParseError& failure, int argc, char** argv);
  int report_failure(const Error& failure, int argc, char** argv) const;

  CLI::App root_;
  CommandContext context_;
  std::string api_key_file_;
  Command chosen_;
};

void add_serve_commands(CommandLine& line);
void add_publish_commands(CommandLine& line);
void add_show_commands(CommandLine& line);
void add_prediction_commands(CommandLine& line);
void add_journal_commands(CommandLine& line);
// Below `journal`.
void add_export_command(CommandLine& line, CLI::App& group);
void add_label_command(CommandLine& line);
void add_accuracy_command(CommandLine& line);
void add_drift_command(CommandLine& line);
void add_report_command(CommandLine& line);
void add_top_command(CommandLine& line);
void add_quality_commands(CommandLine& line);
void add_monitor_commands(CommandLine& line);
void add_change_commands(CommandLine& line);
void add_setting_commands(CommandLine& line);
void add_traffic_commands(CommandLine& line);
void add_tune_command(CommandLine& line);
void add_experiment_commands(CommandLine& line);
void add_rollout_commands(CommandLine& line);
// Below `rollout`.
void add_rollout_plan_command(CommandLine& line, CLI::App& group);
void add_rollout_report_command(CommandLine& line, CLI::App& group);
void add_rollout_watch_command(CommandLine& line, CLI::App& group);
void add_key_commands(CommandLine& line);
void add_offline_commands(CommandLine& line);
void add_stats_command(CommandLine& line);
void add_simulate_command(CommandLine& line);
void add_completion_command(CommandLine& line);

// Uploads rows to compare live data with; the content of their attachment.
Result<Json> upload_reference(const HttpClient& client, const std::string& path);

// Refuses an argument that is not KEY=VALUE.
CLI::Validator key_and_value();
// Refuses an argument that is not KEY=NUMBER.
CLI::Validator key_and_number();
// Refuses an argument that is neither a version's number nor, where that is allowed, @ALIAS.
enum class AliasToo { kNo, kYes };
CLI::Validator version_argument(AliasToo alias_too);
// The two of an argument that was checked so.
std::pair<std::string, std::string> split_pair(const std::string& text);

// "fraud/3", "fraud@champion", "fraud"
struct ModelArgument {
  std::string model;
  VersionNumber version = 0;
  std::string alias;
};
Result<ModelArgument> parse_model_argument(const std::string& text);
// Its number, or that of its alias, or 0 for the model itself.
Result<VersionNumber> resolve_version(const HttpClient& client, const ModelArgument& target);

}  // namespace modelyard::app
