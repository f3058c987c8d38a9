#include "simulation/applicants.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

namespace modelyard::simulation {
namespace {

using inference::DataType;

constexpr double kShift = 0.3;        // standard deviations
constexpr double kLeakOfADay = 0.02;  // likewise
constexpr double kFlipped = 0.2;      // of labels
constexpr std::size_t kMerchants = 80;

double logistic(double x) {
  return 1 / (1 + std::exp(-x));
}

}  // namespace

// Numbers in standard deviations from their mean where they are normal, or their logarithms are.
struct Applicants::Person {
  double age, amount, income, visits, defaults, tenure, balance, debt, load;
  bool member;

  // `age_matters`: its sign.
  double probability(double age_matters = 1) const {
    return logistic(-0.3 + 1.2 * age_matters * age + 0.8 * amount - 0.9 * balance + (member ? 0.6 : 0));
  }
};

void Rows::add_text(std::string_view text) {
  const auto length = static_cast<std::uint32_t>(text.size());
  const std::size_t at = texts.size();
  texts.resize(at + sizeof length + text.size());
  std::memcpy(texts.data() + at, &length, sizeof length);
  std::memcpy(texts.data() + at + sizeof length, text.data(), text.size());
}

Applicants::Applicants(std::uint64_t seed) : random_(seed) {
  double up_to = 0;
  for (std::size_t i = 1; i <= kMerchants; ++i) {
    merchants_.push_back("merchant " + std::to_string(i));
    merchants_up_to_.push_back(up_to += 1 / static_cast<double>(i));
  }
  for (double& share : merchants_up_to_) share /= up_to;
}

const inference::Signature& Applicants::signature() {
  static const inference::Signature kSignature{
      .inputs = {{"numbers",
                  DataType::kFp32,
                  {-1, kNumbers},
                  false,
                  {"age", "amount", "income", "visits", "defaults", "tenure", "balance", "debt", "load"}},
                 {"texts", DataType::kBytes, {-1, 2}, false, {"purpose", "merchant"}},
                 {"member", DataType::kBool, {-1, 1}, false, {}}},
      .outputs = {{"probability", DataType::kFp32, {-1, 1}, false, {}}},
      .batched = true};
  return kSignature;
}

Applicants::Person Applicants::person(double hour) {
  Person person{};
  person.age = random_.normal();
  person.amount = random_.normal();
  person.income = std::pow(random_.uniform(), -1 / 2.5);
  person.visits = static_cast<double>(random_.poisson(2));
  person.defaults = static_cast<double>(random_.poisson(0.02));
  person.tenure = random_.happens(0.03) ? std::numeric_limits<double>::quiet_NaN() : -std::log(random_.uniform());
  person.balance = random_.normal();
  person.debt = 0.8 * person.balance + 0.6 * random_.normal();
  person.load = 10 + 5 * std::sin(2 * std::numbers::pi * hour / 24) + 2 * random_.normal();
  person.member = random_.happens(0.3);
  return person;
}

std::string_view Applicants::purpose() {
  const double u = random_.uniform();
  return u < 0.45 ? "car" : u < 0.7 ? "house" : u < 0.85 ? "travel" : u < 0.95 ? "school" : "other";
}

std::string_view Applicants::merchant() {
  const auto place = std::ranges::lower_bound(merchants_up_to_, random_.uniform());
  return merchants_[std::min<std::size_t>(static_cast<std::size_t>(place - merchants_up_to_.begin()), kMerchants - 1)];
}

void Applicants::add(Rows& rows, double hour, Fault fault, double days) {
  Person real = person(hour);
  if (fault == Fault::kShiftOne || fault == Fault::kShiftAll) real.age += kShift;
  if (fault == Fault::kShiftAll) {
    for (double* const value : {&real.amount, &real.tenure, &real.balance, &real.debt}) *value += kShift;
  }
  Person seen = real;
  if (fault == Fault::kNull || fault == Fault::kStuck) seen.age = 0;  // what the model puts in place of nothing
  if (fault == Fault::kUnit) seen.amount += std::log(1000) / 0.8;
  if (fault == Fault::kSlowLeak) seen.balance += kLeakOfADay * days;

  const double age = fault == Fault::kNull ? std::numeric_limits<double>::quiet_NaN() : 40 + 12 * seen.age;
  for (const double value : {age, std::exp(4 + 0.8 * seen.amount), 1000 * seen.income, seen.visits, seen.defaults,
                             5 * seen.tenure, 100 * seen.balance, 70 * seen.debt, seen.load}) {
    rows.numbers.push_back(static_cast<float>(value));
  }
  const std::string_view usual = purpose();
  rows.add_text(fault == Fault::kNewCategory && random_.happens(0.1) ? "gambling" : usual);
  rows.add_text(merchant());
  rows.members.push_back(seen.member ? 1 : 0);
  rows.probabilities.push_back(static_cast<float>(seen.probability()));
  bool is_one = random_.happens(real.probability(fault == Fault::kConcept ? -1 : 1));
  if (fault == Fault::kLabelFlip && random_.happens(kFlipped)) is_one = !is_one;
  rows.labels.push_back(is_one ? 1 : 0);
  ++rows.count;
}

double true_accuracy() {
  static const double kAccuracy = [] {
    constexpr std::size_t kRows = 1'000'000;
    Applicants applicants(0);
    Rows rows;
    for (std::size_t i = 0; i < kRows; ++i) applicants.add(rows, 0, Fault::kNone, 0);
    double right = 0;
    for (const float p : rows.probabilities) right += std::max(p, 1 - p);
    return right / kRows;
  }();
  return kAccuracy;
}

Tensors::Tensors(const Rows& rows)
    : numbers_shape_{static_cast<std::int64_t>(rows.count), Applicants::kNumbers},
      texts_shape_{static_cast<std::int64_t>(rows.count), 2},
      one_shape_{static_cast<std::int64_t>(rows.count), 1},
      inputs_{{{"numbers", DataType::kFp32, numbers_shape_, std::as_bytes(std::span(rows.numbers))},
               {"texts", DataType::kBytes, texts_shape_, rows.texts},
               {"member", DataType::kBool, one_shape_, std::as_bytes(std::span(rows.members))}}} {
  const auto bytes = std::as_bytes(std::span(rows.probabilities));
  outputs_[0] = {"probability", DataType::kFp32, {one_shape_[0], 1}, inference::Buffer::allocate(bytes.size())};
  std::ranges::copy(bytes, outputs_[0].buffer.bytes().begin());
}

}  // namespace modelyard::simulation
