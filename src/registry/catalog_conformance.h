// What every Catalog must do: instantiate CatalogConformance with a way to open one on a path, twice in a row with the
// same path to see that the state stayed.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>

#include "base/fake_clock.h"
#include "base/test_folder.h"
#include "registry/catalog.h"

namespace modelyard::registry {

using OpenCatalog = std::function<std::unique_ptr<Catalog>(const std::string& path, const Clock& clock)>;

class CatalogConformance : public testing::TestWithParam<OpenCatalog> {
 protected:
  CatalogConformance() : catalog_(GetParam()(folder_ / "catalog", clock_)) {}

  void reopen() {
    catalog_.reset();
    catalog_ = GetParam()(folder_ / "catalog", clock_);
  }
  // One change by "ann".
  Result<Revision> change(const Catalog::Write& write) { return catalog_->transact({"ann", "test", "it"}, write); }
  Code refusal(const Catalog::Write& write) {
    const auto outcome = change(write);
    return outcome ? Code::kInternal : outcome.error().code();
  }
  // Answers what `ask` says of a reader.
  template <typename Ask>
  auto ask(Ask asking) {
    std::optional<std::invoke_result_t<Ask, CatalogReader&>> answer;
    (void)catalog_
        ->read([&](CatalogReader& reader) {
          answer.emplace(asking(reader));
          return ok();
        })
        .has_value();
    return std::move(*answer);
  }
  static VersionDocument document(char mark) {
    return {"onnx", {{"model.onnx", sha256(std::string(1, mark)), 1}}, Json::object()};
  }
  // A model with versions 1…count.
  void publish(const std::string& model, int count) {
    ASSERT_TRUE(change([&](CatalogWriter& writer) -> Status {
                  MODELYARD_TRY(writer.create_model(model));
                  for (int i = 0; i < count; ++i) {
                    MODELYARD_TRY(writer.add_version(model, document(static_cast<char>('a' + i))));
                  }
                  return ok();
                }).has_value());
  }

  TestFolder folder_;
  FakeClock clock_;
  std::unique_ptr<Catalog> catalog_;
};

}  // namespace modelyard::registry
