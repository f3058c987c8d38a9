#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <thread>

#include "base/fake_clock.h"
#include "base/json.h"
#include "telemetry/access_log.h"
#include "telemetry/exposition.h"
#include "telemetry/process_status.h"

namespace modelyard::telemetry {
namespace {

std::string line_of(LogFormat format, Level level, std::string_view message, Fields fields) {
  std::string line;
  append_line(line, format, utc_from_micros(0), level, message, fields);
  return line;
}

// What is written into it can be read when its writing end has been closed, or meanwhile.
class Pipe {
 public:
  Pipe() { EXPECT_EQ(::pipe(ends_), 0); }
  ~Pipe() { ::close(ends_[0]); }
  int writing_end() const { return ends_[1]; }
  void close_writing_end() { ::close(ends_[1]); }
  // To its end.
  std::string read() {
    std::string text;
    std::array<char, 65536> piece;
    for (ssize_t got = 1; got > 0;) {
      got = ::read(ends_[0], piece.data(), piece.size());
      text.append(piece.data(), static_cast<std::size_t>(std::max<ssize_t>(0, got)));
    }
    return text;
  }

 private:
  int ends_[2];
};

TEST(Log, WritesJsonThatParsesWhateverTheTextHolds) {
  const std::string line = line_of(LogFormat::kJson, Level::kError, "a \"b\"\n\xff",
                                   {{"path", "x\ty"}, {"count", 3}, {"share", 0.5}, {"on", true}});

  const auto parsed = parse_json(line);

  ASSERT_TRUE(parsed.has_value()) << line;
  EXPECT_EQ((*parsed)["level"], "error");
  EXPECT_EQ((*parsed)["path"], "x\ty");
  EXPECT_EQ((*parsed)["count"], 3);
  EXPECT_EQ(line.find('\n'), line.size() - 1);
}

TEST(Log, KeepsATextLineOnOneLine) {
  const std::string line = line_of(LogFormat::kText, Level::kInfo, "ready", {{"why", "a\nb"}});

  EXPECT_EQ(line, "00:00:00.000 info  ready  why=\"a\\nb\"\n");
}

TEST(Log, IsSilentBelowItsLevel) {
  Pipe pipe;
  FakeClock clock;
  Log log(pipe.writing_end(), LogFormat::kText, Level::kWarning, clock);

  log.info("no");
  log.warning("yes");
  pipe.close_writing_end();

  EXPECT_EQ(pipe.read(), "22:13:20.000 warning  yes\n");  // the fake clock's time
}

TEST(AccessLog, WritesEveryNthRequestAndAllThatIsQueuedBeforeItStops) {
  Pipe pipe;
  FakeClock clock;
  Log log(pipe.writing_end(), LogFormat::kJson, Level::kInfo, clock);
  AccessLog access(log, 1, 3);
  int taken = 0;

  for (int i = 0; i < 9; ++i) {
    if (!access.takes_next(0)) continue;
    ++taken;
    access.submit(0, {.method = "GET", .path = "/v2", .status = 200});
  }
  access.stop();
  pipe.close_writing_end();

  const std::string text = pipe.read();
  EXPECT_EQ(taken, 3);
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 3);
}

TEST(AccessLog, DropsLinesThatNobodyReadsAndSaysHowMany) {
  Pipe pipe;
  FakeClock clock;
  Log log(pipe.writing_end(), LogFormat::kJson, Level::kInfo, clock);
  AccessLog access(log, 1, 1);
  const std::string path(1000, 'p');
  const std::size_t many = 4 * AccessLog::kMostBytes / path.size();

  for (std::size_t i = 0; i < many; ++i) access.submit(0, {.method = "GET", .path = path, .status = 200});
  std::string text;
  std::thread reader([&] { text = pipe.read(); });
  access.stop();
  pipe.close_writing_end();
  reader.join();
  const auto lines = static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));

  EXPECT_GT(access.dropped(), 0u);
  EXPECT_EQ(lines, many - access.dropped() + 1);  // and the one that says so
  EXPECT_NE(text.find(fmt::format("\"dropped\":{}}}", access.dropped())), std::string::npos);
}

TEST(Exposition, WritesCountersWithTheNameThatEachFormatAsksFor) {
  for (const auto format : {ExpositionFormat::kPrometheus, ExpositionFormat::kOpenMetrics}) {
    Exposition exposition(format);
    exposition.family("modelyard_requests", MetricKind::kCounter, "Requests.");
    exposition.sample({{"model", "a\"b\\c\n"}}, std::uint64_t{7});
    const std::string text = std::move(exposition).finish();

    const bool open = format == ExpositionFormat::kOpenMetrics;
    EXPECT_NE(text.find(open ? "# TYPE modelyard_requests counter" : "# TYPE modelyard_requests_total counter"),
              std::string::npos);
    EXPECT_NE(text.find("modelyard_requests_total{model=\"a\\\"b\\\\c\\n\"} 7\n"), std::string::npos);
    EXPECT_EQ(text.ends_with("# EOF\n"), open);
  }
}

TEST(Exposition, NamesTracesOfBucketsInOpenMetricsOnly) {
  const std::array<double, 2> bounds{0.1, 1};
  const std::array<std::uint64_t, 3> counts{0, 2, 0};
  const std::array<std::optional<Exemplar>, 3> exemplars{std::nullopt, Exemplar{"4bf9", 0.5, 1.5}, std::nullopt};
  for (const auto format : {ExpositionFormat::kPrometheus, ExpositionFormat::kOpenMetrics}) {
    Exposition exposition(format);
    exposition.family("wait", MetricKind::kHistogram, "Waiting.");
    exposition.histogram({{"model", "m"}}, bounds, counts, 1, exemplars);
    const std::string text = std::move(exposition).finish();

    const bool open = format == ExpositionFormat::kOpenMetrics;
    EXPECT_NE(text.find(open ? "wait_bucket{model=\"m\",le=\"1\"} 2 # {trace_id=\"4bf9\"} 0.5 1.500000\n"
                             : "wait_bucket{model=\"m\",le=\"1\"} 2\n"),
              std::string::npos)
        << text;
    EXPECT_EQ(text.find("le=\"0.1\"} 0 #"), std::string::npos);
  }
}

TEST(Exposition, MakesHistogramBucketsCumulative) {
  Exposition exposition(ExpositionFormat::kPrometheus);
  const double bounds[] = {0.001, 0.01};
  const std::uint64_t counts[] = {1, 2, 3};
  exposition.family("d_seconds", MetricKind::kHistogram, "Durations.");

  exposition.histogram({}, bounds, counts, 1.5);

  EXPECT_NE(std::move(exposition)
                .finish()
                .find("d_seconds_bucket{le=\"0.001\"} 1\nd_seconds_bucket{le=\"0.01\"} 3\n"
                      "d_seconds_bucket{le=\"+Inf\"} 6\nd_seconds_sum 1.5\nd_seconds_count 6\n"),
            std::string::npos);
}

TEST(ProcessStatus, KnowsThisProcess) {
  const ProcessStatus status = read_process_status();

  EXPECT_GT(status.resident_bytes, 100'000u);
  EXPECT_GE(status.threads, 1u);
  EXPECT_GE(status.open_fds, 3u);
  EXPECT_GT(status.start_time_seconds, 1.6e9);
}

}  // namespace
}  // namespace modelyard::telemetry
