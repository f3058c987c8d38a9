#include "app/cli/command.h"

int main(int argc, char** argv) {
  modelyard::app::CommandLine line;
  modelyard::app::add_serve_commands(line);
  modelyard::app::add_publish_commands(line);
  modelyard::app::add_show_commands(line);
  modelyard::app::add_prediction_commands(line);
  modelyard::app::add_journal_commands(line);
  modelyard::app::add_label_command(line);
  modelyard::app::add_accuracy_command(line);
  modelyard::app::add_drift_command(line);
  modelyard::app::add_report_command(line);
  modelyard::app::add_top_command(line);
  modelyard::app::add_quality_commands(line);
  modelyard::app::add_monitor_commands(line);
  modelyard::app::add_change_commands(line);
  modelyard::app::add_setting_commands(line);
  modelyard::app::add_tune_command(line);
  modelyard::app::add_rollout_commands(line);
  modelyard::app::add_traffic_commands(line);
  modelyard::app::add_experiment_commands(line);
  modelyard::app::add_key_commands(line);
  modelyard::app::add_offline_commands(line);
  modelyard::app::add_stats_command(line);
  modelyard::app::add_simulate_command(line);
  modelyard::app::add_completion_command(line);
  return line.run(argc, argv);
}
