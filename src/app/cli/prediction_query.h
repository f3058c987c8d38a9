// Which predictions a command is about: the same flags, and the same question to the server, for all that ask.
#pragma once

#include <CLI/CLI.hpp>

#include <string>

#include "base/result.h"

namespace modelyard::app {

struct PredictionQuery {
  std::string endpoint, version, status, principal, from, to;
};

void add_options(CLI::App& app, PredictionQuery& query);
// "&endpoint=fraud&status=ok"
Result<std::string> query_text(const PredictionQuery& query);

}  // namespace modelyard::app
