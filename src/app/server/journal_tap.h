// JournalTap writes down how every request of one loop has ended, and what it asked where that is captured.
#pragma once

#include "app/server/capture.h"
#include "journal/journal.h"
#include "journal/payload_journal.h"

namespace modelyard::app {

class JournalTap final : public serving::Tap {
 public:
  // The journals outlive it, and so does `cpu`.
  JournalTap(journal::Journal& journal, journal::PayloadJournal& payloads, std::string_view cpu, std::size_t loop)
      : journal_(journal), payloads_(payloads), capturer_(cpu), loop_(loop) {}

  Status promise() override { return journal_.promise(loop_); }

  std::uint64_t on_end(const serving::Ended& ended) override {
    const auto* const capture =
        ended.settings != nullptr && ended.settings->recording.capture ? &*ended.settings->recording.capture : nullptr;
    if (capture != nullptr && is_captured(*capture, ended)) {
      payloads_.record(loop_, capturer_.payload_of(*capture, ended));
    }
    journal::Decision decision;
    decision.id = ended.prediction_id;
    decision.time = ended.time;
    decision.endpoint = ended.request.endpoint;
    decision.model = ended.servable.ref().model;
    decision.version = ended.servable.ref().version;
    decision.plan_revision = ended.plan_revision;
    if (ended.exposed) decision.arm = rollout::arm_name(ended.arm);
    decision.principal = ended.request.principal;
    decision.protocol = serving::protocol_name(ended.protocol);
    decision.failure = ended.failure;
    decision.latency = std::chrono::duration_cast<std::chrono::microseconds>(ended.durations.total);
    decision.rows = ended.rows;
    return journal_.record(loop_, decision, ended.promised ? journal::Record::kPromised : journal::Record::kIfRoom);
  }

 private:
  journal::Journal& journal_;
  journal::PayloadJournal& payloads_;
  Capturer capturer_;
  const std::size_t loop_;
};

}  // namespace modelyard::app
