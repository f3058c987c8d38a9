// JournalTap writes down how every request of one loop has ended.
#pragma once

#include "journal/journal.h"
#include "serving/tap.h"

namespace modelyard::app {

class JournalTap final : public serving::Tap {
 public:
  // `journal` outlives it.
  JournalTap(journal::Journal& journal, std::size_t loop) : journal_(journal), loop_(loop) {}

  Status promise() override { return journal_.promise(loop_); }

  std::uint64_t on_end(const serving::Ended& ended) override {
    journal::Decision decision;
    decision.id = ended.prediction_id;
    decision.time = ended.time;
    decision.endpoint = ended.request.endpoint;
    decision.model = ended.version.model;
    decision.version = ended.version.version;
    decision.plan_revision = ended.plan_revision;
    decision.principal = ended.request.principal;
    decision.protocol = serving::protocol_name(ended.protocol);
    decision.failure = ended.failure;
    decision.latency = std::chrono::duration_cast<std::chrono::microseconds>(ended.durations.total);
    decision.rows = ended.rows;
    return journal_.record(loop_, decision, ended.promised ? journal::Record::kPromised : journal::Record::kIfRoom);
  }

 private:
  journal::Journal& journal_;
  const std::size_t loop_;
};

}  // namespace modelyard::app
