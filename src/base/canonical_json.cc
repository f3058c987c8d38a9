#include <charconv>
#include <cmath>
#include <iterator>

#include "base/json.h"

namespace modelyard {
namespace {

// A finite number as ECMAScript writes it (RFC 8785 §3.2.2.3): the shortest digits that read back as
// the same number, plain from 1e-6 up to 1e21 and with an exponent beyond.
std::string canonical_number(double number) {
  if (number == 0) return "0";  // -0, too
  char text[32];
  const auto written =
      std::to_chars(std::begin(text), std::end(text), std::fabs(number), std::chars_format::scientific);
  const std::string_view scientific(text, static_cast<std::size_t>(written.ptr - text));
  const auto e = scientific.find('e');
  std::string digits(1, scientific[0]);
  if (e > 2) digits += scientific.substr(2, e - 2);
  int exponent = 0;
  const bool positive = scientific[e + 1] == '+';  // from_chars takes '-' only
  std::from_chars(text + e + (positive ? 2 : 1), written.ptr, exponent);

  const int count = static_cast<int>(digits.size());
  const int point = exponent + 1;  // where the decimal point stands, counted in digits
  const std::string sign = number < 0 ? "-" : "";
  if (point > 21 || point <= -6) {
    if (count > 1) digits.insert(1, ".");
    return fmt::format("{}{}e{}{}", sign, digits, positive ? "+" : "", exponent);
  }
  if (point <= 0) return sign + "0." + std::string(static_cast<std::size_t>(-point), '0') + digits;
  if (point < count) return sign + digits.insert(static_cast<std::size_t>(point), ".");
  return sign + digits + std::string(static_cast<std::size_t>(point - count), '0');
}

class CanonicalWriter {
 public:
  Status write(const Json& value) {
    switch (value.type()) {
      case Json::value_t::object: return write_object(value);
      case Json::value_t::array: return write_array(value);
      case Json::value_t::number_float: return write_float(value.get<double>());
      case Json::value_t::binary:
      case Json::value_t::discarded: return error(Code::kInvalidArgument, "not a JSON value");
      default: return write_as_it_is(value);
    }
  }

  std::string take() { return std::move(text_); }

 private:
  Status write_object(const Json& value) {
    char before = '{';
    for (const auto& [key, child] : value.items()) {  // a sorted map
      text_ += before;
      MODELYARD_TRY(write_as_it_is(Json(key)));
      text_ += ':';
      MODELYARD_TRY(write(child));
      before = ',';
    }
    text_ += value.empty() ? "{}" : "}";
    return ok();
  }

  Status write_array(const Json& value) {
    char before = '[';
    for (const Json& child : value) {
      text_ += before;
      MODELYARD_TRY(write(child));
      before = ',';
    }
    text_ += value.empty() ? "[]" : "]";
    return ok();
  }

  Status write_float(double number) {
    if (!std::isfinite(number)) return error(Code::kInvalidArgument, "JSON has no NaN or infinity");
    text_ += canonical_number(number);
    return ok();
  }

  // Strings, integers and the three words: the library's form is the canonical one.
  Status write_as_it_is(const Json& value) try {
    text_ += value.dump(-1, ' ', false, Json::error_handler_t::strict);
    return ok();
  } catch (const Json::exception& e) {
    return error(Code::kInvalidArgument, "not valid UTF-8: {}", e.what());
  }

  std::string text_;
};

}  // namespace

Result<std::string> canonical_json(const Json& value) {
  CanonicalWriter writer;
  MODELYARD_TRY(writer.write(value));
  return writer.take();
}

}  // namespace modelyard
