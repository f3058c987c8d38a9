#include "telemetry/process_status.h"

#include <sys/resource.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

namespace modelyard::telemetry {
namespace {

std::string read_line(const char* path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

double boot_time_seconds() {
  std::ifstream file("/proc/stat");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("btime ")) return std::stod(line.substr(6));
  }
  return 0;
}

}  // namespace

ProcessStatus read_process_status() {
  ProcessStatus status;
  const std::string stat = read_line("/proc/self/stat");
  const auto name_end = stat.rfind(')');  // the name may hold spaces
  if (name_end == std::string::npos) return status;
  std::istringstream fields(stat.substr(name_end + 2));
  std::string field;
  const double ticks = static_cast<double>(sysconf(_SC_CLK_TCK));
  for (int number = 3; fields >> field; ++number) {  // as numbered in proc(5)
    if (number == 14 || number == 15) status.cpu_seconds += std::stod(field) / ticks;
    if (number == 20) status.threads = std::stoull(field);
    if (number == 22) status.start_time_seconds = boot_time_seconds() + std::stod(field) / ticks;
    if (number == 23) status.virtual_bytes = std::stoull(field);
    if (number == 24) status.resident_bytes = std::stoull(field) * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
  }
  std::error_code ignored;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator("/proc/self/fd", ignored))
    ++status.open_fds;
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) status.max_fds = limit.rlim_cur;
  return status;
}

}  // namespace modelyard::telemetry
