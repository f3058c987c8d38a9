#include "registry/catalog_conformance.h"

namespace modelyard::registry {
namespace {

constexpr std::string_view kPlan = R"({"shares":[{"version":1,"weight":1}]})";

TEST_P(CatalogConformance, NumbersVersionsFromOne) {
  publish("fraud", 3);

  const auto versions = ask([](CatalogReader& reader) { return reader.versions("fraud", {}); });

  ASSERT_EQ(versions->size(), 3u);
  EXPECT_EQ((*versions)[0].ref, (VersionRef{"fraud", 1}));
  EXPECT_EQ((*versions)[2].ref, (VersionRef{"fraud", 3}));
  EXPECT_EQ((*versions)[1].identity, *identity_of(document('b')));
  EXPECT_EQ((*versions)[1].document.files, document('b').files);
  EXPECT_EQ((*versions)[0].created, clock_.utc_now());
}

TEST_P(CatalogConformance, KeepsEverythingWhenOpenedAgain) {
  publish("fraud", 2);
  ASSERT_TRUE(change([](CatalogWriter& writer) -> Status {
                MODELYARD_TRY(writer.describe_model("fraud", "catches thieves"));
                MODELYARD_TRY(writer.set_alias("fraud", "champion", 2));
                MODELYARD_TRY(writer.set_tag({"fraud", 2}, "team", "risk"));
                MODELYARD_TRY(writer.put_endpoint("fraud", "fraud", {}));
                return writer.set_plan("fraud", kPlan, "first");
              }).has_value());

  reopen();

  EXPECT_EQ(ask([](CatalogReader& reader) { return reader.model("fraud"); })->description, "catches thieves");
  EXPECT_EQ(ask([](CatalogReader& reader) { return reader.alias("fraud", "champion"); })->version, 2);
  EXPECT_EQ(ask([](CatalogReader& reader) { return reader.tags({"fraud", 2}); })->front().value, "risk");
  EXPECT_EQ(ask([](CatalogReader& reader) { return reader.endpoint("fraud"); })->plan_revision, 2);
  EXPECT_EQ(ask([](CatalogReader& reader) { return reader.plan("fraud", 2); })->reason, "first");
  EXPECT_EQ(*ask([](CatalogReader& reader) { return reader.revision(); }), 2);
}

TEST_P(CatalogConformance, KeepsNothingOfAChangeThatFails) {
  publish("fraud", 1);

  const auto outcome = change([](CatalogWriter& writer) -> Status {
    MODELYARD_TRY(writer.set_alias("fraud", "champion", 1));
    MODELYARD_TRY(writer.add_event("alias.set", {"fraud", 1}, "x"));
    return error(Code::kFailedPrecondition, "no");
  });

  EXPECT_EQ(outcome.error().code(), Code::kFailedPrecondition);
  EXPECT_EQ(ask([](CatalogReader& reader) { return reader.alias("fraud", "champion"); }).error().code(),
            Code::kNotFound);
  EXPECT_TRUE(ask([](CatalogReader& reader) { return reader.events("", 0, 10); })->empty());
  EXPECT_EQ(*ask([](CatalogReader& reader) { return reader.revision(); }), 1);
  EXPECT_EQ(ask([](CatalogReader& reader) { return reader.audit(0, 10); })->size(), 1u);
}

TEST_P(CatalogConformance, GivesEveryChangeARevisionAndAnAuditRow) {
  publish("fraud", 1);
  clock_.advance(std::chrono::seconds(5));
  const auto revision =
      catalog_->transact({"ben", "alias.set", "fraud/1", {{"alias", "a"}}}, [](CatalogWriter& writer) {
        EXPECT_EQ(writer.new_revision(), 2);
        return writer.set_alias("fraud", "a", 1);
      });

  EXPECT_EQ(*revision, 2);
  const auto rows = *ask([](CatalogReader& reader) { return reader.audit(0, 10); });
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[1].row, R"({"action":"alias.set","actor":"ben","detail":{"alias":"a"},"object":"fraud/1",)"
                         R"("revision":2,"sequence":2,"time":"2023-11-14T22:13:25.000000Z"})");
  EXPECT_EQ(rows[1].previous, rows[0].hash);
  EXPECT_EQ(*verify_audit_chain(*catalog_), 2);
}

TEST_P(CatalogConformance, RefusesNamesThatAreTaken) {
  publish("fraud", 1);
  publish("churn", 1);
  ASSERT_TRUE(change([](CatalogWriter& writer) { return writer.put_endpoint("e", "fraud", {}); }).has_value());

  EXPECT_EQ(refusal([](CatalogWriter& writer) { return writer.create_model("fraud"); }), Code::kConflict);
  EXPECT_EQ(refusal([](CatalogWriter& writer) { return writer.put_endpoint("e", "churn", {}); }), Code::kConflict);
}

TEST_P(CatalogConformance, FindsAVersionByItsContent) {
  publish("fraud", 2);
  publish("churn", 0);
  const Digest identity = *identity_of(document('b'));

  EXPECT_EQ((*ask([&](CatalogReader& reader) { return reader.version_by_identity("fraud", identity); }))->ref.version,
            2);
  EXPECT_FALSE(ask([&](CatalogReader& reader) { return reader.version_by_identity("churn", identity); })->has_value());
  EXPECT_EQ(refusal([&](CatalogWriter& writer) {
              const auto again = writer.add_version("fraud", document('b'));
              return again ? ok() : Status(again.error());
            }),
            Code::kConflict);
}

TEST_P(CatalogConformance, SaysNotFoundForWhatIsNotThere) {
  publish("fraud", 1);
  const auto code = [](const auto& result) { return result ? Code::kInternal : result.error().code(); };

  EXPECT_EQ(code(ask([](CatalogReader& reader) { return reader.model("churn"); })), Code::kNotFound);
  EXPECT_EQ(code(ask([](CatalogReader& reader) { return reader.version({"fraud", 2}); })), Code::kNotFound);
  EXPECT_EQ(code(ask([](CatalogReader& reader) { return reader.alias("fraud", "a"); })), Code::kNotFound);
  EXPECT_EQ(code(ask([](CatalogReader& reader) { return reader.endpoint("fraud"); })), Code::kNotFound);
  EXPECT_EQ(code(ask([](CatalogReader& reader) { return reader.plan("fraud", 1); })), Code::kNotFound);
  EXPECT_EQ(refusal([](CatalogWriter& writer) { return writer.describe_model("churn", "x"); }), Code::kNotFound);
  EXPECT_EQ(refusal([](CatalogWriter& writer) { return writer.set_alias("fraud", "a", 0); }), Code::kNotFound);
  EXPECT_EQ(refusal([](CatalogWriter& writer) { return writer.set_tag({"fraud", 1}, "k", std::nullopt); }),
            Code::kNotFound);
  EXPECT_EQ(refusal([](CatalogWriter& writer) { return writer.remove_endpoint("fraud"); }), Code::kNotFound);
  EXPECT_EQ(refusal([](CatalogWriter& writer) { return writer.set_plan("fraud", kPlan, ""); }), Code::kNotFound);
}

TEST_P(CatalogConformance, NamesNoVersionByAnAliasThatIsNotThere) {
  publish("fraud", 1);

  EXPECT_FALSE(change([](CatalogWriter& writer) { return writer.set_alias("fraud", "a", 2); }).has_value());
  EXPECT_TRUE(ask([](CatalogReader& reader) { return reader.aliases("fraud"); })->empty());
}

TEST_P(CatalogConformance, MovesAnAliasWholeAndRemembersEveryMove) {
  publish("fraud", 2);
  for (const VersionNumber version : {1, 2, 0}) {
    ASSERT_TRUE(change([&](CatalogWriter& writer) { return writer.set_alias("fraud", "champion", version); }));
  }

  EXPECT_TRUE(ask([](CatalogReader& reader) { return reader.aliases("fraud"); })->empty());
  const auto history = *ask([](CatalogReader& reader) { return reader.alias_history("fraud"); });
  std::vector<VersionNumber> moves;
  for (const AliasMove& move : history) moves.push_back(move.version);
  std::sort(moves.begin(), moves.end());
  EXPECT_EQ(moves, (std::vector<VersionNumber>{0, 1, 2}));
  EXPECT_EQ(history.front().actor, "ann");
}

TEST_P(CatalogConformance, AllowsExactlyTheLegalTransitionsOfAVersion) {
  int model = 0;
  for (const VersionState from : kVersionStates) {
    for (const VersionState to : kVersionStates) {
      const std::string name = "m" + std::to_string(model++);
      publish(name, 1);
      if (from != VersionState::kPublished) {
        ASSERT_TRUE(change([&](CatalogWriter& writer) { return writer.set_version_state({name, 1}, from); }));
      }
      const auto outcome = change([&](CatalogWriter& writer) { return writer.set_version_state({name, 1}, to); });
      EXPECT_EQ(outcome.has_value(), may_follow(from, to)) << version_state_name(from) << version_state_name(to);
      const Code refused = from == VersionState::kPurged ? Code::kNotFound : Code::kFailedPrecondition;
      EXPECT_TRUE(outcome || outcome.error().code() == refused);
    }
  }
}

TEST_P(CatalogConformance, KeepsAVersionThatIsServedOrNamed) {
  publish("fraud", 2);
  ASSERT_TRUE(change([](CatalogWriter& writer) -> Status {
                MODELYARD_TRY(writer.put_endpoint("fraud", "fraud", {}));
                MODELYARD_TRY(writer.set_plan("fraud", kPlan, ""));
                return writer.set_alias("fraud", "challenger", 2);
              }).has_value());

  for (const VersionNumber version : {1, 2}) {
    for (const VersionState state : {VersionState::kDeleted, VersionState::kPurged}) {
      EXPECT_EQ(refusal([&](CatalogWriter& writer) { return writer.set_version_state({"fraud", version}, state); }),
                Code::kFailedPrecondition);
    }
  }
  EXPECT_EQ(refusal([](CatalogWriter& writer) { return writer.purge_model("fraud"); }), Code::kFailedPrecondition);
}

TEST_P(CatalogConformance, RemembersPinsAndWhoSetThem) {
  publish("fraud", 2);
  publish("spam", 1);
  for (const VersionRef& ref : {VersionRef{"fraud", 2}, VersionRef{"fraud", 2}, VersionRef{"spam", 1}}) {
    ASSERT_TRUE(change([&](CatalogWriter& writer) { return writer.add_pin(ref); }).has_value());
  }

  const auto of_fraud = *ask([](CatalogReader& reader) { return reader.pins("fraud"); });
  ASSERT_EQ(of_fraud.size(), 1u);
  EXPECT_EQ(of_fraud[0].ref, (VersionRef{"fraud", 2}));
  EXPECT_EQ(of_fraud[0].actor, "ann");
  EXPECT_EQ(ask([](CatalogReader& reader) { return reader.pins(""); })->size(), 2u);

  ASSERT_TRUE(change([](CatalogWriter& writer) { return writer.remove_pin({"fraud", 2}); }).has_value());
  EXPECT_TRUE(ask([](CatalogReader& reader) { return reader.pins("fraud"); })->empty());
  EXPECT_EQ(refusal([](CatalogWriter& writer) { return writer.remove_pin({"fraud", 2}); }), Code::kNotFound);
}

TEST_P(CatalogConformance, KeepsApiKeysWithTheirEndAndLastUse) {
  const auto key = [](const char* id, const char* name) {
    ApiKeyRecord record;
    record.id = id;
    record.name = name;
    record.hash = sha256(id);
    record.verbs = "infer,read";
    record.models = "fraud-*";
    return record;
  };
  ASSERT_TRUE(change([&](CatalogWriter& writer) { return writer.add_api_key(key("aa", "ci")); }).has_value());
  clock_.advance(std::chrono::seconds(1));
  ASSERT_TRUE(change([&](CatalogWriter& writer) { return writer.add_api_key(key("00", "ci")); }).has_value());
  EXPECT_EQ(refusal([&](CatalogWriter& writer) { return writer.add_api_key(key("aa", "other")); }), Code::kConflict);

  const UtcTime now = clock_.utc_now();
  ASSERT_TRUE(change([&](CatalogWriter& writer) {
                return writer.set_api_key_end("aa", now + std::chrono::hours(1), now);
              }).has_value());
  const std::vector<std::pair<std::string, UtcTime>> uses{{"aa", now}, {"unknown", now}};
  ASSERT_TRUE(catalog_->record_key_uses(uses).has_value());
  const std::vector<std::pair<std::string, UtcTime>> earlier{{"aa", now - std::chrono::hours(1)}};
  ASSERT_TRUE(catalog_->record_key_uses(earlier).has_value());
  reopen();

  const auto keys = *ask([](CatalogReader& reader) { return reader.api_keys(); });
  ASSERT_EQ(keys.size(), 2u);
  EXPECT_EQ(keys[0].id, "aa") << "oldest first";
  EXPECT_EQ(keys[0].hash, sha256("aa"));
  EXPECT_EQ(keys[0].verbs, "infer,read");
  EXPECT_EQ(keys[0].models, "fraud-*");
  EXPECT_EQ(keys[0].actor, "ann");
  EXPECT_EQ(keys[0].expires, now + std::chrono::hours(1));
  EXPECT_EQ(keys[0].revoked, now);
  EXPECT_EQ(keys[0].used, now) << "a use is never taken back";
  EXPECT_EQ(keys[1].used, std::nullopt);
  EXPECT_EQ(refusal([](CatalogWriter& writer) { return writer.set_api_key_end("zz", {}, {}); }), Code::kNotFound);
}

TEST_P(CatalogConformance, KeepsAVersionThatIsPinned) {
  publish("fraud", 1);
  ASSERT_TRUE(change([](CatalogWriter& writer) { return writer.add_pin({"fraud", 1}); }).has_value());

  EXPECT_EQ(
      refusal([](CatalogWriter& writer) { return writer.set_version_state({"fraud", 1}, VersionState::kDeleted); }),
      Code::kFailedPrecondition);
  EXPECT_EQ(refusal([](CatalogWriter& writer) { return writer.purge_model("fraud"); }), Code::kFailedPrecondition);
  EXPECT_FALSE(change([](CatalogWriter& writer) { return writer.add_pin({"fraud", 7}); }).has_value());
}

TEST_P(CatalogConformance, NeverUsesTheNumberOfAPurgedVersionAgain) {
  publish("fraud", 2);
  ASSERT_TRUE(change([](CatalogWriter& writer) {
                return writer.set_version_state({"fraud", 2}, VersionState::kPurged);
              }).has_value());

  VersionRef again;
  ASSERT_TRUE(change([&](CatalogWriter& writer) -> Status {
                MODELYARD_ASSIGN(again, writer.add_version("fraud", document('b')));
                return ok();
              }).has_value());

  EXPECT_EQ(again.version, 3);
  EXPECT_EQ(ask([](CatalogReader& reader) { return reader.version({"fraud", 2}); }).error().code(), Code::kNotFound);
}

TEST_P(CatalogConformance, RefersToBlobsOfVersionsUntilTheyArePurged) {
  publish("fraud", 2);
  ASSERT_TRUE(change([](CatalogWriter& writer) {
                return writer.set_version_state({"fraud", 1}, VersionState::kDeleted);
              }).has_value());
  EXPECT_EQ(ask([](CatalogReader& reader) { return reader.referenced_blobs(); })->size(), 2u);

  ASSERT_TRUE(change([](CatalogWriter& writer) {
                return writer.set_version_state({"fraud", 1}, VersionState::kPurged);
              }).has_value());

  EXPECT_EQ(*ask([](CatalogReader& reader) { return reader.referenced_blobs(); }), std::vector{sha256("b")});
}

TEST_P(CatalogConformance, MakesAnAttachmentThatIsAddedAgainTheNewest) {
  const auto first = *make_attachment(AttachmentKind::kMetrics, {{"auc", 0.9}});
  const auto second = *make_attachment(AttachmentKind::kMetrics, {{"auc", 0.8}});
  publish("fraud", 1);
  for (const Attachment& attachment : {first, second, first, first}) {
    clock_.advance(std::chrono::seconds(1));
    ASSERT_TRUE(
        change([&](CatalogWriter& writer) { return writer.add_attachment({"fraud", 1}, attachment); }).has_value());
  }

  const auto kept = *ask([](CatalogReader& reader) { return reader.attachments({"fraud", 1}); });

  ASSERT_EQ(kept.size(), 2u);
  EXPECT_EQ(kept[1].attachment.digest, first.digest);
  EXPECT_EQ(kept[1].created - kept[0].created, std::chrono::seconds(1)) << "what is newest already keeps its date";
}

TEST_P(CatalogConformance, KeepsAttachmentsAndTheBlobsTheyName) {
  publish("fraud", 1);
  const Digest blob = sha256("reference rows");
  const auto metrics = *make_attachment(AttachmentKind::kMetrics, {{"auc", 0.9}});
  const auto reference =
      *make_attachment(AttachmentKind::kReference, {{"blob", blob.hex()}, {"media_type", "text/csv"}});
  for (int twice = 0; twice < 2; ++twice) {
    ASSERT_TRUE(change([&](CatalogWriter& writer) -> Status {
                  MODELYARD_TRY(writer.add_attachment({"fraud", 1}, metrics));
                  return writer.add_attachment({"fraud", 1}, reference);
                }).has_value());
  }

  const auto kept = *ask([](CatalogReader& reader) { return reader.attachments({"fraud", 1}); });
  EXPECT_EQ(kept.size(), 2u);
  const auto blobs = *ask([](CatalogReader& reader) { return reader.referenced_blobs(); });
  EXPECT_TRUE(std::binary_search(blobs.begin(), blobs.end(), blob));
  EXPECT_EQ(refusal([&](CatalogWriter& writer) { return writer.add_attachment({"fraud", 2}, metrics); }),
            Code::kNotFound);
}

TEST_P(CatalogConformance, KeepsEveryPlanAnEndpointEverHad) {
  publish("fraud", 2);
  ASSERT_TRUE(change([](CatalogWriter& writer) -> Status {
                MODELYARD_TRY(writer.put_endpoint("fraud", "fraud", {}));
                return writer.set_plan("fraud", kPlan, "one");
              }).has_value());
  ASSERT_TRUE(change([](CatalogWriter& writer) { return writer.set_plan("fraud", "", "stop"); }).has_value());

  const auto plans = *ask([](CatalogReader& reader) { return reader.plans("fraud"); });
  ASSERT_EQ(plans.size(), 2u);
  EXPECT_EQ(plans[0].reason, "stop");
  EXPECT_EQ(plans[1].plan, kPlan);
  EXPECT_EQ(ask([](CatalogReader& reader) { return reader.endpoint("fraud"); })->plan_revision, 0);
}

TEST_P(CatalogConformance, RefusesAPlanOfAVersionThatIsNotThere) {
  publish("fraud", 1);
  ASSERT_TRUE(change([](CatalogWriter& writer) { return writer.put_endpoint("fraud", "fraud", {}); }).has_value());

  EXPECT_FALSE(change([](CatalogWriter& writer) {
                 return writer.set_plan("fraud", R"({"shares":[{"version":9,"weight":1}]})", "");
               }).has_value());
}

TEST_P(CatalogConformance, ListsModelsAPageAtATime) {
  for (const char* name : {"d", "a", "c", "b"}) publish(name, 0);

  const auto names = [&](const Page& page) {
    std::string text;
    const auto models = *ask([&](CatalogReader& reader) { return reader.models(page); });
    for (const ModelRecord& model : models) text += model.name;
    return text;
  };

  EXPECT_EQ(names({"", 2}), "ab");
  EXPECT_EQ(names({"b", 2}), "cd");
  EXPECT_EQ(names({"d", 2}), "");
}

TEST_P(CatalogConformance, HidesAndBringsBackAModel) {
  publish("fraud", 1);
  ASSERT_TRUE(change([&](CatalogWriter& writer) { return writer.set_model_deleted("fraud", clock_.utc_now()); }));
  EXPECT_EQ(ask([](CatalogReader& reader) { return reader.model("fraud"); })->deleted, clock_.utc_now());

  ASSERT_TRUE(change([](CatalogWriter& writer) { return writer.set_model_deleted("fraud", std::nullopt); }));

  EXPECT_FALSE(ask([](CatalogReader& reader) { return reader.model("fraud"); })->deleted.has_value());
}

TEST_P(CatalogConformance, PurgesAModelWithAllItHas) {
  publish("fraud", 2);
  ASSERT_TRUE(change([](CatalogWriter& writer) { return writer.set_tag({"fraud", 0}, "team", "risk"); }).has_value());

  ASSERT_TRUE(change([](CatalogWriter& writer) { return writer.purge_model("fraud"); }).has_value());

  EXPECT_EQ(ask([](CatalogReader& reader) { return reader.model("fraud"); }).error().code(), Code::kNotFound);
  EXPECT_TRUE(ask([](CatalogReader& reader) { return reader.referenced_blobs(); })->empty());
}

TEST_P(CatalogConformance, NeverUsesANumberOfAPurgedModelAgain) {
  publish("fraud", 2);
  for (const VersionNumber wanted : {3, 4}) {
    ASSERT_TRUE(change([](CatalogWriter& writer) { return writer.purge_model("fraud"); }).has_value());

    VersionRef again;
    ASSERT_TRUE(change([&](CatalogWriter& writer) -> Status {
                  MODELYARD_TRY(writer.create_model("fraud"));
                  MODELYARD_ASSIGN(again, writer.add_version("fraud", document('b')));
                  return ok();
                }).has_value());

    EXPECT_EQ(again.version, wanted);
  }
}

TEST_P(CatalogConformance, GivesEventsInOrderBehindAGivenOne) {
  publish("fraud", 1);
  for (const char* kind : {"one", "two", "three"}) ASSERT_TRUE(catalog_->record_event(kind, {"fraud", 1}, "m"));
  ASSERT_TRUE(catalog_->record_event("other", {"churn", 1}, "m"));

  const auto all = *ask([](CatalogReader& reader) { return reader.events("fraud", 0, 10); });
  ASSERT_EQ(all.size(), 3u);
  const auto later = *ask([&](CatalogReader& reader) { return reader.events("fraud", all[0].id, 1); });
  ASSERT_EQ(later.size(), 1u);
  EXPECT_EQ(later[0].kind, "two");
}

TEST_P(CatalogConformance, AnswersAKeptAnswerUntilItExpires) {
  const IdempotentAnswer answer{sha256("request"), 201, "body", 7};
  ASSERT_TRUE(catalog_->keep_answer("key", answer, clock_.utc_now() + std::chrono::hours(1)));

  const auto kept = [&] {
    return *ask([&](CatalogReader& reader) { return reader.idempotent_answer("key", clock_.utc_now()); });
  };
  ASSERT_TRUE(kept().has_value());
  EXPECT_EQ(kept()->body, "body");
  EXPECT_EQ(kept()->request, sha256("request"));

  clock_.advance(std::chrono::hours(2));
  EXPECT_FALSE(kept().has_value());
}

TEST_P(CatalogConformance, ShowsReadersOneState) {
  publish("fraud", 1);

  const Status outcome = catalog_->read([&](CatalogReader& reader) -> Status {
    MODELYARD_ASSIGN(const Revision before, reader.revision());
    EXPECT_TRUE(change([](CatalogWriter& writer) { return writer.set_alias("fraud", "a", 1); }).has_value());
    MODELYARD_ASSIGN(const auto aliases, reader.aliases("fraud"));
    MODELYARD_ASSIGN(const Revision after, reader.revision());
    EXPECT_EQ(before, after);
    EXPECT_TRUE(aliases.empty());
    return ok();
  });

  EXPECT_TRUE(outcome.has_value());
}

TEST_P(CatalogConformance, TellsOfChangesAfterTheyAreThere) {
  Revision told = 0;
  catalog_->on_change([&](Revision revision) {
    told = revision;
    EXPECT_EQ(*ask([](CatalogReader& reader) { return reader.revision(); }), revision);
  });

  publish("fraud", 1);
  EXPECT_EQ(told, 1);
  (void)change([](CatalogWriter&) -> Status { return error(Code::kInternal, "no"); }).has_value();
  EXPECT_EQ(told, 1);
}

TEST_P(CatalogConformance, CopiesAStateThatOpens) {
  publish("fraud", 2);
  ASSERT_TRUE(catalog_->copy_to(folder_ / "copy").has_value());
  publish("churn", 1);

  const auto copy = GetParam()(folder_ / "copy", clock_);

  int models = 0;
  ASSERT_TRUE(copy->read([&](CatalogReader& reader) -> Status {
                    MODELYARD_ASSIGN(const auto list, reader.models({}));
                    models = static_cast<int>(list.size());
                    return ok();
                  })
                  .has_value());
  EXPECT_EQ(models, 1);
  EXPECT_EQ(*verify_audit_chain(*copy), 1);
}

}  // namespace
}  // namespace modelyard::registry
