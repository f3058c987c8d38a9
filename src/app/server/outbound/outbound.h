// What all requests have in common that this server makes of others because its configuration says so: alerts, and
// questions for external signals.
//
// Signature: Modelyard-Signature: t=<unix seconds>,v1=<hex HMAC-SHA-256 of "<t>.<body>">, so that the receiver can tell
//            that it comes from this server, and when.
// Errors:    InvalidArgument with the place, never with a URL or a secret; NotFound for a secret's file.
// Threads:   pure, but for read_secret().
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"

namespace modelyard::app {

inline constexpr std::array<std::string_view, 2> kHttpSchemes = {"http://", "https://"};

// Neither space nor control character; ASCII.
bool is_graphic(char c);
// A host, no spaces, no password.
Status check_url(const std::string& path, std::string_view url,
                 const std::array<std::string_view, 2>& schemes = kHttpSchemes);
// A secret's text, without the line's end; of 4 KiB at most.
Result<std::string> read_secret(const std::string& path);
// The header line.
std::string signature_line(const std::string& secret, std::string_view body, UtcTime now);
// For a log, on one line: "answered 503: busy".
std::string answered(long status, std::string_view body);

}  // namespace modelyard::app
