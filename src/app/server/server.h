// Server is the composition of everything that `modelyard serve` runs.
//
// Order:   open() refuses what is wrong before anything listens; start(); run() until a signal; drain and stop in
//          reverse order of start.
// Threads: open(), start(), run() on the main thread, which takes the signals: SIGTERM and SIGINT drain, SIGHUP reloads
//          what may change.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "app/configuration/settings.h"
#include "base/result.h"

namespace modelyard::app {

class Server {
 public:
  // `reload` reads the configuration anew, for SIGHUP.
  static Result<std::unique_ptr<Server>> open(const Configuration& configuration,
                                              std::function<Result<Configuration>()> reload);
  virtual ~Server() = default;

  // Publishes a file under a name and lets it answer, as `modelyard push --deploy` does. Before start().
  virtual Status serve_file(const std::string& name, const std::string& path) = 0;
  // Begins to listen, waits until versions are loaded or have failed, and says so on standard output.
  virtual Status start() = 0;
  // Returns when a signal asked for the end and everything is stopped. False: requests were cut off.
  virtual bool run() = 0;
};

}  // namespace modelyard::app
