// Which predictions a command is about: the same flags, and the same question to the server, for all that ask.
#pragma once

#include <CLI/CLI.hpp>

#include <string>

#include "app/cli/http_client.h"

namespace modelyard::app {

struct PredictionQuery {
  std::string endpoint, version, status, principal, from, to;
};

void add_options(CLI::App& app, PredictionQuery& query);
// "&endpoint=fraud&status=ok"
Result<std::string> query_text(const PredictionQuery& query);
// The newest `limit` that fit `text`, older than `cursor`, "" for none; and then the cursor is where they end, "" at
// the end of them all.
inline constexpr std::size_t kMostOfAPage = 1000;
Result<Json> next_page(const HttpClient& client, const std::string& text, std::size_t limit, std::string& cursor);

}  // namespace modelyard::app
