#include <gtest/gtest.h>

#include "registry/attachment.h"
#include "registry/version_document.h"
#include "registry/version_state.h"

namespace modelyard::registry {
namespace {

const std::string kDigest(64, '0');

Json file(const std::string& path) {
  return {{"path", path}, {"digest", kDigest}, {"size", 3}};
}
Json document_of(const Json& files) {
  return {{"format", "onnx"}, {"files", files}, {"signature", Json::object()}};
}
std::string refusal(const Json& value) {
  const auto outcome = parse_version_document(value);
  return outcome ? "(accepted)" : outcome.error().message();
}
std::string refusal(AttachmentKind kind, const char* text) {
  const auto outcome = make_attachment(kind, *parse_json(text));
  return outcome ? "(accepted)" : outcome.error().message();
}

TEST(VersionDocument, HasTheIdentityOfItsCanonicalText) {
  const auto one = *parse_version_document(document_of(Json::array({file("b"), file("a")})));
  const auto other = *parse_version_document(document_of(Json::array({file("a"), file("b")})));

  EXPECT_EQ(*identity_of(one), *identity_of(other));
  EXPECT_EQ(*identity_of(one), sha256(R"({"files":[{"digest":")" + kDigest + R"(","path":"a","size":3},{"digest":")" +
                                      kDigest + R"(","path":"b","size":3}],"format":"onnx","signature":{}})"));
}

TEST(VersionDocument, RefusesPathsThatLeaveTheFolder) {
  for (const char* path : {"", "/etc/passwd", "../x", "a/../x", "./a", "a//b", "a/", "a/."}) {
    EXPECT_NE(refusal(document_of(Json::array({file(path)}))), "(accepted)") << path;
  }
  EXPECT_EQ(refusal(document_of(Json::array({file("data/weights..bin")}))), "(accepted)");
}

TEST(VersionDocument, NamesWhatIsWrong) {
  EXPECT_EQ(refusal(document_of(Json::array({file("a"), file("a")}))), "files: 'a' stands twice");
  EXPECT_EQ(refusal(document_of(Json::array())), "files: expected 1 to 10000, got 0");
  Json typo = document_of(Json::array({file("a")}));
  typo["singature"] = 1;
  EXPECT_NE(refusal(typo).find("singature"), std::string::npos);
  Json other = document_of(Json::array({file("a")}));
  other["format"] = "pickle";
  EXPECT_EQ(refusal(other), "format: 'pickle' is not known; known is 'onnx'");
}

TEST(Attachment, HasTheDigestOfItsCanonicalText) {
  const auto metrics = *make_attachment(AttachmentKind::kMetrics, *parse_json(R"({"b": 1.0, "a": 0.5})"));

  EXPECT_EQ(metrics.content, R"({"a":0.5,"b":1})");
  EXPECT_EQ(metrics.digest, sha256(metrics.content));
}

TEST(Attachment, TakesEachKindInItsForm) {
  EXPECT_EQ(refusal(AttachmentKind::kGolden,
                    R"({"samples":[{"inputs":[{"name":"x","datatype":"FP32","shape":[1],"data":[1]}],
                        "outputs":[{"name":"y","datatype":"FP32","shape":[1],"data":[1]}]}],
                        "tolerance":{"relative":0.1,"outputs":{"y":{"absolute":1}}}})"),
            "(accepted)");
  EXPECT_EQ(refusal(AttachmentKind::kLineage, R"({"data":{"uri":"s3://b/k","rows":10},"code":{"commit":"a"},
                        "run":{"id":"r","seed":4,"parameters":{"depth":3}},"parent":{"model":"m","version":1}})"),
            "(accepted)");
  EXPECT_EQ(refusal(AttachmentKind::kCard, R"({"overview":"o","owners":"risk team"})"), "(accepted)");
  EXPECT_EQ(refusal(AttachmentKind::kEvidence, R"({"title":"review","facts":{"rows":1}})"), "(accepted)");
}

TEST(Attachment, RefusesFieldsItDoesNotKnow) {
  EXPECT_NE(refusal(AttachmentKind::kCard, R"({"overveiw":"o"})").find("overview"), std::string::npos);
  EXPECT_NE(refusal(AttachmentKind::kLineage, R"({"code":{"comit":"a"}})").find("comit"), std::string::npos);
  EXPECT_EQ(refusal(AttachmentKind::kMetrics, R"({"auc":"high"})"), "metrics.auc: expected a number");
  EXPECT_EQ(refusal(AttachmentKind::kGolden, R"({"samples":[]})"), "golden.samples: empty");
  EXPECT_EQ(refusal(AttachmentKind::kGolden, R"({"samples":[{"inputs":[],"outputs":[]}]})"),
            "golden.samples[0].inputs: empty");
  EXPECT_NE(refusal(AttachmentKind::kReference, R"({"blob":"short","media_type":"a"})"), "(accepted)");
}

TEST(Attachment, NamesTheBlobOfAReference) {
  const auto reference = *make_attachment(AttachmentKind::kReference, {{"blob", kDigest}, {"media_type", "text/csv"}});
  const auto metrics = *make_attachment(AttachmentKind::kMetrics, {{"a", 1}});

  EXPECT_EQ(referenced_blob(reference)->hex(), kDigest);
  EXPECT_FALSE(referenced_blob(metrics).has_value());
}

TEST(Attachment, KnowsItsKindsByName) {
  for (const char* name : {"golden", "lineage", "metrics", "card", "reference", "evidence"}) {
    EXPECT_EQ(attachment_kind_name(*parse_attachment_kind(name)), name);
  }
  EXPECT_FALSE(parse_attachment_kind("notes").has_value());
}

TEST(VersionState, IsKnownByItsName) {
  for (const VersionState state : kVersionStates) EXPECT_EQ(parse_version_state(version_state_name(state)), state);
  EXPECT_FALSE(parse_version_state("").has_value());
}

}  // namespace
}  // namespace modelyard::registry
