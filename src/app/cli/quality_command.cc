#include <array>
#include <cstdio>

#include "app/cli/command.h"
#include "app/cli/moment.h"

namespace modelyard::app {
namespace {

struct QualityFlags {
  std::string endpoint, from, to;
};

std::string number_text(const Json& value) {
  return value.is_number() ? fmt::format("{:.4g}", value.get<double>()) : "-";
}

std::string missing_text(const Json& feature) {
  const auto rows = feature["rows"].get<double>();
  const double share = rows > 0 ? feature["missing"].get<double>() / rows : 0;
  return coloured(fmt::format("{:.3g} %", 100 * share), share > 0 ? Colour::kYellow : Colour::kPlain);
}

// ▁ to █, one for two bins.
std::string shape_of(const Json& histogram) {
  constexpr std::array<std::string_view, 8> kBlocks{"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  if (!histogram.is_object()) return "";
  double most = 0;
  for (const Json& share : histogram["shares"]) most = std::max(most, share.get<double>());
  std::string shape;
  for (const Json& share : histogram["shares"]) {
    shape += kBlocks[static_cast<std::size_t>(7 * share.get<double>() / std::max(most, 1e-9))];
  }
  return shape;
}

std::string categories_text(const Json& feature) {
  std::string text;
  std::size_t told = 0;
  for (const Json& one : feature["categories"]) {
    if (++told > 3) return text + ", …";
    const double share = one["count"].get<double>() / std::max(1.0, feature["rows"].get<double>());
    text += fmt::format("{}{} {:.3g} %", text.empty() ? "" : ", ", text_of(one["text"]), 100 * share);
  }
  return text;
}

void print_version(const Json& item) {
  std::printf("version %s: %s requests, %s rows, %s of them looked at\n\n", item["version"].dump().c_str(),
              item["requests"].dump().c_str(), item["rows"].dump().c_str(), item["profiled_rows"].dump().c_str());
  Table table({"FEATURE", "MISSING", "SMALLEST", "MEDIAN", "LARGEST", "MEAN", "DEVIATION", "SHAPE"});
  for (const auto& [name, feature] : item["features"].items()) {
    if (feature["kind"] == "category") {
      table.add({name, missing_text(feature), "", "", "", "", "", categories_text(feature)});
      continue;
    }
    table.add({name, missing_text(feature), number_text(feature["smallest"]), number_text(feature["quantiles"]["0.5"]),
               number_text(feature["largest"]), number_text(feature["mean"]), number_text(feature["deviation"]),
               shape_of(feature["histogram"])});
  }
  table.print("no features");
}

Result<int> quality(const QualityFlags& flags, const CommandContext& context) {
  std::string query;
  const UtcTime now = system_clock().utc_now();
  for (const auto& [name, text] : {std::pair("from", &flags.from), std::pair("to", &flags.to)}) {
    if (text->empty()) continue;
    MODELYARD_ASSIGN(const UtcTime time, parse_moment(std::string("--") + name, *text, now));
    query += fmt::format("{}{}={}", query.empty() ? '?' : '&', name, format_utc(time));
  }
  MODELYARD_ASSIGN(const Json answer, context.client().call("GET", fmt::format("/api/v1/endpoints/{}/profiles{}",
                                                                               path_segment(flags.endpoint), query)));
  if (context.json) {
    print_json(answer);
    return kDone;
  }
  if (answer["items"].empty()) std::printf("nothing was predicted in this time\n");
  for (const Json& item : answer["items"]) print_version(item);
  return kDone;
}

struct ReferenceFlags {
  std::string version, file, endpoint, from, to;
};

Result<int> reference(const ReferenceFlags& flags, const CommandContext& context) {
  MODELYARD_ASSIGN(const ModelArgument target, parse_model_argument(flags.version));
  const HttpClient client = context.client();
  MODELYARD_ASSIGN(const VersionNumber version, resolve_version(client, target));
  if (version == 0) return error(Code::kInvalidArgument, "which version? MODEL/VERSION or MODEL@ALIAS");
  const std::string path = fmt::format("/api/v1/models/{}/versions/{}", path_segment(target.model), version);
  Json summary;
  if (!flags.file.empty()) {
    MODELYARD_ASSIGN(const Json content, upload_reference(client, flags.file));
    MODELYARD_TRY(client.call("POST", path + "/attachments", {{"kind", "reference"}, {"content", content}}));
  } else if (!flags.endpoint.empty()) {
    const UtcTime now = system_clock().utc_now();
    MODELYARD_ASSIGN(const UtcTime from, parse_moment("--from", flags.from, now));
    MODELYARD_ASSIGN(const UtcTime to, flags.to.empty() ? Result<UtcTime>(now) : parse_moment("--to", flags.to, now));
    MODELYARD_TRY(client.call("POST", path + "/reference",
                              {{"endpoint", flags.endpoint}, {"from", format_utc(from)}, {"to", format_utc(to)}}));
  }
  MODELYARD_ASSIGN(summary, client.call("GET", path + "/reference"));
  if (context.json) {
    print_json(summary);
    return kDone;
  }
  summary["version"] = version;
  print_version(summary);
  return kDone;
}

}  // namespace

void add_quality_commands(CommandLine& line) {
  const auto flags = std::make_shared<QualityFlags>();
  CLI::App& app = line.add("quality", "What inputs and outputs look like: missing values, ranges, shapes",
                           [flags, &line] { return quality(*flags, line.context()); });
  app.add_option("endpoint", flags->endpoint, "Name of the endpoint")->required();
  app.add_option("--from", flags->from, "Since then: 2h, or a time, in UTC unless it says where; a day without it");
  app.add_option("--to", flags->to, "Until then");

  const auto reference_flags = std::make_shared<ReferenceFlags>();
  CLI::App& reference_app = line.add("reference", "Show or set what live data of a version is compared with",
                                     [reference_flags, &line] { return reference(*reference_flags, line.context()); });
  reference_app.add_option("version", reference_flags->version, "MODEL/VERSION or MODEL@ALIAS")->required();
  auto* const file =
      reference_app.add_option("file", reference_flags->file, "Rows, such as it was trained on: CSV or Parquet");
  auto* const endpoint = reference_app.add_option("--endpoint", reference_flags->endpoint,
                                                  "Instead: what this endpoint was asked and answered");
  endpoint->excludes(file);
  reference_app.add_option("--from", reference_flags->from, "Since then: 7d, or a time, in UTC unless it says where")
      ->needs(endpoint);
  reference_app.add_option("--to", reference_flags->to, "Until then; now without it")->needs(endpoint);
}

}  // namespace modelyard::app
