// grpc.health.v1: Check answers at once, Watch whenever the status changes.
//
// Threads:   methods and poll() on the loop they concern.
// Ownership: watchers belong to their loop; poll() drops those whose client has gone.
#pragma once

#include <functional>
#include <list>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "edge/grpc/grpc_router.h"

namespace modelyard::edge {

class GrpcHealth {
 public:
  // Whether a service is served; nullopt when it is not known. "" is the whole server.
  using Ask = std::function<std::optional<bool>(std::size_t loop, std::string_view service)>;

  // Anyone may ask about the open services; about others, which are models, whoever may see them.
  using Services = std::set<std::string, std::less<>>;
  GrpcHealth(std::size_t loops, Services open, Ask ask)
      : open_(std::move(open)), ask_(std::move(ask)), watchers_(loops) {}
  void add_methods(GrpcRouter& router);
  // Tells watchers what has changed. To be called once a turn of the loop.
  void poll(std::size_t loop);

 private:
  struct Watcher {
    std::string service;
    int told = -1;  // ServingStatus
    Deferred reply;
  };

  int status_of(std::size_t loop, std::string_view service) const;
  void check(Exchange& exchange, std::string_view bytes);
  void watch(Exchange& exchange, std::string_view bytes);

  Status may_ask(const Exchange& exchange, std::string_view service) const;

  const Services open_;
  const Ask ask_;
  std::vector<std::list<Watcher>> watchers_;  // of each loop
};

}  // namespace modelyard::edge
