// What the binary and the plug-in libmodelyard_parquet.so say to each other: a C interface with a version, so that
// neither includes a header of the other's libraries, and each may be replaced alone.
//
// Finding:   dlopen, then modelyard_parquet_interface(kParquetInterfaceVersion); null: the plug-in does not have that
//            version. A change of anything below is a new version.
// Columns:   by the Arrow C data interface and the Arrow C stream interface, whose three structs stand below as their
//            specification lays them out (https://arrow.apache.org/docs/format/CDataInterface.html).
// Ownership: as that interface has it: an imported struct is moved, its release becomes null. Writers and streams are
//            ended by their owner.
// Errors:    0 is success. Anything else is a Fault, and what is wrong stands in the buffer given, cut where it ends.
// Streams say
//            errno, and why by get_last_error. No exception crosses this border, in either direction.
// Threads:   a writer or a stream is used by one thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>

extern "C" {

// Who includes Arrow's headers, too, has them already.
#ifndef ARROW_C_DATA_INTERFACE
#define ARROW_C_DATA_INTERFACE
#define ARROW_FLAG_DICTIONARY_ORDERED 1
#define ARROW_FLAG_NULLABLE 2
#define ARROW_FLAG_MAP_KEYS_SORTED 4

struct ArrowSchema {
  const char* format;
  const char* name;
  const char* metadata;
  int64_t flags;
  int64_t n_children;
  struct ArrowSchema** children;
  struct ArrowSchema* dictionary;
  void (*release)(struct ArrowSchema*);
  void* private_data;
};

struct ArrowArray {
  int64_t length;
  int64_t null_count;
  int64_t offset;
  int64_t n_buffers;
  int64_t n_children;
  const void** buffers;
  struct ArrowArray** children;
  struct ArrowArray* dictionary;
  void (*release)(struct ArrowArray*);
  void* private_data;
};
#endif

#ifndef ARROW_C_STREAM_INTERFACE
#define ARROW_C_STREAM_INTERFACE
struct ArrowArrayStream {
  int (*get_schema)(struct ArrowArrayStream*, struct ArrowSchema* out);
  int (*get_next)(struct ArrowArrayStream*, struct ArrowArray* out);
  const char* (*get_last_error)(struct ArrowArrayStream*);
  void (*release)(struct ArrowArrayStream*);
  void* private_data;
};
#endif

typedef struct ModelyardParquetFault {
  char* text;  // filled with a sentence that ends with a zero
  size_t size;
} ModelyardParquetFault;

// Takes the next bytes of a file; not 0 when they cannot be kept, which ends the writing.
typedef int (*ModelyardParquetSink)(void* context, const void* bytes, size_t size);

typedef struct ModelyardParquetWriting {
  int64_t most_rows_of_group;
  int64_t most_bytes_of_group;  // of values in memory; a batch that is larger is a group of its own
} ModelyardParquetWriting;

typedef struct ModelyardParquetReading {
  int64_t most_columns;
  int64_t most_rows;
  int64_t most_bytes_in_memory;
  int64_t rows_of_batch;
} ModelyardParquetReading;

typedef struct ModelyardParquetWriter ModelyardParquetWriter;

typedef struct ModelyardParquet {
  const char* library_version;  // of Arrow and Parquet: "26.0.1"

  // A struct of columns, as of a batch. Null, and a fault, when it cannot begin. Takes the schema in any case.
  ModelyardParquetWriter* (*open_writer)(struct ArrowSchema* columns, const ModelyardParquetWriting* options,
                                         ModelyardParquetSink sink, void* context, ModelyardParquetFault fault);
  // Takes the batch in any case.
  int (*write)(ModelyardParquetWriter* writer, struct ArrowArray* batch, ModelyardParquetFault fault);
  // Writes the end of the file, without which nobody can read it.
  int (*finish)(ModelyardParquetWriter* writer, ModelyardParquetFault fault);
  // With or without finish(); null is allowed.
  void (*close_writer)(ModelyardParquetWriter* writer);

  // Rows of a file whose columns are flat: integers, floats, booleans, text, text by dictionary, points in time that
  // are in UTC, nothing at all. Any other is refused by its name and type. Batches have passed every check that Arrow
  // has.
  int (*open_reader)(const char* path, const ModelyardParquetReading* options, struct ArrowArrayStream* rows,
                     ModelyardParquetFault fault);
} ModelyardParquet;

// The only symbol of the plug-in; a table that lives as long as the process, or null.
typedef const ModelyardParquet* (*ModelyardParquetInterface)(uint32_t version);

}  // extern "C"

namespace modelyard::plugins {

inline constexpr std::uint32_t kParquetInterfaceVersion = 1;
inline constexpr const char* kParquetInterfaceSymbol = "modelyard_parquet_interface";

}  // namespace modelyard::plugins
