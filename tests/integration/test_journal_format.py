"""docs/formats/journal.md suffices: a reader and a writer made from it alone agree with the server both ways."""

import base64
import datetime
import hmac
import random
import struct
import threading
import time
import uuid

import ml_dtypes
import numpy as np
import pytest
import tritonclient.grpc as triton_grpc
import zstandard

import journal_reader
import models
from journal_reader import Decision, Field, OUTCOMES
from test_capture import infer, many_at_once, payload, publish

DAY_US = 86_400_000_000
EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
OPEN, SEGMENT = "decisions-0000000001.open", "decisions-0000000001.segment"
PAYLOADS_OPEN, PAYLOADS_SEGMENT = "payloads-0000000001.open", "payloads-0000000001.segment"


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


def open_file(blocks, magic=b"MYDECIDE"):
    return struct.pack("<8sII", magic, 1, 0) + b"".join(blocks)


def segment_file(parts, blocks, magic=b"MYDECIDE"):
    content, index = open_file(blocks, magic), b""
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


# Payloads.

def field_shown(name, field):
    """A field as the server should show it."""
    hashed = field.treatment == "hashed"
    shown = {"name": name, "datatype": "BYTES" if hashed else field.datatype, "shape": [*field.shape],
             "treatment": field.treatment}
    if field.values is None:
        return shown
    if isinstance(field.values, list):
        return {**shown, "data": [text.decode() for text in field.values]}
    if field.datatype in ("FP16", "BF16"):
        return {**shown, "data_base64": base64.b64encode(field.values.tobytes()).decode()}
    as_json = (lambda value: float(str(value))) if field.datatype == "FP32" else lambda value: value.item()
    return {**shown, "data": [as_json(value) for value in field.values.ravel()]}


def payload_shown(one):
    sides = {side: [field_shown(name, field) for (of, name), field in one.fields.items() if of == side]
             for side in journal_reader.SIDES}
    when = EPOCH + datetime.timedelta(microseconds=one.time)
    return {"prediction_id": str(one.id), "time": when.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            "request_id": one.request_id or None, "trace_id": one.trace or None, "unit": one.unit or None,
            "route_reason": one.route, "batch_rows": one.batch_rows, "row_offset": one.row_offset,
            "prepared_ns": one.checks_ns, "queued_ns": one.queue_ns, "computed_ns": one.run_ns,
            "engine": one.engine, "cpu": one.processor, "inputs": sides["input"], "outputs": sides["output"]}


def payloads_read(server, endpoint, predictions):
    """By prediction, once the server shows the same of each."""
    shown = {prediction: payload(server, prediction).json() for prediction in predictions}
    file = server.folder / "data/journal/endpoints" / endpoint / PAYLOADS_OPEN
    read = {str(one.id): one for one in journal_reader.read_payloads(file)}
    assert read.keys() == shown.keys()
    for prediction, document in shown.items():
        assert {**document, **payload_shown(read[prediction])} == document
    return read


def hashed_texts(server, name, elements):
    key = (server.folder / "data/journal/hash.key").read_bytes()
    assert len(key) == 32
    return [hmac.new(key, name.encode() + b"\0" + element, "sha256").hexdigest()[:32].encode() for element in elements]


def sent_of(datatype):
    """Values of a datatype, and the bytes of each."""
    if datatype == "BYTES":
        texts = ["a", "", "größe", "0" * 300, "x\0y", "b", "a", "c"]
        values = np.array([text.encode() for text in texts], np.object_).reshape(2, 4)
        return values, [*values.ravel()]
    kind = ml_dtypes.bfloat16 if datatype == "BF16" else journal_reader.DATATYPES[datatype]
    values = np.array([[0, 1, 2, 3], [1, 0, 100, 5]]).astype(kind)
    return values, [element.tobytes() for element in values.ravel()]


@pytest.mark.parametrize("rows", [2, 400])  # as they are, and packed
@pytest.mark.parametrize("datatype", models.TENSOR_TYPES)
def test_values_of_every_datatype_are_read_as_they_were_sent_and_their_hashes_are_found_again(
        shared_server, tmp_path, datatype, rows):
    name = f"{datatype}-{rows}"
    shared_server.cli("push", name, models.identity(tmp_path / "same.onnx", datatype), "--wait")
    shared_server.cli("record", name, 'capture={"share":1,"hash":["y"]}')
    values, elements = sent_of(datatype)
    values, elements = np.tile(values, (rows // 2, 1)), elements * (rows // 2)
    x = triton_grpc.InferInput("x", [rows, 4], datatype)
    x.set_data_from_numpy(values)
    with triton_grpc.InferenceServerClient(shared_server.address) as client:
        client.infer(name, [x])
    found = shared_server.get("/api/v1/predictions", params={"endpoint": name}).json()["items"]

    read, = payloads_read(shared_server, name, [one["prediction_id"] for one in found]).values()

    kept, hashed = read.fields["input", "x"], read.fields["output", "y"]
    assert (kept.datatype, kept.treatment, kept.shape) == (datatype, "kept", (rows, 4))
    assert kept.values == elements if datatype == "BYTES" else np.array_equal(kept.values, values)
    assert (hashed.datatype, hashed.treatment, hashed.shape) == (datatype, "hashed", (rows, 4))
    assert hashed.values == hashed_texts(shared_server, "y", elements)


def test_what_was_said_of_a_request_and_how_it_was_routed_are_read(server, tmp_path):
    publish(server, tmp_path, "capture.share=1")
    trace = "0af7651916cd43dd8448eb211c80319c"
    headers = {"X-Request-Id": "order-7", "Modelyard-Unit": "größe".encode(),
               "traceparent": f"00-{trace}-b7ad6b7169203331-01"}
    routes = {infer(server, path=path, headers=headers): route
              for path, route in {"scaled": "plan", "scaled/versions/1": "version"}.items()}
    silent = infer(server)

    read = payloads_read(server, "scaled", [*routes, silent])

    assert {prediction: read[prediction].route for prediction in routes} == routes
    said = {(read[one].request_id, read[one].unit, read[one].trace) for one in routes}
    assert said == {("order-7", "größe", trace)}
    assert (read[silent].unit, read[silent].trace) == ("", "") and read[silent].request_id
    assert {(one.batch_rows, one.row_offset) for one in read.values()} == {(2, 0)}
    assert all(one.run_ns > 0 and one.engine.startswith("ONNX Runtime ") for one in read.values())


def test_a_prediction_by_an_alias_is_read_as_come_to_its_version_by_it(server, tmp_path):
    publish(server, tmp_path, "capture.share=1")
    server.cli("alias", "set", "scaled", "stable", 1)
    answer = server.post("/v1/models/scaled/labels/stable:predict", json={"instances": [[1, 2, 3]]})
    assert answer.status_code == 200, answer.text

    read, = payloads_read(server, "scaled", [answer.headers["Modelyard-Prediction-Id"]]).values()

    assert read.route == "alias"


def test_fields_of_several_shapes_are_read_as_they_were_kept_masked_hashed_left_out_or_absent(server, tmp_path):
    publish(server, tmp_path, "capture.share=1", "capture.errors=true", 'capture.fields=["income","y"]',
            'capture.mask=["age"]', 'capture.hash=["debt"]')
    draw, asked = np.random.default_rng(1), {}
    for rows in (1, 3, 2, 7):
        values = draw.standard_normal((rows, 3)).astype(np.float32)
        asked[infer(server, {"inputs": [{"name": "x", "datatype": "FP32", "shape": [rows, 3],
                                         "data": values.ravel().tolist()}]})] = values
    wrong = {"inputs": [{"name": "x", "datatype": "FP32", "shape": [1, 2], "data": [1, 2]}]}
    assert infer(server, wrong) is None
    server.cli("record", "scaled", 'capture={"share":1,"max_field_bytes":20}')
    large = infer(server)
    found = server.get("/api/v1/predictions", params={"endpoint": "scaled"}).json()["items"]
    failed, = (one["prediction_id"] for one in found if one["status"] != "ok")

    read = payloads_read(server, "scaled", [*asked, failed, large])

    for prediction, values in asked.items():
        fields, rows = read[prediction].fields, (len(values),)
        assert np.array_equal(fields["output", "y"].values, 2 * values)
        assert np.array_equal(fields["input", "x.income"].values, values[:, 1])
        assert fields["input", "x.age"] == Field("FP32", "masked", rows, None)
        debts = hashed_texts(server, "x.debt", [value.tobytes() for value in values[:, 2]])
        assert fields["input", "x.debt"] == Field("FP32", "hashed", rows, debts)
        assert len(fields) == 4
    assert (read[failed].fields, read[failed].batch_rows) == ({}, 0)
    too_large = Field("FP32", "too_large", (2, 3), None)
    assert read[large].fields == {("input", "x"): too_large, ("output", "y"): too_large}


def test_a_name_that_was_sent_in_several_datatypes_is_read_in_each_as_sent(server, tmp_path):
    publish(server, tmp_path, "capture.share=1", "capture.errors=true")
    datatypes = ["FP32", "INT64", "FP64"]  # the model takes only the first
    for datatype in datatypes:
        infer(server, {"inputs": [{"name": "x", "datatype": datatype, "shape": [1, 3], "data": [1, 2, 3]}]})
    found = server.get("/api/v1/predictions", params={"endpoint": "scaled"}).json()["items"]

    read = payloads_read(server, "scaled", [one["prediction_id"] for one in found]).values()

    assert [one.fields["input", "x"].datatype for one in sorted(read, key=lambda one: one.time)] == datatypes
    assert all(np.array_equal(one.fields["input", "x"].values, [[1, 2, 3]]) for one in read)


def test_predictions_that_shared_a_run_are_read_with_their_places_in_it(server, tmp_path):
    server.cli("push", "wide", models.wide(tmp_path / "wide.onnx", 256), "--wait")
    server.cli("record", "wide", "capture.share=1")
    for _ in range(20):  # whether they come together is up to the machine
        predictions = many_at_once(server, "wide", 2, 256, 60)
        read = payloads_read(server, "wide", predictions).values()
        if any(one.row_offset > 0 for one in read):
            break

    assert any(one.row_offset > 0 for one in read)
    assert all(one.row_offset + 2 <= one.batch_rows for one in read)


def test_payloads_that_were_cut_off_are_read_to_the_last_whole_block(server, tmp_path):
    publish(server, tmp_path, "capture.share=1")
    ids = []
    for _ in range(3):
        ids.append(infer(server))
        assert payload(server, ids[-1]).status_code == 200  # what is asked for is written, as a block
    assert server.stop() == 0
    file = folder_of(tmp_path) / PAYLOADS_OPEN
    content = file.read_bytes()
    blocks = [len(block) for block in journal_reader.blocks_of(file, b"MYPAYLOD")]
    assert sum(blocks) + 16 == len(content) and len(blocks) == 3
    file.write_bytes(content[:-1])
    server.start()

    assert [str(one.id) for one in journal_reader.read_payloads(file)] == ids[:2]
    assert [payload(server, one).status_code for one in ids] == [200, 200, 404]


def test_the_server_reads_payloads_that_were_sealed_as_the_document_says(server, tmp_path):
    publish(server, tmp_path, "capture.share=1")
    ids = [infer(server) for _ in range(5)]
    shown = [payload(server, one).json() for one in ids]
    assert server.stop() == 0
    file = folder_of(tmp_path) / PAYLOADS_OPEN
    blocks = [*journal_reader.blocks_of(file, b"MYPAYLOD")]
    parts = [journal_reader.payloads_of(block) for block in blocks]
    put(tmp_path, PAYLOADS_SEGMENT, segment_file(parts, blocks, b"MYPAYLOD"))
    file.unlink()
    server.start()

    assert [payload(server, one).json() for one in ids] == shown
    assert [str(one.id) for one in journal_reader.read_payloads(folder_of(tmp_path) / PAYLOADS_SEGMENT)] == ids
