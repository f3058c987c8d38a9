// What one decision record costs: on its loop, in the writer, when its segment is sealed, and when it is read.
#include <benchmark/benchmark.h>

#include <filesystem>
#include <fstream>

#include "base/test_folder.h"
#include "journal/decision_log.h"
#include "journal/journal.h"
#include "journal/made_up_decisions.h"
#include "journal/payload_block.h"

namespace {

using namespace modelyard::journal;

constexpr std::size_t kRecords = 131'072;

struct Rows {
  NameTable names;
  std::vector<DecisionRow> rows;

  explicit Rows(std::size_t count) {
    for (const Decision& decision : MadeUpDecisions(1).several(count)) rows.push_back(row_of(decision, names));
  }
};

void per_record(benchmark::State& state, std::size_t records) {
  state.counters["a_record"] = benchmark::Counter(
      static_cast<double>(records), benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}

void on_its_loop(benchmark::State& state) {
  const auto decisions = MadeUpDecisions(1).several(1024);
  Lane lane(2u << 20);
  for (auto _ : state) {
    for (const Decision& decision : decisions) {
      pack(decision, lane.room(packed_bytes(decision)));
      lane.commit();
    }
    state.PauseTiming();
    lane.take([](auto) {});
    state.ResumeTiming();
  }
  per_record(state, decisions.size());
}
BENCHMARK(on_its_loop);

void in_the_writer(benchmark::State& state) {
  const auto decisions = MadeUpDecisions(1).several(1024);
  std::vector<std::vector<std::byte>> packed;
  for (const Decision& decision : decisions) pack(decision, packed.emplace_back(packed_bytes(decision)).data());
  NameTable names;
  std::vector<DecisionRow> rows;
  DecisionEncoder encoder;
  for (auto _ : state) {
    rows.clear();
    for (const auto& one : packed) rows.push_back(row_of(unpack(one), names));
    benchmark::DoNotOptimize(encoder.encode(rows, names, Packing::kPlain));
  }
  per_record(state, decisions.size());
}
BENCHMARK(in_the_writer);

void when_read(benchmark::State& state) {
  const Rows made(8192);
  const std::string block(DecisionEncoder().encode(made.rows, made.names, Packing::kPlain));
  for (auto _ : state) {
    NameTable names;
    std::vector<DecisionRow> rows;
    if (!decode_decisions(block, names, rows)) state.SkipWithError("damaged");
  }
  per_record(state, made.rows.size());
}
BENCHMARK(when_read);

void when_sealed(benchmark::State& state) {
  const Rows made(kRecords);
  for (auto _ : state) benchmark::DoNotOptimize(seal_decisions(made.rows, made.names));
  per_record(state, made.rows.size());
}
BENCHMARK(when_sealed)->Unit(benchmark::kMillisecond);

// A payload of 33 numbers in and two out, with an id of its own, from the lane to its block.
void of_a_payload(benchmark::State& state) {
  const auto decisions = MadeUpDecisions(1).several(1024);
  modelyard::SeededRandom random(1);
  const std::array<std::int64_t, 2> in_shape{1, 33}, out_shape{1, 2};
  std::vector<std::vector<std::byte>> packed;
  std::size_t values = 0;
  for (const Decision& decision : decisions) {
    std::array<float, 35> numbers;
    for (float& number : numbers) number = static_cast<float>(random.next() % 1'000'000) / 1000;
    const auto bytes = std::as_bytes(std::span(numbers));
    const std::array fields{Field{Side::kInput, Treatment::kKept, "x", modelyard::inference::DataType::kFp32, in_shape,
                                  bytes.first(33 * sizeof(float))},
                            Field{Side::kOutput, Treatment::kKept, "y", modelyard::inference::DataType::kFp32,
                                  out_shape, bytes.last(2 * sizeof(float))}};
    const std::string id = decision.id.text();
    Payload payload;
    payload.id = decision.id;
    payload.time = decision.time;
    payload.request_id = id;
    payload.engine = "ONNX Runtime 1.0.0";
    payload.fields = fields;
    pack(payload, packed.emplace_back(packed_bytes(payload)).data());
    values += bytes.size();
  }
  PayloadEncoder encoder([](auto, auto) { return std::string(); });
  FieldRoom room;
  std::size_t block_bytes = 0;
  for (auto _ : state) {
    for (const auto& one : packed) encoder.add(unpack_payload(one, room));
    block_bytes = encoder.encode().size();
    encoder.clear();
  }
  per_record(state, decisions.size());
  state.counters["bytes_on_disk"] = static_cast<double>(block_bytes) / static_cast<double>(decisions.size());
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * values));
}
BENCHMARK(of_a_payload);

// Images, say: 600 kB each.
void of_a_large_payload(benchmark::State& state) {
  constexpr std::size_t kNumbers = 150'528;
  modelyard::SeededRandom random(1);
  std::vector<float> numbers(kNumbers);
  for (float& number : numbers) number = static_cast<float>(random.next() % 256) / 255;
  const std::array<std::int64_t, 4> shape{1, 3, 224, 224};
  const std::array fields{Field{Side::kInput, Treatment::kKept, "x", modelyard::inference::DataType::kFp32, shape,
                                std::as_bytes(std::span(numbers))}};
  Payload payload;
  payload.fields = fields;
  std::vector<std::byte> packed(packed_bytes(payload));
  pack(payload, packed.data());
  PayloadEncoder encoder([](auto, auto) { return std::string(); });
  FieldRoom room;
  for (auto _ : state) {
    encoder.add(unpack_payload(packed, room));
    benchmark::DoNotOptimize(encoder.encode());
    encoder.clear();
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * kNumbers * sizeof(float)));
}
BENCHMARK(of_a_large_payload);

// By its id, among ten million on disk.
void when_found(benchmark::State& state) {
  constexpr int kSegments = 77;
  const modelyard::TestFolder folder;
  const std::string endpoint = folder / "endpoints/fraud";
  std::filesystem::create_directories(endpoint);
  MadeUpDecisions source(1);
  std::vector<modelyard::Uuid> ids;
  for (int segment = 1; segment <= kSegments; ++segment) {
    NameTable names;
    std::vector<DecisionRow> rows;
    for (std::size_t i = 0; i < kRecords; ++i) rows.push_back(row_of(source.next(), names));
    ids.push_back(rows[rows.size() / 3].id);
    std::ofstream(fmt::format("{}/decisions-{:010}.segment", endpoint, segment), std::ios::binary)
        << seal_decisions(rows, names);
  }
  modelyard::telemetry::Log log(STDERR_FILENO, modelyard::telemetry::LogFormat::kText,
                                modelyard::telemetry::Level::kError, modelyard::system_clock());
  JournalOptions options;
  options.folder = folder.path();
  const auto journal = Journal::open(options, log, modelyard::system_clock());
  std::size_t next = 0;
  for (auto _ : state) {
    if (!(*journal)->find(ids[next++ % ids.size()])) state.SkipWithError("not found");
  }
  state.counters["records"] = static_cast<double>(kSegments * kRecords);
}
BENCHMARK(when_found)->Unit(benchmark::kMillisecond)->UseRealTime();

}  // namespace

BENCHMARK_MAIN();
