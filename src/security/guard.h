// Guard tells who asks: from an API key, a client's certificate, or, when nobody is asked, anyone.
//
// Threads:   replace_keys() and uses() from any thread. authenticate() on the loop whose seat is named; a seat is its
//            loop's own, so that requests share no lock and no counter.
// Order:     an API key goes before a certificate: it is the narrower statement.
// Errors:    none: a caller that cannot be known is nobody, and decide() says so.
#pragma once

#include <memory>
#include <unordered_map>
#include <vector>

#include "base/snapshot.h"
#include "security/keyring.h"

namespace modelyard::security {

struct GuardOptions {
  bool asks = false;               // false: whoever shows nothing may do everything
  VerbSet certificate_verbs = {};  // of clients that are known by a certificate
  std::size_t loops = 1;
};

// What a request shows.
struct Shown {
  std::string_view authorization;  // the header's value; "" without one
  std::string_view certificate;    // a verified name; "" without one
};

class Guard {
 public:
  Guard(GuardOptions options, const Clock& clock);

  // Last uses of keys that stay are carried over.
  void replace_keys(std::vector<LiveKey> keys);
  std::size_t keys() const { return keys_.current()->keys().size(); }
  Caller authenticate(std::size_t loop, const Shown& shown);

  struct Use {
    std::string id;
    UtcTime time;
  };
  // When keys were used last, of those that were.
  std::vector<Use> uses() const;

 private:
  struct alignas(64) Seat {
    std::uint64_t generation = 0;
    std::shared_ptr<const Keyring> keys;
    std::unordered_map<std::string, Caller> certificates;
  };

  Caller nobody_or_anyone() const;
  Caller by_key(Seat& seat, std::string_view authorization);
  Caller by_certificate(Seat& seat, std::string_view name);

  const GuardOptions options_;
  const Clock& clock_;
  const Caller anyone_;
  Snapshot<Keyring> keys_;
  std::vector<Seat> seats_;
};

}  // namespace modelyard::security
