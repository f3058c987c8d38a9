// Applicants are the rows of the simulation: who asks for a loan, what a calibrated model answers, and what is true.
//
//   age       normal                        balance, debt  normal, correlated by 0.8
//   amount    log-normal                    load           normal about a daily sine: what a machine measures
//   income    Pareto, α = 2.5               purpose        5 texts
//   visits    Poisson, mean 2               merchant       80 texts, Zipf
//   defaults  Poisson, mean 0.02            member         boolean, 30 %
//   tenure    exponential, 3 % missing      probability    what the model answers
//
// The truth is drawn from what the model would say of the unspoilt row, so that it is calibrated while there is no
// fault.
#pragma once

#include <array>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "inference/signature.h"
#include "simulation/generator.h"

namespace modelyard::simulation {

enum class Fault {
  kNone,
  kUnit,         // amount in thousandths
  kNull,         // age is missing
  kStuck,        // age is 40
  kNewCategory,  // a tenth of purposes is a new text
  kShiftOne,     // age by 0.3 standard deviations; people have changed, and the truth with them
  kShiftAll,     // likewise age, amount (of its logarithm), tenure, balance and debt
  kLabelFlip,    // a fifth of labels is the other one
  kConcept,      // what age means has changed: the truth goes by its opposite
  kSlowLeak,     // what is measured of balance moves by 0.02 standard deviations a day
};

struct Rows {
  std::size_t count = 0;
  std::vector<float> numbers;  // kNumbers a row
  std::vector<std::byte> texts;
  std::vector<std::uint8_t> members;
  std::vector<float> probabilities;
  std::vector<std::uint8_t> labels;

  void add_text(std::string_view text);
};

class Applicants {
 public:
  static constexpr std::size_t kNumbers = 9;

  explicit Applicants(std::uint64_t seed);

  static const inference::Signature& signature();
  // `hour`: since the beginning, for the season. `days`: since the fault began.
  void add(Rows& rows, double hour, Fault fault, double days);
  std::uint64_t count_of_hour(double mean) { return random_.poisson(mean); }

 private:
  struct Person;
  Person person(double hour);
  std::string_view purpose();
  std::string_view merchant();

  Generator random_;
  std::vector<std::string> merchants_;
  std::vector<double> merchants_up_to_;  // shares
};

// Of a calibrated model, from many rows.
double true_accuracy();

// What a request with these rows and its answer look like. Pre: the rows outlive it.
class Tensors {
 public:
  explicit Tensors(const Rows& rows);

  std::span<const inference::TensorView> inputs() const { return inputs_; }
  std::span<const inference::Tensor> outputs() const { return outputs_; }

 private:
  const std::array<std::int64_t, 2> numbers_shape_, texts_shape_, one_shape_;
  const std::array<inference::TensorView, 3> inputs_;
  std::array<inference::Tensor, 1> outputs_;
};

}  // namespace modelyard::simulation
