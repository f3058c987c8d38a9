#include <cstdio>

#include "app/cli/command.h"

namespace modelyard::app {
namespace {

std::string flags_of(const CLI::App& app) {
  std::string flags;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) flags += (flags.empty() ? "--" : " --") + name;
  }
  return flags;
}

std::string names_of(const CLI::App& app) {
  std::string names;
  for (const CLI::App* command : app.get_subcommands({})) names += (names.empty() ? "" : " ") + command->get_name();
  return names;
}

// The words that may follow a command: its subcommands, or its flags.
std::string words_after(const CLI::App& command) {
  const std::string names = names_of(command);
  return names.empty() ? flags_of(command) : names;
}

std::string bash_script(const CLI::App& root) {
  std::string cases;
  for (const CLI::App* command : root.get_subcommands({})) {
    cases += fmt::format("    {}) words=\"{}\" ;;\n", command->get_name(), words_after(*command));
  }
  return fmt::format(R"(_modelyard() {{
  local words="{}"
  if (( COMP_CWORD > 1 )); then
    case "${{COMP_WORDS[1]}}" in
{}    esac
  fi
  COMPREPLY=($(compgen -W "$words" -- "${{COMP_WORDS[COMP_CWORD]}}"))
  (( ${{#COMPREPLY[@]}} )) || COMPREPLY=($(compgen -f -- "${{COMP_WORDS[COMP_CWORD]}}"))
}}
complete -F _modelyard modelyard
)",
                     names_of(root), cases);
}

std::string zsh_script(const CLI::App& root) {
  return "autoload -U +X bashcompinit && bashcompinit\n" + bash_script(root);
}

std::string fish_script(const CLI::App& root) {
  std::string script = "complete -c modelyard -f\n";
  for (const CLI::App* command : root.get_subcommands({})) {
    script += fmt::format("complete -c modelyard -n __fish_use_subcommand -a {} -d '{}'\n", command->get_name(), [&] {
      std::string help = command->get_description();
      std::erase(help, '\'');
      return help;
    }());
    for (const CLI::Option* option : command->get_options()) {
      for (const std::string& name : option->get_lnames()) {
        script +=
            fmt::format("complete -c modelyard -n '__fish_seen_subcommand_from {}' -l {}\n", command->get_name(), name);
      }
    }
  }
  return script;
}

}  // namespace

void add_completion_command(CommandLine& line) {
  const auto shell = std::make_shared<std::string>();
  line.add("completion", "Print completions for a shell",
           [shell, &line]() -> Result<int> {
             const std::string script = *shell == "bash"  ? bash_script(line.root())
                                        : *shell == "zsh" ? zsh_script(line.root())
                                                          : fish_script(line.root());
             std::printf("%s", script.c_str());
             return kDone;
           })
      .add_option("shell", *shell, "bash, zsh or fish")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh", "fish"}));
}

}  // namespace modelyard::app
