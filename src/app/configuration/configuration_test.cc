#include <gtest/gtest.h>

#include "app/configuration/settings.h"
#include "app/configuration/yaml_document.h"
#include "base/directory.h"

namespace modelyard::app {
namespace {

using Texts = std::map<std::string, std::string>;

std::string refusal(std::string_view file, const Texts& environment = {}, const Texts& flags = {}) {
  const auto merged = Configuration::merge(file, "modelyard.yaml", environment, flags);
  return merged ? "(accepted)" : merged.error().message();
}

TEST(Configuration, AdoptsWhatMayChangeAndNamesWhatMayNot) {
  auto running = *Configuration::merge("queue_capacity: 10\nlog_level: info\n", "f", {}, {});
  const auto fresh = *Configuration::merge("queue_capacity: 20\nlog_level: debug\n", "f", {}, {});

  EXPECT_EQ(running.adopt(fresh), std::vector<std::string_view>{"queue_capacity"});

  EXPECT_EQ(running.integer("queue_capacity"), 10);
  EXPECT_EQ(running.text("log_level"), "debug");
}

TEST(Configuration, TakesFlagsBeforeEnvironmentBeforeFileBeforeDefaults) {
  const std::string file = "queue_capacity: 1\nloops: 1\nlog_level: debug\n";
  const Texts environment{{"MODELYARD_QUEUE_CAPACITY", "2"}, {"MODELYARD_LOOPS", "2"}, {"HOME", "/"}};
  const Texts flags{{"queue_capacity", "3"}};

  const auto merged = Configuration::merge(file, "modelyard.yaml", environment, flags);

  ASSERT_TRUE(merged.has_value()) << merged.error().message();
  EXPECT_EQ(merged->integer("queue_capacity"), 3);
  EXPECT_EQ(merged->integer("loops"), 2);
  EXPECT_EQ(merged->text("log_level"), "debug");
  EXPECT_EQ(merged->integer("max_headers"), 100);
  EXPECT_EQ(merged->value("max_headers").origin, "default");
}

TEST(Configuration, LeavesVariablesOfTheCommandLineAlone) {
  EXPECT_EQ(refusal("", {{"MODELYARD_SERVER", "x"}, {"MODELYARD_PARQUET_LIB", "x"}}), "(accepted)");
}

TEST(Configuration, NamesTheNearestKnownSetting) {
  EXPECT_NE(refusal("lissten: 127.0.0.1:1\n").find("'listen'"), std::string::npos);
  EXPECT_NE(refusal("", {{"MODELYARD_LISSTEN", "x"}}).find("MODELYARD_LISTEN"), std::string::npos);
}

TEST(Configuration, RefusesValuesThatDoNotFit) {
  EXPECT_NE(refusal("loops: many\n"), "(accepted)");
  EXPECT_NE(refusal("loops: -1\n"), "(accepted)");
  EXPECT_NE(refusal("log_level: loud\n"), "(accepted)");
  EXPECT_NE(refusal("metrics_triton_names: perhaps\n"), "(accepted)");
  EXPECT_NE(refusal("loops: [1]\n"), "(accepted)");
  EXPECT_NE(refusal("loops: 1\nloops: 2\n"), "(accepted)");
}

TEST(Configuration, TakesAShareForTracesThatHaveACollector) {
  const std::string endpoint = "otlp_endpoint: http://127.0.0.1:4318\n";
  const auto merged = Configuration::merge(endpoint + "trace_share: 0.25\n", "f", {}, {});

  ASSERT_TRUE(merged.has_value()) << merged.error().message();
  EXPECT_EQ(merged->number("trace_share"), 0.25);
  EXPECT_NE(refusal("trace_share: 0.25\n"), "(accepted)");
  EXPECT_NE(refusal("otlp_headers_file: x\n"), "(accepted)");
  for (const char* share : {"1.5", "-0.1", "nan", "inf", "some", "1e-3", "0x1", ""}) {
    EXPECT_NE(refusal(endpoint, {}, {{"trace_share", share}}), "(accepted)") << share;
  }
  for (const char* url : {"127.0.0.1:4318", "ftp://x", "http://a b", "http://a\nb", "http://\xff"}) {
    EXPECT_NE(refusal("", {}, {{"otlp_endpoint", url}}), "(accepted)") << url;
  }
}

TEST(Configuration, ListensWhereOnlyThisMachineReaches) {
  EXPECT_EQ(parse_listen_address("127.0.0.1:80", false)->port, 80);
  EXPECT_EQ(parse_listen_address("[::1]:0", false)->host, "::1");
  for (const char* text : {"0.0.0.0:80", "[::]:80", "127.0.0.1", "127.0.0.1:70000", ":80", ""}) {
    EXPECT_FALSE(parse_listen_address(text, false).has_value()) << text;
  }
}

TEST(Configuration, ListensAnywhereWhenCallersProveWhoTheyAre) {
  EXPECT_EQ(parse_listen_address("0.0.0.0:80", true)->host, "0.0.0.0");
  EXPECT_NE(refusal("listen: 0.0.0.0:80\n"), "(accepted)");
  EXPECT_NE(refusal("listen: 0.0.0.0:80\ntls_certificate: c\ntls_key: k\n"), "(accepted)");
  EXPECT_EQ(refusal("listen: 0.0.0.0:80\ntls_certificate: c\ntls_key: k\ntls_client_ca: a\n"), "(accepted)");
}

TEST(Configuration, WantsCertificateAndKeyTogether) {
  EXPECT_NE(refusal("tls_certificate: c\n"), "(accepted)");
  EXPECT_NE(refusal("tls_key: k\n"), "(accepted)");
  EXPECT_NE(refusal("tls_client_ca: a\n"), "(accepted)");
}

TEST(Configuration, HasTheSchemaThatIsPublished) {
  const auto published = read_file(std::string(MODELYARD_SOURCE_DIR) + "/api/schemas/config.schema.json");
  ASSERT_TRUE(published.has_value());

  EXPECT_EQ(*published, configuration_schema().dump(2) + "\n") << "write the right side to the file";
}

TEST(YamlDocument, FollowsTheCoreSchema) {
  const auto document = read_yaml_document("a: 1\nb: 1.5\nc: true\nd: null\ne: \"1\"\nf: [x, {y: z}]\n", "f.yaml");

  ASSERT_TRUE(document.has_value()) << document.error().message();
  EXPECT_EQ(*document, *parse_json(R"({"a":1,"b":1.5,"c":true,"d":null,"e":"1","f":["x",{"y":"z"}]})"));
}

TEST(YamlDocument, RefusesWhatGrowsOrCannotBeRead) {
  for (const char* text : {"a: &x 1\nb: *x\n", "a: [\n", "a: 1\na: 2\n", "\t- x"}) {
    const auto document = read_yaml_document(text, "f.yaml");
    ASSERT_FALSE(document.has_value()) << text;
    EXPECT_NE(document.error().message().find("f.yaml"), std::string::npos) << text;
  }
}

}  // namespace
}  // namespace modelyard::app
