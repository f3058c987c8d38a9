"""A second reader of the journal, from docs/formats/journal.md alone; what that forbids is a ValueError."""

import dataclasses
import hashlib
import io
import json
import math
import pathlib
import re
import struct
import uuid

import ml_dtypes
import numpy as np
import zstandard

OUTCOMES = ("ok invalid_argument not_found conflict failed_precondition permission_denied unauthenticated "
            "resource_exhausted unavailable deadline_exceeded cancelled unimplemented internal").split()
DELETION = set("time endpoint file records bytes first_time last_time reason previous".split())
FILE_NAME = re.compile(r"decisions-([0-9]{10})\.(open|segment)")
FILE_HEAD, BLOCK_MAGIC = struct.Struct("<8sII"), b"MBK1"
BLOCK_HEAD, COLUMN_HEAD = struct.Struct("<4sIIIqqII"), struct.Struct("<HHII")
INDEX_ENTRY, TRAILER = struct.Struct("<QQqqQ"), struct.Struct("<IIqqQ8s")
MOST_BYTES = 16 << 20
DECISION_COLUMNS, PAYLOAD_COLUMNS = {*range(1, 12)}, {1, 2, *range(32, 44)}
MOST_FIELDS, MOST_DIMENSIONS, FIRST_FIELD = 2_000, 16, 64
ROUTES, SIDES = ("plan", "version", "alias"), ("input", "output")
TREATMENTS = ("absent", "kept", "masked", "hashed", "too_large")
DATATYPES = {"BOOL": "?", "UINT8": "<u1", "UINT16": "<u2", "UINT32": "<u4", "UINT64": "<u8", "INT8": "<i1",
             "INT16": "<i2", "INT32": "<i4", "INT64": "<i8", "FP16": "<f2", "BF16": ml_dtypes.bfloat16, "FP32": "<f4",
             "FP64": "<f8", "BYTES": None}


@dataclasses.dataclass(frozen=True)
class Decision:
    id: uuid.UUID
    time: int  # microseconds since 1970 UTC
    version: int
    plan_revision: int  # 0: the caller named the version
    outcome: str
    latency_us: int
    rows: int
    model: str
    arm: str
    principal: str
    protocol: str


@dataclasses.dataclass(frozen=True)
class Field:
    datatype: str  # of the tensor; what is hashed has values of BYTES all the same
    treatment: str
    shape: tuple
    values: object  # an array, or a list of bytes for BYTES; None unless kept or hashed


@dataclasses.dataclass(frozen=True)
class Payload:
    id: uuid.UUID
    time: int
    request_id: str
    trace: str
    unit: str
    route: str
    batch_rows: int  # 0: there was no run
    row_offset: int
    checks_ns: int
    queue_ns: int
    run_ns: int
    engine: str
    processor: str
    fields: dict  # by side and name, those that occur


def demand(fits, what):
    if not fits:
        raise ValueError(what)


def crc32c(content):
    crc = 0xFFFFFFFF
    for byte in content:
        crc = crc >> 8 ^ CRC_TABLE[(crc ^ byte) & 0xFF]
    return crc ^ 0xFFFFFFFF


CRC_TABLE = list(range(256))
for _ in range(8):
    CRC_TABLE = [value >> 1 ^ (0x82F63B78 if value & 1 else 0) for value in CRC_TABLE]


def take(stream, size):
    content = stream.read(size)
    demand(len(content) == size, "a column ends too early")
    return content


def varint(stream):
    value = shift = 0
    while (byte := take(stream, 1)[0]) >= 0x80:
        value, shift = value | (byte & 0x7F) << shift, shift + 7
        demand(shift < 70, "a varint that does not end")
    value |= byte << shift
    demand(value < 1 << 64, "a varint of more than 64 bits")
    return value


def zigzag(stream):
    value = varint(stream)
    return value >> 1 ^ -(value & 1)


def names(stream, records):
    dictionary = []
    for _ in range(varint(stream)):
        size = varint(stream)
        demand(size <= 255, "a name of more than 255 bytes")
        dictionary.append(take(stream, size).decode())
    places = [varint(stream) for _ in range(records)]
    demand(max(places) < len(dictionary), "a name that is not in its dictionary")
    return [dictionary[place] for place in places]


def texts(stream, records):
    return [take(stream, varint(stream)).decode() for _ in range(records)]


def unpack(packing, raw, stored):
    demand(packing in (0, 1, 2, 4, 8) and raw <= MOST_BYTES, "a column's head")
    if packing > 0:
        try:
            stored = zstandard.ZstdDecompressor().decompress(stored, max_output_size=raw, allow_extra_data=False)
        except zstandard.ZstdError as error:
            raise ValueError(str(error)) from error
    demand(len(stored) == raw, "the size of a column")
    return stored if packing < 2 else elements_of(stored, packing)


def elements_of(planes, width):
    """Of which the first bytes stand first, then the second ones."""
    demand(len(planes) % width == 0, "an element that is cut off")
    count = len(planes) // width
    return b"".join(planes[i::count] for i in range(count))


def columns_of(body, count, known):
    """The known columns of a block by number, as streams."""
    columns, at = {}, count * COLUMN_HEAD.size
    demand(at <= len(body), "more columns than there is room for")
    for number, packing, raw, stored in COLUMN_HEAD.iter_unpack(body[:at]):
        if number in known:
            demand(number not in columns, "a column twice")
            columns[number] = io.BytesIO(unpack(packing, raw, body[at:at + stored]))
        at += stored
    demand(at == len(body), "bytes are too few or too many")
    return columns


def open_block(block, needed, more=()):
    """The ids, times and columns of a block's records."""
    _, _, _, records, first, last, count, reserved = BLOCK_HEAD.unpack_from(block)
    demand(1 <= records <= 65_536 and reserved == 0, "the head of a block")
    columns = columns_of(block[BLOCK_HEAD.size:], count, needed.union(more))
    demand(needed <= columns.keys(), "a column is missing")
    times, ids = [], []
    for _ in range(records):
        times.append(zigzag(columns[2]) + (times[-1] if times else 0))
        milliseconds = times[-1] // 1000
        demand(0 <= milliseconds < 1 << 48, "the milliseconds of an id")
        ids.append(uuid.UUID(bytes=milliseconds.to_bytes(6, "big") + take(columns[1], 10)))
    demand((min(times), max(times)) == (first, last), "the times of a block")
    demand(all(one.version == 7 for one in ids), "an id that is no UUID of version 7")
    return ids, times, columns


def demand_ends(streams):
    demand(not any(stream.read(1) for stream in streams), "bytes behind the entries of a column")


def named(names, number, what):
    demand(number < len(names), f"an unknown {what}")
    return names[number]


def decisions_of(block):
    ids, times, columns = open_block(block, DECISION_COLUMNS)
    numbers = [[varint(columns[which]) for _ in ids] for which in range(3, 8)]
    numbers[2] = [named(OUTCOMES, outcome, "code") for outcome in numbers[2]]
    texts = [names(columns[which], len(ids)) for which in range(8, 12)]
    demand_ends(columns.values())
    return [Decision(*fields) for fields in zip(ids, times, *numbers, *texts)]


def field_heads(stream):
    """Side, datatype and name of each field."""
    count = varint(stream)
    demand(count <= MOST_FIELDS, "too many fields")
    return [(named(SIDES, varint(stream), "side"), named([*DATATYPES], varint(stream), "datatype"),
             take(stream, varint(stream)).decode()) for _ in range(count)]


def elements(content):
    stream, found = io.BytesIO(content), []
    while stream.tell() < len(content):
        found.append(take(stream, int.from_bytes(take(stream, 4), "little")))
    return found


def values_of(content, datatype, shape):
    if datatype == "BYTES":
        found = elements(content)
        demand(len(found) == math.prod(shape), "elements that do not fit their shape")
        return found
    kind = np.dtype(DATATYPES[datatype])
    demand(len(content) == kind.itemsize * math.prod(shape), "values that do not fit their shape")
    return np.frombuffer(content, kind).reshape(shape)


def field_of(datatype, shapes, values):
    """A field of the next payload; nothing if it does not occur there."""
    treatment = named(TREATMENTS, varint(shapes), "treatment")
    if treatment == "absent":
        return None
    dimensions = varint(shapes)
    demand(dimensions <= MOST_DIMENSIONS, "too many dimensions")
    shape = tuple(varint(shapes) for _ in range(dimensions))
    content = take(values, varint(shapes))
    if treatment not in ("kept", "hashed"):
        demand(not content, "values of a field that has none")
        return Field(datatype, treatment, shape, None)
    stored = "BYTES" if treatment == "hashed" else datatype
    return Field(datatype, treatment, shape, values_of(content, stored, shape))


def fields_of(columns, records):
    """The fields of each payload that occur in it, by side and name."""
    payloads, heads = [{} for _ in range(records)], field_heads(columns[43])
    for place, (side, datatype, name) in enumerate(heads):
        of_field = [FIRST_FIELD + 2 * place, FIRST_FIELD + 2 * place + 1]
        demand(columns.keys() >= {*of_field}, "a column of a field is missing")
        shapes, values = (columns[which] for which in of_field)
        for fields in payloads:
            if field := field_of(datatype, shapes, values):
                demand((side, name) not in fields, "a field twice")
                fields[side, name] = field
        demand_ends([shapes, values])
    return payloads


def payloads_of(block):
    ids, times, columns = open_block(block, PAYLOAD_COLUMNS, range(FIRST_FIELD, FIRST_FIELD + 2 * MOST_FIELDS))
    words = {which: texts(columns[which], len(ids)) for which in (32, 33, 34)}
    words |= {which: names(columns[which], len(ids)) for which in (41, 42)}
    numbers = {which: [varint(columns[which]) for _ in ids] for which in range(35, 41)}
    numbers[35] = [named(ROUTES, route, "route") for route in numbers[35]]
    fields = fields_of(columns, len(ids))
    demand_ends(columns[which] for which in PAYLOAD_COLUMNS)
    ordered = [column for _, column in sorted((words | numbers).items())]
    return [Payload(*of_one) for of_one in zip(ids, times, *ordered, fields)]


def whole_block(content, at):
    """The block that begins there; nothing if it is cut off or its checksum does not fit."""
    if len(content) - at < BLOCK_HEAD.size:
        return b""
    magic, checksum, body, *_ = BLOCK_HEAD.unpack_from(content, at)
    block = content[at:at + BLOCK_HEAD.size + body]
    fits = magic == BLOCK_MAGIC and body <= MOST_BYTES and len(block) == BLOCK_HEAD.size + body
    return block if fits and crc32c(block[8:]) == checksum else b""


def scanned_blocks(content):
    at = FILE_HEAD.size
    while (at := content.find(BLOCK_MAGIC, at)) >= 0:
        if block := whole_block(content, at):
            yield block
        at += max(len(block), 1)


def indexed_blocks(content):
    demand(len(content) >= FILE_HEAD.size + TRAILER.size, "a segment without its trailer")
    checksum, blocks, *totals, magic = TRAILER.unpack(content[-TRAILER.size:])
    end = len(content) - TRAILER.size - blocks * INDEX_ENTRY.size
    demand(magic == b"MYSEALED" and end >= FILE_HEAD.size, "the trailer of a segment")
    index = content[end:-TRAILER.size]
    demand(crc32c(index + content[4 - TRAILER.size:-len(magic)]) == checksum, "the checksum of an index")
    entries, at = list(INDEX_ENTRY.iter_unpack(index)), FILE_HEAD.size
    for offset, size, *of_records in entries:
        demand(offset == at, "the place of a block")
        if block := whole_block(content, offset):
            records, *times = BLOCK_HEAD.unpack_from(block)[3:6]
            demand([len(block), *times, records] == [size, *of_records], "a block that is not as its index says")
            yield block
        at += size
    _, _, firsts, lasts, records = zip(*entries)
    demand(at == end and totals == [min(firsts), max(lasts), sum(records)], "the totals of a segment")


def blocks_of(path, magic):
    """The blocks of a file: of a .segment by its index, of an .open file up to its last whole block."""
    content, head = pathlib.Path(path).read_bytes(), FILE_HEAD.pack(magic, 1, 0)
    demand(head.startswith(content[:len(head)]), "no journal of version 1")
    return indexed_blocks(content) if is_sealed(path) else scanned_blocks(content)


def is_sealed(path):
    return pathlib.Path(path).suffix == ".segment"


def read_segment(path):
    decisions = [decision for block in blocks_of(path, b"MYDECIDE") for decision in decisions_of(block)]
    in_order = decisions == sorted(decisions, key=lambda one: one.time)
    demand(in_order or not is_sealed(path), "a segment out of order")
    return decisions


def read_payloads(path):
    return [payload for block in blocks_of(path, b"MYPAYLOD") for payload in payloads_of(block)]


def read_endpoint(folder):
    """All decisions of an endpoint; a sealed segment goes before the open file of its number."""
    found = [match for path in pathlib.Path(folder).iterdir() if (match := FILE_NAME.fullmatch(path.name))]
    files = {match[1]: match[0] for match in sorted(found, key=lambda match: match[0])}
    return [decision for file in files.values() for decision in read_segment(pathlib.Path(folder) / file)]


def check_deletions(path):
    """The deletions, each chained to the one before; a line that was cut off is none."""
    entries, previous = [], ""
    for line in pathlib.Path(path).read_bytes().split(b"\n")[:-1]:
        entries.append(json.loads(line))
        demand(isinstance(entries[-1], dict) and DELETION <= entries[-1].keys(), "a deletion lacks a field")
        demand(entries[-1]["previous"] == previous, "a deletion before this one was taken out or changed")
        previous = hashlib.sha256(line).hexdigest()
    return entries
