#include "security/guard.h"

#include "security/api_key.h"

namespace modelyard::security {
namespace {

constexpr std::size_t kMostCertificates = 1024;  // remembered by a seat
constexpr std::string_view kScheme = "bearer ";  // RFC 6750; schemes are written in any case

std::string_view token_of(std::string_view authorization) {
  if (authorization.size() <= kScheme.size()) return {};
  for (std::size_t i = 0; i < kScheme.size(); ++i) {
    const char c = authorization[i];
    if ((c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c) != kScheme[i]) return {};
  }
  return authorization.substr(kScheme.size());
}

}  // namespace

Guard::Guard(GuardOptions options, const Clock& clock)
    : options_(options),
      clock_(clock),
      anyone_(std::make_shared<const Grant>(std::string(kAnonymous), VerbSet::all(), ModelPattern::every())),
      keys_(std::make_shared<const Keyring>(std::vector<LiveKey>())),
      seats_(options.loops) {}

void Guard::replace_keys(std::vector<LiveKey> keys) {
  const auto present = keys_.current();
  for (const LiveKey& key : keys) {
    const LiveKey* known = present->find(key.id);
    const auto used = known ? known->grant->last_used() : std::nullopt;
    if (used) key.grant->note_use(*used);
  }
  keys_.publish(std::make_shared<const Keyring>(std::move(keys)));
}

Caller Guard::authenticate(std::size_t loop, const Shown& shown) {
  Seat& seat = seats_[loop];
  // A wrong key is not anyone: who shows one wants to be known by it.
  if (!shown.authorization.empty()) {
    if (Caller caller = by_key(seat, shown.authorization)) return caller;
    return nobody_or_anyone();
  }
  if (!shown.certificate.empty()) return by_certificate(seat, shown.certificate);
  return nobody_or_anyone();
}

Caller Guard::nobody_or_anyone() const {
  return options_.asks ? nullptr : Caller(Caller(), anyone_.get());  // owns nothing: no count that loops would share
}

Caller Guard::by_key(Seat& seat, std::string_view authorization) {
  if (seat.generation != keys_.generation()) {
    std::tie(seat.keys, seat.generation) = keys_.current_with_generation();
  }
  const std::string_view text = token_of(authorization);
  const auto id = parse_api_key(text);
  if (!id) return nullptr;
  const LiveKey* key = seat.keys->find(*id);
  // Hashed even when the name is not known, so that time does not tell which names are.
  const bool shown = is_key(text, key ? key->hash : Digest());
  const UtcTime now = clock_.utc_now();
  if (!key || !shown || key->grant->is_over(now)) return nullptr;
  key->grant->note_use(now);
  return key->grant;
}

Caller Guard::by_certificate(Seat& seat, std::string_view name) {
  const auto known = seat.certificates.find(std::string(name));
  if (known != seat.certificates.end()) return known->second;
  if (seat.certificates.size() >= kMostCertificates) seat.certificates.clear();
  const auto grant =
      std::make_shared<const Grant>(std::string(name), options_.certificate_verbs, ModelPattern::every());
  return seat.certificates.emplace(name, grant).first->second;
}

std::vector<Guard::Use> Guard::uses() const {
  std::vector<Use> uses;
  const auto present = keys_.current();  // held: before C++23's P2718, a loop does not keep what its range came from
  for (const LiveKey& key : present->keys()) {
    if (const auto time = key.grant->last_used()) uses.push_back({key.id, *time});
  }
  return uses;
}

}  // namespace modelyard::security
