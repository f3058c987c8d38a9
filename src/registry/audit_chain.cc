#include "registry/audit_chain.h"

#include "registry/catalog.h"

namespace modelyard::registry {

Digest chain_hash(const Digest& previous, std::string_view row) {
  Sha256 hash;
  hash.update(std::as_bytes(std::span(previous.bytes())));
  hash.update(row);
  return hash.finish();
}

Result<std::int64_t> verify_audit_chain(Catalog& catalog) {
  constexpr int kBatch = 1000;
  std::int64_t seen = 0;
  Digest previous;
  for (bool more = true; more;) {
    MODELYARD_TRY(catalog.read([&](CatalogReader& reader) -> Status {
      MODELYARD_ASSIGN(const auto rows, reader.audit(seen, kBatch));
      for (const AuditRecord& row : rows) {
        if (row.sequence != seen + 1) return error(Code::kInternal, "audit row {} is missing", seen + 1);
        if (row.previous != previous || row.hash != chain_hash(previous, row.row)) {
          return error(Code::kInternal, "audit row {} was changed: its hash does not fit", row.sequence);
        }
        previous = row.hash;
        seen = row.sequence;
      }
      more = rows.size() == kBatch;
      return ok();
    }));
  }
  return seen;
}

}  // namespace modelyard::registry
