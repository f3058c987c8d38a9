"""docs/formats/journal.md suffices: a reader and a writer made from it alone agree with the server both ways."""

import datetime
import random
import struct
import threading
import time
import uuid

import numpy as np
import pytest
import tritonclient.grpc as triton_grpc
import zstandard

import journal_reader
import models
from journal_reader import Decision, OUTCOMES

DAY_US = 86_400_000_000
EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
OPEN, SEGMENT = "decisions-0000000001.open", "decisions-0000000001.segment"


# The writer, made from the document as the reader is.

def varint(value):
    content = bytearray()
    while value >= 0x80:
        content.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*content, value])


def zigzag(value):
    return varint(2 * value if value >= 0 else -2 * value - 1)


def names(values):
    dictionary = sorted(set(values))
    texts = [varint(len(text.encode())) + text.encode() for text in dictionary]
    return varint(len(dictionary)) + b"".join([*texts, *(varint(dictionary.index(value)) for value in values)])


def columns_of(decisions):
    times = [one.time for one in decisions]
    numbers = ([one.version, one.plan_revision, OUTCOMES.index(one.outcome), one.latency_us, one.rows]
               for one in decisions)
    texts = ([one.model, one.arm, one.principal, one.protocol] for one in decisions)
    return [b"".join(one.id.bytes[6:] for one in decisions),
            b"".join(zigzag(now - before) for before, now in zip([0, *times], times)),
            *(b"".join(map(varint, column)) for column in zip(*numbers)),
            *map(names, zip(*texts))]


def block_of(decisions, packed=False, more=()):
    """`more` are columns of a later version, which have numbers of their own."""
    columns = [*enumerate(columns_of(decisions), 1), *more]
    stored = [zstandard.compress(content) if packed else content for _, content in columns]
    heads = [struct.pack("<HHII", number, packed, len(content), len(kept))
             for (number, content), kept in zip(columns, stored)]
    body = b"".join(heads + stored)
    times = [one.time for one in decisions]
    rest = struct.pack("<IIqqII", len(body), len(decisions), min(times), max(times), len(columns), 0) + body
    return b"MBK1" + struct.pack("<I", journal_reader.crc32c(rest)) + rest


def open_file(blocks):
    return struct.pack("<8sII", b"MYDECIDE", 1, 0) + b"".join(blocks)


def segment_file(parts, blocks):
    content, index = open_file(blocks), b""
    at = len(content) - sum(map(len, blocks))
    for part, block in zip(parts, blocks):
        times = [one.time for one in part]
        index += struct.pack("<QQqqQ", at, len(block), min(times), max(times), len(part))
        at += len(block)
    times = [one.time for part in parts for one in part]
    totals = struct.pack("<IqqQ", len(blocks), min(times), max(times), len(times))
    return content + index + struct.pack("<I", journal_reader.crc32c(index + totals)) + totals + b"MYSEALED"


def made_up(count, start, seed=1):
    """Decisions in the order of their times, with values of every kind."""
    draw, decisions = random.Random(seed), []
    for place in range(count):
        now = start + 1000 * place + draw.randrange(1000)
        # Version 7 and the variant of RFC 9562 around 74 random bits.
        tail = 7 << 76 | draw.getrandbits(12) << 64 | 2 << 62 | draw.getrandbits(62)
        decisions.append(Decision(
            uuid.UUID(int=now // 1000 << 80 | tail), now, draw.choice([1, 2, 300]), draw.choice([0, 1, 70_000]),
            draw.choice(OUTCOMES), draw.choice([0, 127, 128, 1 << 33]), draw.choice([0, 1, 5000]),
            draw.choice(["scaled", "größe"]), draw.choice(["", "canary"]), draw.choice(["", "ada"]),
            draw.choice(["oip", "tfs", "oip_grpc", "tfs_grpc"])))
    return decisions


# The server.

def decision_of(item):
    """What the server says of a prediction, as the reader would."""
    when = (datetime.datetime.fromisoformat(item["time"]) - EPOCH) // datetime.timedelta(microseconds=1)
    return Decision(uuid.UUID(item["prediction_id"]), when, item["version"], item["plan_revision"] or 0, item["status"],
                    item["latency_us"], item["rows"], item["model"], item["arm"] or "", item["principal"] or "",
                    item["protocol"])


def listed(server):
    """What the server says of all predictions, the newest first."""
    answer = server.get("/api/v1/predictions", params={"limit": 1000})
    assert answer.status_code == 200, answer.text
    assert {item["endpoint"] for item in answer.json()["items"]} <= {"scaled"}
    return [decision_of(item) for item in answer.json()["items"]]


def newest_first(decisions):
    return sorted(decisions, key=lambda one: (one.time, one.id), reverse=True)


def folder_of(root):
    return root / "data/journal/endpoints/scaled"


def put(root, name, content):
    folder_of(root).mkdir(parents=True, exist_ok=True)
    (folder_of(root) / name).write_bytes(content)


def eventually(ready):
    for _ in range(200):
        if ready():
            return
        threading.Event().wait(0.05)
    raise AssertionError("it did not come about")


def ask(server, path, columns=4, rows=1):
    """One prediction, by either protocol over REST; returns its answer."""
    values = [[1.0] * columns] * rows
    if path.endswith(":predict"):
        return server.post(path, json={"instances": values})
    return server.post(path, json={"inputs": [{"name": "x", "shape": [rows, columns], "datatype": "FP32",
                                               "data": values}]})


PATHS = ["/v2/models/scaled/infer", "/v2/models/scaled/versions/1/infer", "/v1/models/scaled:predict",
         "/v1/models/scaled/versions/1:predict"]


@pytest.mark.parametrize("durability", ["interval", "group"])
def test_a_reader_made_from_the_document_reads_what_the_server_wrote(make_server, tmp_path, durability):
    server = make_server("--journal-durability", durability)
    server.cli("push", "scaled", models.scale(tmp_path / "1.onnx", 2), "--wait")
    answered, failed = set(), 0  # an answer that is an error does not name its prediction
    for place in range(200):
        if place == 100:
            server.cli("push", "scaled", models.scale(tmp_path / "2.onnx", 3), "--deploy", "--wait")
        wrong = place % 7 == 3
        answer = ask(server, PATHS[place % 4], 3 if wrong else 4, 1 + place % 5)
        assert answer.status_code == (400 if wrong else 200), answer.text
        failed += wrong
        answered |= set() if wrong else {uuid.UUID(answer.headers["Modelyard-Prediction-Id"])}
    with triton_grpc.InferenceServerClient(server.address) as client:
        x = triton_grpc.InferInput("x", [1, 4], "FP32")
        x.set_data_from_numpy(np.ones((1, 4), np.float32))
        client.infer("scaled", [x])
    said = listed(server)
    assert server.stop() == 0

    read = journal_reader.read_segment(folder_of(tmp_path) / OPEN)

    assert newest_first(read) == said and len(said) == 201
    assert answered < {one.id for one in read if one.outcome == "ok"}
    assert [one.outcome for one in read].count("invalid_argument") == failed
    assert {(one.version, one.plan_revision) for one in read} == {(1, 0), (1, 1), (2, 2)}
    assert {one.protocol for one in read} == {"oip", "tfs", "oip_grpc"}
    assert journal_reader.read_endpoint(folder_of(tmp_path)) == read


def test_the_server_reads_a_segment_made_from_the_document(make_server, tmp_path):
    decisions = made_up(500, time.time_ns() // 1000 - 60_000_000)
    parts = [decisions[:1], decisions[1:200], decisions[200:]]
    blocks = [block_of(parts[0]), block_of(parts[1], packed=True), block_of(parts[2], more=[(4711, b"of later")])]
    put(tmp_path, SEGMENT, segment_file(parts, blocks))
    put(tmp_path, OPEN, open_file([block_of(made_up(10, DAY_US, seed=2))]))  # of no account beside the segment
    assert journal_reader.read_endpoint(folder_of(tmp_path)) == decisions

    server = make_server()

    assert listed(server) == newest_first(decisions)
    for one in [*decisions[:3], *decisions[3::25], decisions[199]]:
        assert decision_of(server.get(f"/api/v1/predictions/{one.id}").json()) == one
    unknown = made_up(1, decisions[0].time, seed=3)[0]
    assert server.get(f"/api/v1/predictions/{unknown.id}").status_code == 404


@pytest.mark.parametrize("count", [3, 20_000])
def test_the_server_seals_an_old_file_as_the_document_says(make_server, tmp_path, count):
    age_us = 2 * DAY_US if count < 8192 else 700_000_000  # few records are not worth a file before a day is over
    decisions = made_up(count, time.time_ns() // 1000 - age_us)
    shuffled = random.Random(5).sample(decisions, count)
    put(tmp_path, OPEN, open_file([block_of(shuffled[:1]), block_of(shuffled[1:])]))

    make_server()
    eventually(lambda: not (folder_of(tmp_path) / OPEN).exists())

    assert newest_first(journal_reader.read_segment(folder_of(tmp_path) / SEGMENT)) == newest_first(decisions)


def test_a_file_that_was_cut_off_is_read_to_its_last_whole_block(make_server, tmp_path):
    parts = [made_up(count, time.time_ns() // 1000 - 60_000_000 + count, seed=count) for count in (40, 1, 25)]
    blocks = [block_of(part) for part in parts]
    content, server = open_file(blocks), make_server()
    second, third = len(content) - len(blocks[1] + blocks[2]), len(content) - len(blocks[2])
    cuts = {len(content) - 1: 2, third + 41: 2, third + 39: 2, third + 2: 2, third: 2, third - 1: 1, second: 1,
            second - 1: 0, 16: 0, 7: 0, 0: 0}
    for cut, whole in cuts.items():
        assert server.stop() == 0
        put(tmp_path, OPEN, content[:cut])

        read = journal_reader.read_segment(folder_of(tmp_path) / OPEN)
        server.start()

        assert read == sum(parts[:whole], []), cut
        assert listed(server) == newest_first(read), cut


def test_a_file_that_was_cut_off_goes_on_after_a_restart(make_server, tmp_path):
    server = make_server("--journal-durability", "group")  # a block for each
    server.cli("push", "scaled", models.scale(tmp_path / "1.onnx", 2), "--wait")
    ids = [uuid.UUID(ask(server, PATHS[0]).headers["Modelyard-Prediction-Id"]) for _ in range(5)]
    server.kill()
    content = (folder_of(tmp_path) / OPEN).read_bytes()
    put(tmp_path, OPEN, content[:-3])

    server.start()
    ids[4] = uuid.UUID(ask(server, PATHS[0]).headers["Modelyard-Prediction-Id"])
    said = listed(server)
    assert server.stop() == 0

    assert [one.id for one in journal_reader.read_endpoint(folder_of(tmp_path))] == ids
    assert [one.id for one in reversed(said)] == ids


def test_a_damaged_block_is_passed_over(make_server, tmp_path):
    decisions = made_up(90, time.time_ns() // 1000 - 60_000_000)
    blocks = [block_of(decisions[:30]), bytearray(block_of(decisions[30:60])), block_of(decisions[60:])]
    blocks[1][300] ^= 1
    put(tmp_path, OPEN, open_file(blocks))
    left = decisions[:30] + decisions[60:]

    assert journal_reader.read_segment(folder_of(tmp_path) / OPEN) == left
    assert listed(make_server()) == newest_first(left)


def test_deletions_are_chained_as_the_document_says(make_server, tmp_path):
    now = time.time_ns() // 1000
    for number, days in enumerate((9, 8, 7, 1), 1):
        decisions = made_up(20, now - days * DAY_US, seed=number)
        put(tmp_path, f"decisions-{number:010}.segment", segment_file([decisions], [block_of(decisions)]))
    journal, first = tmp_path / "data/journal/deletions.jsonl", folder_of(tmp_path) / SEGMENT
    again = first.read_bytes()

    server = make_server("--journal-max-age-days", 3)
    eventually(lambda: not (folder_of(tmp_path) / "decisions-0000000003.segment").exists())
    assert server.stop() == 0
    deletions = journal_reader.check_deletions(journal)
    assert [entry["file"] for entry in deletions] == [f"decisions-{number:010}.segment" for number in (1, 2, 3)]
    assert (deletions[0]["endpoint"], deletions[0]["records"], deletions[0]["bytes"]) == ("scaled", 20, len(again))
    lines = journal.read_bytes()

    # A crash cut the last line off, and its segment is still there.
    journal.write_bytes(lines[:-5])
    put(tmp_path, "decisions-0000000003.segment", again)
    server.start()
    eventually(lambda: not (folder_of(tmp_path) / "decisions-0000000003.segment").exists())
    assert [entry["file"] for entry in journal_reader.check_deletions(journal)] == [
        f"decisions-{number:010}.segment" for number in (1, 2, 3)]

    for changed in (lines.replace(b'"records":20', b'"records":19', 1), lines.split(b"\n", 1)[1]):
        journal.write_bytes(changed)
        with pytest.raises(ValueError):
            journal_reader.check_deletions(journal)


def test_the_reader_refuses_what_the_document_forbids(tmp_path):
    decisions = made_up(20, DAY_US)
    whole = segment_file([decisions], [block_of(decisions)])
    unordered = decisions[::-1]
    path = tmp_path / SEGMENT
    path.write_bytes(whole)
    assert journal_reader.read_segment(path) == decisions

    for damaged in (b"X" + whole[1:], whole[:8] + b"\2" + whole[9:], whole[:-1], whole[:-40] + b"\0" + whole[-39:],
                    whole[:-90] + b"\0" + whole[-90:], whole[:-60] + b"\xff" + whole[-59:],
                    segment_file([unordered], [block_of(unordered)]),
                    segment_file([decisions], [block_of(decisions, more=[(11, b"")])])):
        path.write_bytes(damaged)
        with pytest.raises(ValueError):
            journal_reader.read_segment(path)
