"""A second reader of the journal, from docs/formats/journal.md alone; what that forbids is a ValueError."""

import dataclasses
import hashlib
import io
import json
import pathlib
import re
import struct
import uuid

import zstandard

OUTCOMES = ("ok invalid_argument not_found conflict failed_precondition permission_denied unauthenticated "
            "resource_exhausted unavailable deadline_exceeded cancelled unimplemented internal").split()
DELETION = set("time endpoint file records bytes first_time last_time reason previous".split())
FILE_NAME = re.compile(r"decisions-([0-9]{10})\.(open|segment)")
FILE_HEAD, BLOCK_MAGIC = struct.pack("<8sII", b"MYDECIDE", 1, 0), b"MBK1"
BLOCK_HEAD, COLUMN_HEAD = struct.Struct("<4sIIIqqII"), struct.Struct("<HHII")
INDEX_ENTRY, TRAILER = struct.Struct("<QQqqQ"), struct.Struct("<IIqqQ8s")
MOST_BYTES = 16 << 20


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


def unpack(packing, raw, stored):
    demand(packing in (0, 1) and raw <= MOST_BYTES, "a column's head")
    if packing == 1:
        try:
            stored = zstandard.ZstdDecompressor().decompress(stored, max_output_size=raw, allow_extra_data=False)
        except zstandard.ZstdError as error:
            raise ValueError(str(error)) from error
    demand(len(stored) == raw, "the size of a column")
    return stored


def columns_of(body, count):
    """The columns of a block by number, as streams."""
    columns, at = {}, count * COLUMN_HEAD.size
    demand(at <= len(body), "more columns than there is room for")
    for number, packing, raw, stored in COLUMN_HEAD.iter_unpack(body[:at]):
        if 1 <= number <= 11:
            demand(number not in columns, "a column twice")
            columns[number] = io.BytesIO(unpack(packing, raw, body[at:at + stored]))
        at += stored
    demand(at == len(body) and len(columns) == 11, "a column is missing, or bytes are too few or too many")
    return columns


def decisions_of(block):
    _, _, _, records, first, last, count, reserved = BLOCK_HEAD.unpack_from(block)
    demand(1 <= records <= 65_536 and reserved == 0, "the head of a block")
    columns = columns_of(block[BLOCK_HEAD.size:], count)
    times, ids = [], []
    for _ in range(records):
        times.append(zigzag(columns[2]) + (times[-1] if times else 0))
        milliseconds = times[-1] // 1000
        demand(0 <= milliseconds < 1 << 48, "the milliseconds of an id")
        ids.append(uuid.UUID(bytes=milliseconds.to_bytes(6, "big") + take(columns[1], 10)))
    demand((min(times), max(times)) == (first, last), "the times of a block")
    demand(all(one.version == 7 for one in ids), "an id that is no UUID of version 7")
    numbers = [[varint(columns[which]) for _ in range(records)] for which in range(3, 8)]
    demand(max(numbers[2]) < len(OUTCOMES), "an unknown code")
    numbers[2] = [OUTCOMES[outcome] for outcome in numbers[2]]
    texts = [names(columns[which], records) for which in range(8, 12)]
    demand(not any(stream.read(1) for stream in columns.values()), "bytes behind the entries of a column")
    return [Decision(*fields) for fields in zip(ids, times, *numbers, *texts)]


def whole_block(content, at):
    """The block that begins there; nothing if it is cut off or its checksum does not fit."""
    if len(content) - at < BLOCK_HEAD.size:
        return b""
    magic, checksum, body, *_ = BLOCK_HEAD.unpack_from(content, at)
    block = content[at:at + BLOCK_HEAD.size + body]
    fits = magic == BLOCK_MAGIC and body <= MOST_BYTES and len(block) == BLOCK_HEAD.size + body
    return block if fits and crc32c(block[8:]) == checksum else b""


def scanned_blocks(content):
    at = len(FILE_HEAD)
    while (at := content.find(BLOCK_MAGIC, at)) >= 0:
        if block := whole_block(content, at):
            yield block
        at += max(len(block), 1)


def indexed_blocks(content):
    demand(len(content) >= len(FILE_HEAD) + TRAILER.size, "a segment without its trailer")
    checksum, blocks, *totals, magic = TRAILER.unpack(content[-TRAILER.size:])
    end = len(content) - TRAILER.size - blocks * INDEX_ENTRY.size
    demand(magic == b"MYSEALED" and end >= len(FILE_HEAD), "the trailer of a segment")
    index = content[end:-TRAILER.size]
    demand(crc32c(index + content[4 - TRAILER.size:-len(magic)]) == checksum, "the checksum of an index")
    entries, at = list(INDEX_ENTRY.iter_unpack(index)), len(FILE_HEAD)
    for offset, size, *of_records in entries:
        demand(offset == at, "the place of a block")
        if block := whole_block(content, offset):
            records, *times = BLOCK_HEAD.unpack_from(block)[3:6]
            demand([len(block), *times, records] == [size, *of_records], "a block that is not as its index says")
            yield block
        at += size
    _, _, firsts, lasts, records = zip(*entries)
    demand(at == end and totals == [min(firsts), max(lasts), sum(records)], "the totals of a segment")


def read_segment(path):
    """What a file holds: a .segment by its index, an .open file up to its last whole block."""
    content, sealed = pathlib.Path(path).read_bytes(), pathlib.Path(path).suffix == ".segment"
    demand(FILE_HEAD.startswith(content[:len(FILE_HEAD)]), "no journal of version 1")
    blocks = indexed_blocks(content) if sealed else scanned_blocks(content)
    decisions = [decision for block in blocks for decision in decisions_of(block)]
    demand(not sealed or decisions == sorted(decisions, key=lambda one: one.time), "a segment out of order")
    return decisions


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
