#include "app/cli/report/page.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/cli/report/sections.h"

namespace modelyard::app {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr std::string_view kHostile = "</title><script>alert(1)</script>'\"";

Json number_feature(double median) {
  return {{"kind", "number"},
          {"rows", 100},
          {"missing", 5},
          {"mean", median},
          {"deviation", 1},
          {"smallest", median - 3},
          {"largest", median + 3},
          {"quantiles",
           {{"0.01", median - 2}, {"0.05", median - 1}, {"0.5", median}, {"0.95", median + 1}, {"0.99", median + 2}}},
          {"histogram", {{"from", median - 3}, {"to", median + 3}, {"shares", {0.2, 0.6, 0.2}}}}};
}

Json profile_with(const Json& features) {
  return {{"from", "2026-11-27T12:00:00Z"},
          {"to", "2026-11-27T12:05:00Z"},
          {"version", 1},
          {"requests", 10},
          {"refused", 0},
          {"failed", 1},
          {"rows", 100},
          {"profiled_rows", 50},
          {"least_share", 0.5},
          {"latency_ms", {{"p50", 1}, {"p95", 2}, {"p99", 3}}},
          {"features", features}};
}

Json report_with(const Json& features) {
  const Json profile = profile_with(features);
  return {{"endpoint", "scaled"},
          {"model", "scaled"},
          {"from", "2026-11-20T12:00:00Z"},
          {"to", "2026-11-27T12:05:00Z"},
          {"profiles", {profile}},
          {"steps", {{{"from", profile["from"]}, {"to", profile["to"]}, {"items", {profile}}}}},
          {"refusals", Json::object()}};
}

TEST(ReportPage, OfAnEmptyDocumentIsAWholePage) {
  const std::string page = report_page(Json::object());

  EXPECT_THAT(page, HasSubstr("Nothing was asked of this endpoint"));
  EXPECT_THAT(page, HasSubstr("</html>"));
  EXPECT_THAT(page, Not(HasSubstr("nan")));
}

TEST(ReportPage, EscapesWhateverNamesSay) {
  Json report = report_with(
      {{kHostile, number_feature(1)},
       {"colour",
        {{"kind", "category"}, {"rows", 10}, {"missing", 0}, {"categories", {{{"text", kHostile}, {"count", 10}}}}}}});
  report["endpoint"] = kHostile;
  report["alerts"] = {{{"id", kHostile}, {"state", "firing"}, {"sentence", kHostile}}};
  report["monitors"] = {{{"monitor", kHostile},
                         {"kind", "drift"},
                         {"judged", kHostile},
                         {"findings", {{{"outcome", "fail"}, {"sentence", kHostile}}}}}};
  report["drift"] = {
      {"features", {{{"feature", kHostile}, {"verdict", kHostile}, {"change", kHostile}, {"kind", kHostile}}}},
      {"reference", {{"attached_to", kHostile}}}};
  report["refusals"] = {{"accuracy", kHostile}};
  report["status"] = {{"state", kHostile}, {"desired", {{"reason", kHostile}, {"actor", kHostile}}}};

  const std::string page = report_page(report);

  EXPECT_THAT(page, Not(HasSubstr("<script")));
  EXPECT_THAT(page, HasSubstr("&lt;script&gt;alert(1)"));
}

TEST(ReportPage, NeedsNothingFromElsewhere) {
  const std::string page = report_page(report_with({{"age", number_feature(40)}}));

  for (const char* const word : {"http:", "https:", "src=", "url(", "@import", "<link", "<script"}) {
    EXPECT_THAT(page, Not(HasSubstr(word)));
  }
}

TEST(ReportPage, ShowsSixtyFeaturesAndSaysWhatIsLeftOut) {
  Json features = Json::object();
  for (int i = 0; i < 75; ++i) features[fmt::format("feature{:02}", i)] = number_feature(i);

  const std::string page = report_page(report_with(features));

  EXPECT_THAT(page, HasSubstr("The first 60 of 75 in the order of drift; 15 are left out."));
  EXPECT_THAT(page, HasSubstr("id=\"f60\""));
  EXPECT_THAT(page, Not(HasSubstr("id=\"f61\"")));
}

TEST(ReportPage, PutsWhatHasDriftedFirst) {
  Json report = report_with({{"age", number_feature(1)}, {"debt", number_feature(2)}, {"zip", number_feature(3)}});
  report["drift"] = {{"features", {{{"feature", "zip"}, {"verdict", "drifted"}}}}};

  EXPECT_THAT(features_in_order(report), testing::ElementsAre("zip", "age", "debt"));
}

TEST(ReportPage, PutsWhatTheReferenceDoesNotHaveLast) {
  Json report = report_with({{"y", number_feature(1)}, {"age", number_feature(2)}});
  report["drift"] = {{"features",
                      {{{"feature", "y"}, {"verdict", "missing"}, {"reference_rows", 0}},
                       {{"feature", "gone"}, {"verdict", "missing"}, {"reference_rows", 9}},
                       {{"feature", "age"}, {"verdict", "stable"}}}}};

  EXPECT_THAT(features_in_order(report), testing::ElementsAre("gone", "age", "y"));
  EXPECT_THAT(report_page(report), HasSubstr("no reference"));
}

TEST(ReportPage, SaysWhyAPartIsNotThere) {
  Json report = report_with(Json::object());
  report["refusals"] = {{"accuracy", "endpoint 'scaled' has no task"}, {"drift", "nothing is profiled"}};

  const std::string page = report_page(report);

  EXPECT_THAT(page, HasSubstr("endpoint &#39;scaled&#39; has no task"));
  EXPECT_THAT(page, HasSubstr("nothing is profiled"));
}

TEST(ReportPage, ShowsConstantFeatures) {
  Json constant = number_feature(7);
  constant["histogram"] = nullptr;
  for (auto& quantile : constant["quantiles"]) quantile = 7;
  constant["smallest"] = constant["largest"] = 7;

  const std::string page = report_page(report_with({{"seven", constant}}));

  EXPECT_THAT(page, HasSubstr("class=\"area current\""));
}

}  // namespace
}  // namespace modelyard::app
