// EndpointDocument is what an endpoint wants of those who serve and watch it, as people write it down. Every road by
// which an endpoint is changed goes through it: REST, `modelyard apply`, the settings of the command line.
//
// Errors:  InvalidArgument naming the field; NotFound for a model that is not there.
// Threads: pure but for the reader.
#pragma once

#include <array>
#include <string>
#include <utility>

#include "base/json.h"
#include "registry/catalog.h"

namespace modelyard::control {

struct EndpointDocument {
  std::string model;
  Json objectives = Json::object();  // as check_objectives() says
  Json scheduling = Json::object();  // as lifecycle/scheduling.h says
  Json journal = Json::object();     // as lifecycle/recording.h says
  Json evaluation = Json::object();  // as monitoring/evaluation.h says
  Json monitors = Json::object();    // as monitoring/monitors/monitor.h says

  friend bool operator==(const EndpointDocument&, const EndpointDocument&) = default;
};

inline constexpr std::array kEndpointSettings{
    std::pair("objectives", &EndpointDocument::objectives), std::pair("scheduling", &EndpointDocument::scheduling),
    std::pair("journal", &EndpointDocument::journal), std::pair("evaluation", &EndpointDocument::evaluation),
    std::pair("monitors", &EndpointDocument::monitors)};

// Takes the settings that are there; the others stay.
Status read_settings(ObjectReader& reader, EndpointDocument& document);
Result<EndpointDocument> document_of(const registry::EndpointRecord& endpoint);
registry::EndpointWants wants_of(const EndpointDocument& document);
Json to_json(const EndpointDocument& document);

Status check_document(registry::CatalogReader& reader, const std::string& endpoint, const EndpointDocument& document);

// {use_case: real-time | batch | edge, latency_p99_ms, error_rate, accuracy_floor}, all optional.
Status check_objectives(const Json& objectives);

}  // namespace modelyard::control
