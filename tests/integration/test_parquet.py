"""Parquet by the plug-in: what it writes is what pyarrow and DuckDB read, and what they write is what it reads."""

import csv
import json
import os
import pathlib
import random
import subprocess

import pytest

import models
import parquet_peer
from conftest import BINARY
from test_capture import ONES, SIGNATURE, infer, publish

PLUGIN = pathlib.Path(BINARY).parents[1] / "lib/libmodelyard_parquet.so"
pytestmark = [
    pytest.mark.skipif(not PLUGIN.exists(), reason="the plug-in is not built: make parquet"),
    pytest.mark.skipif(not parquet_peer.PYTHON.exists(), reason=f"the peers are not there: {parquet_peer.REMEDY}"),
    pytest.mark.skipif("tsan" in BINARY, reason="Arrow's library is built without it"),
]
RECORD_TYPES = {
    "prediction_id": "string", "time": "timestamp[us, tz=UTC]", "endpoint": "string", "model": "string",
    "version": "int32", "plan_revision": "int64", "arm": "string", "principal": "string", "protocol": "string",
    "status": "string", "latency_us": "int64", "rows": "int64",
}
DUCKDB_TYPES = {"string": "VARCHAR", "timestamp[us, tz=UTC]": "TIMESTAMP WITH TIME ZONE", "int32": "INTEGER",
                "int64": "BIGINT"}


def export(server, *arguments, endpoint="scaled", **options):
    return server.cli("journal", "export", endpoint, *arguments, **options)


def lines(server, *arguments, **options):
    return [json.loads(line) for line in export(server, *arguments, **options).stdout.splitlines()]


def in_parquet(server, path, *arguments, **options):
    export(server, "--format", "parquet", "--output", path, *arguments, **options)
    return parquet_peer.read(path)


def offline(*arguments, **environment):
    """A command that has no server to ask."""
    return subprocess.run([BINARY, *map(str, arguments), "--server", "http://127.0.0.1:1"], capture_output=True,
                          text=True, timeout=120, env={**os.environ, "NO_COLOR": "1", **environment})


def test_records_are_those_of_the_lines(server, tmp_path):
    publish(server, tmp_path)
    ids = [infer(server, headers={"Modelyard-Unit": f"unit-{i}"}) for i in range(1100)]  # more than a page
    server.post("/v2/models/scaled/infer", json={"inputs": []})
    server.cli("journal", "stats")

    read = in_parquet(server, tmp_path / "records.parquet")

    said = lines(server)
    assert [row["prediction_id"] for row in read["rows"]][1:] == ids[::-1] and len(said) == 1101
    assert read["rows"] == said and read["duckdb_rows"] == said
    assert read["types"] == RECORD_TYPES
    assert read["duckdb_types"] == {name: DUCKDB_TYPES[kind] for name, kind in RECORD_TYPES.items()}
    assert (read["groups"], read["compression"]) == ([1101], "ZSTD")


def test_filters_are_those_of_the_other_forms_and_no_record_is_a_file_too(server, tmp_path):
    publish(server, tmp_path)
    infer(server)
    server.post("/v2/models/scaled/infer", json={"inputs": []})

    failed = in_parquet(server, tmp_path / "failed.parquet", "--status", "failed")
    none = in_parquet(server, tmp_path / "none.parquet", "--by", "nobody")

    assert [row["status"] for row in failed["rows"]] == ["invalid_argument"]
    assert none["rows"] == [] and none["types"] == RECORD_TYPES


def test_standard_output_takes_a_file_too(server, tmp_path):
    publish(server, tmp_path)
    infer(server)
    piped = tmp_path / "piped.parquet"
    with open(piped, "wb") as file:
        subprocess.run([BINARY, "journal", "export", "--format", "parquet", "--server", server.url], check=True,
                       stdout=file, timeout=60)

    assert parquet_peer.read(piped)["rows"] == lines(server)


def test_a_file_has_its_name_only_when_it_is_whole(server, tmp_path):
    publish(server, tmp_path)
    infer(server)
    output = tmp_path / "records.parquet"
    (tmp_path / "records.parquet.part").write_text("what an export that was killed has left, longer than all of it" * 99)

    refused = export(server, "--format", "parquet", "--output", output, "--status", "bogus", check=False)
    assert refused.returncode == 1 and not list(tmp_path.glob("records*"))
    assert len(in_parquet(server, output)["rows"]) == 1
    again = export(server, "--format", "parquet", "--output", output, check=False)
    assert again.returncode == 4 and "exists" in again.stderr
    assert [path.name for path in tmp_path.glob("records*")] == ["records.parquet"]
    piped = subprocess.run([BINARY, "journal", "export", "--format", "parquet", "--status", "bogus", "--server",
                            server.url], capture_output=True, timeout=60)
    assert piped.returncode == 1 and piped.stdout in (b"", b"PAR1")  # its end would make a file of it


@pytest.mark.parametrize("flag", [["--resume"], ["--progress", "far"]])
def test_an_export_that_was_interrupted_is_not_gone_on_with(tmp_path, flag):
    done = offline("journal", "export", "--format", "parquet", "--output", tmp_path / "x.parquet", *flag)

    assert done.returncode == 1 and "begin anew" in done.stderr and "jsonl can go on" in done.stderr


@pytest.mark.parametrize("place, why", [("/nowhere.so", "not there"), (BINARY, ""), (str(PLUGIN.parent), "")])
def test_without_the_plug_in_it_is_said_what_is_missing_and_what_to_do(tmp_path, place, why):
    rows = parquet_peer.write(tmp_path / "rows.parquet", ("x", "int64", [1]))
    for arguments in (["journal", "export", "--format", "parquet", "--output", tmp_path / "out.parquet"],
                      ["reference", "m/1", rows], ["label", rows]):
        done = offline(*arguments, MODELYARD_PARQUET_LIB=place)
        assert done.returncode == 4 and f"{place} ({why}" in done.stderr and "make parquet" in done.stderr, done.stderr
        assert "MODELYARD_PARQUET_LIB" in done.stderr and "libmodelyard_parquet.so" in done.stderr
    assert not (tmp_path / "out.parquet").exists()


def tensors_of(record):
    """What the columns of a record's tensors should hold, by the line of the same record."""
    payload = record["payload"]
    found = {}
    for side in ("input", "output"):
        for field in payload[side + "s"] if payload else []:
            found[f"{side}.{field['name']}"] = field.get("data")
            found[f"{side}_shape.{field['name']}"] = field["shape"]
            found[f"{side}_treatment.{field['name']}"] = field["treatment"]
    return found


def columns_of(row, *sides):
    return {name: value for name, value in row.items() if name.split(".")[0] in sides and value is not None}


def test_payloads_are_columns_of_lists(server, tmp_path):
    publish(server, tmp_path, "capture.share=1", 'capture.mask=["age"]', 'capture.hash=["debt"]')
    infer(server, headers={"X-Request-Id": "order-7", "Modelyard-Unit": "shop"})
    server.cli("record", "scaled", "capture.share=0")
    infer(server)
    server.cli("record", "scaled", "capture.share=1", "capture.mask=[]", "capture.hash=[]")
    infer(server)

    read = in_parquet(server, tmp_path / "payloads.parquet", "--payload")

    said = lines(server, "--payload")
    assert [row["captured"] for row in read["rows"]] == [True, False, True]
    for rows in (read["rows"], read["duckdb_rows"]):
        assert len(rows) == len(said) == 3
        for row, record in zip(rows, said):
            wanted = tensors_of(record)
            for name, value in wanted.items():
                assert row.get(name, "kept") == value, name  # a treatment that is always "kept" has no column
            held = columns_of(row, "input", "output", "input_shape", "output_shape", "input_treatment")
            assert held.keys() <= wanted.keys()
            for key in ("request_id", "trace_id", "unit", "engine", "cpu", "route_reason", "batch_rows", "row_offset",
                        "prepared_ns", "queued_ns", "computed_ns"):
                assert row[key] == (record["payload"] or {}).get(key), key
            assert {key: row[key] for key in RECORD_TYPES} == {key: record[key] for key in RECORD_TYPES}
    assert read["rows"][2]["request_id"] == "order-7" and read["rows"][2]["unit"] == "shop"
    types = read["types"]
    assert types["input.x"] == types["output.y"] == types["input.x.income"] == "list<element: float>"
    assert types["input_shape.x"] == "list<element: int64>" and types["input.x.debt"] == "list<element: string>"
    assert "input_treatment.x.age" in types and "input_treatment.x" not in types
    assert [row["input.x.age"] for row in read["rows"]] == [None, None, None]
    assert read["rows"][2]["input_treatment.x.age"] == "masked" and read["rows"][2]["input_shape.x.age"] == [2]


ARROW_TYPES = {"BOOL": "bool", "UINT8": "uint8", "UINT16": "uint16", "UINT32": "uint32", "UINT64": "uint64",
               "INT8": "int8", "INT16": "int16", "INT32": "int32", "INT64": "int64", "FP32": "float", "FP64": "double",
               "BYTES": "string"}
VALUES = {"BOOL": [True, False, True, True], "UINT8": [0, 255, 1, 2], "UINT16": [0, 65535, 1, 2],
          "UINT32": [0, 2 ** 32 - 1, 1, 2], "UINT64": [0, 2 ** 64 - 1, 2 ** 53 + 1, 2], "INT8": [-128, 127, 0, -1],
          "INT16": [-2 ** 15, 2 ** 15 - 1, 0, -1], "INT32": [-2 ** 31, 2 ** 31 - 1, 0, -1],
          "INT64": [-2 ** 63, 2 ** 63 - 1, 2 ** 53 + 1, -1], "FP32": [0.5, -2.25, 2.0 ** 100, 3], "FP64": [0.1, -2.5, 1e300, 3],
          "BYTES": ["a", "é", "", "z\n\"\0"]}


def test_every_datatype_has_its_own_type_and_its_values(server, tmp_path):
    for datatype in models.TENSOR_TYPES.keys() & VALUES.keys():
        name = datatype.lower()
        server.cli("push", name, models.identity(tmp_path / f"{name}.onnx", datatype), "--wait")
        server.cli("record", name, "capture.share=1")
        body = {"inputs": [{"name": "x", "datatype": datatype, "shape": [1, 4], "data": VALUES[datatype]}]}
        assert server.post(f"/v2/models/{name}/infer", json=body).status_code == 200

        read = in_parquet(server, tmp_path / f"{name}.parquet", "--payload", endpoint=name)

        row, = read["rows"]
        assert read["types"]["input.x"] == f"list<element: {ARROW_TYPES[datatype]}>"
        assert row["input.x"] == row["output.y"] == VALUES[datatype] and row["input_shape.x"] == [1, 4]
        assert read["duckdb_rows"][0]["input.x"] == VALUES[datatype]


def test_what_json_cannot_hold_has_its_values_here(server, tmp_path):
    """NaN and bytes that are no text, which the lines have in base64."""
    publish(server, tmp_path, "capture.share=1")
    header = json.dumps({"inputs": [{"name": "x", "datatype": "FP32", "shape": [1, 3],
                                     "parameters": {"binary_data_size": 12}}]}).encode()
    body = header + bytes.fromhex("0000c07f" "0000807f" "0000803f")
    server.post("/v2/models/scaled/infer", data=body,
                headers={"Inference-Header-Content-Length": str(len(header))}).raise_for_status()
    server.cli("push", "raw", models.identity(tmp_path / "raw.onnx", "BYTES", ("rows", 1)), "--wait")
    server.cli("record", "raw", "capture.share=1")
    header = json.dumps({"inputs": [{"name": "x", "datatype": "BYTES", "shape": [1, 1],
                                     "parameters": {"binary_data_size": 6}}],
                         "parameters": {"binary_data_output": True}}).encode()
    answer = server.post("/v2/models/raw/infer", data=header + b"\x02\0\0\0\xff\xfe",
                headers={"Inference-Header-Content-Length": str(len(header))})
    assert answer.status_code == 200, answer.text

    numbers = in_parquet(server, tmp_path / "numbers.parquet", "--payload")
    texts = in_parquet(server, tmp_path / "texts.parquet", "--payload", endpoint="raw")

    nan, infinity, one = numbers["rows"][0]["input.x"]
    assert nan != nan and infinity == float("inf") and one == 1
    assert texts["types"]["input.x"] == "list<element: binary>"
    assert texts["rows"][0]["input.x"] == [{"hex": "fffe"}]


def test_a_tensor_that_changed_its_datatype_has_a_column_for_each(server, tmp_path):
    for datatype, data in (("FP32", [1, 2, 3, 4]), ("INT64", [5, 6, 7, 8])):
        server.cli("push", "m", models.identity(tmp_path / f"{datatype}.onnx", datatype), "--deploy", "--wait")
        server.cli("record", "m", "capture.share=1")
        body = {"inputs": [{"name": "x", "datatype": datatype, "shape": [1, 4], "data": data}]}
        server.post("/v2/models/m/infer", json=body).raise_for_status()

    rows = in_parquet(server, tmp_path / "m.parquet", "--payload", endpoint="m")["rows"]

    assert [(row["version"], row["input.x:FP32"], row["input.x:INT64"]) for row in rows] == [
        (2, None, [5, 6, 7, 8]), (1, [1, 2, 3, 4], None)]


TABLE_SIGNATURE = {
    "inputs": [{"name": "x", "datatype": "FP32", "shape": [-1, 3], "features": ["age", "income", "debt"]}],
    "outputs": [{"name": "y", "datatype": "FP32", "shape": [-1, 3]}], "batched": True}


def published(server, tmp_path, name, reference):
    signature = tmp_path / "signature.json"
    signature.write_text(json.dumps(SIGNATURE))
    server.cli("push", name, models.scale(tmp_path / "m.onnx", 2, 3), "--signature", signature, "--reference",
               reference, "--wait")
    return server.get(f"/api/v1/models/{name}/versions/1/reference").json()


def profile_of(summary):
    return {key: value for key, value in summary.items() if key in ("features", "rows", "profiled_rows")}


def test_a_reference_says_the_same_as_that_of_the_same_rows_in_csv(server, tmp_path):
    generator = random.Random(5)
    count = 3000
    # As long as a float's text is that of a double: CSV has no other way to say 32 bits.
    ages = [None if generator.random() < 0.1 else generator.randrange(18, 99) for _ in range(count)]
    incomes = [generator.choice([generator.gauss(3000, 900), float("nan"), 1e-7, 2.5e300]) for _ in range(count)]
    debts = [generator.choice([True, False, None]) for _ in range(count)]
    names = [generator.choice(["a,b", 'say "no"', "two\nlines", "", None, "é"]) for _ in range(count)]
    parquet = parquet_peer.write(
        tmp_path / "train.parquet", ("id", "uint64", [2 ** 63 + i for i in range(count)]), ("age", "int8", ages),
        ("income", "float64", incomes), ("debt", "bool", debts), ("y[0]", "float32", [0.5] * count),
        ("name", "string", names), ("kind", "dictionary", [name or "none" for name in names]),
        ("nothing", "null", [None] * count), ("when", "timestamp[ns,UTC]", [i * 1000 for i in range(count)]),
        row_group_size=700)
    with open(tmp_path / "train.csv", "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["age", "income", "debt", "y[0]", "name"])
        writer.writerows([("" if value is None else value for value in row)
                          for row in zip(ages, incomes, debts, [0.5] * count, names)])

    ours = published(server, tmp_path, "ours", parquet)
    theirs = published(server, tmp_path, "theirs", tmp_path / "train.csv")

    assert ours["rows"] == count and set(ours["features"]) == {"age", "income", "debt", "y[0]"}
    assert profile_of(ours) == profile_of(theirs)
    again = server.cli("reference", "theirs/1", parquet, json_output=True)
    assert profile_of(again) == profile_of(theirs)


def test_texts_and_booleans_of_a_reference_are_categories(server, tmp_path):
    signature = {"inputs": [{"name": "x", "datatype": "BYTES", "shape": [-1, 1], "features": ["country"]}],
                 "outputs": [{"name": "y", "datatype": "BYTES", "shape": [-1, 1]}], "batched": True}
    (tmp_path / "signature.json").write_text(json.dumps(signature))
    texts = ["de", "fr", "de", None, 'a "b"\n,', "longer than twelve"]
    model = models.identity(tmp_path / "texts.onnx", "BYTES", ("rows", 1))
    for kind in ("string", "large_string", "dictionary", "string_view"):
        path = parquet_peer.write(tmp_path / f"{kind}.parquet", ("country", kind, texts))
        server.cli("push", kind, model, "--signature", tmp_path / "signature.json", "--reference", path, "--wait")
        feature = server.get(f"/api/v1/models/{kind}/versions/1/reference").json()["features"]["country"]
        assert {one["text"]: one["count"] for one in feature["categories"]} == {
            "de": 2, "fr": 1, 'a "b"\n,': 1, "longer than twelve": 1}, kind
        assert (feature["rows"], feature["missing"]) == (6, 1)


@pytest.mark.parametrize("kind, values, named", [
    (["int64"], [[1]], "list<element: int64>"), ("decimal", ["1.50"], "decimal128(10, 2)"), ("date32", [0], "date32[day]"),
    ("binary", ["x"], "binary"), ("timestamp[us]", [0], "timestamp[us]"), ("time64[us]", [0], "time64[us]"),
])
def test_columns_of_other_types_are_refused_by_name_and_type(tmp_path, kind, values, named):
    rows = parquet_peer.write(tmp_path / "rows.parquet", ("age", "int64", [1]), ("odd one", kind, values))

    done = offline("reference", "m/1", rows)

    assert done.returncode == 1 and f"column 'odd one' is {named};" in done.stderr, done.stderr


def test_limits_of_rows_and_columns_are_kept(tmp_path):
    wide = parquet_peer.write(tmp_path / "wide.parquet", *((f"c{i}", "int8", [1]) for i in range(1001)))
    long = parquet_peer.write(tmp_path / "long.parquet", ("x", "nulls", 100_000_001))

    assert "1001 columns, at most 1000" in offline("reference", "m/1", wide).stderr
    assert long.stat().st_size < 1 << 20
    done = offline("reference", "m/1", long)
    assert done.returncode == 1 and "100000001 rows, at most 100000000" in done.stderr


@pytest.mark.parametrize("kind_is_kept, why", [(True, "row 1: longer than"), (False, "")])
def test_a_small_file_that_holds_a_lot_is_refused(tmp_path, kind_is_kept, why):
    """Five gigabytes of text in a hundred kilobytes; as texts by dictionary, or as texts."""
    bomb = parquet_peer.write(tmp_path / "bomb.parquet", ("x", "one text", [5_000_000, 1000]), store_schema=kind_is_kept,
                              compression="zstd")
    assert bomb.stat().st_size < 100_000

    done = subprocess.run(["prlimit", f"--as={4 << 30}", BINARY, "reference", "m/1", bomb] if "asan" not in BINARY else
                          [BINARY, "reference", "m/1", bomb], capture_output=True, text=True, timeout=120)

    assert done.returncode == 1 and "bomb.parquet" in done.stderr and why in done.stderr, done


def test_files_that_are_damaged_or_cut_are_refused_and_nothing_crashes(tmp_path):
    good = parquet_peer.write(
        tmp_path / "good.parquet", ("a", "int64", [*range(40), None]), ("b", "dictionary", ["x", "y", "z", "w"] * 10 + [""]),
        ("c", "float32", [0.5] * 41), ("d", "string", [str(i) for i in range(41)]), row_group_size=20).read_bytes()
    generator = random.Random(1)
    outcomes = {}
    for number in range(160):
        data = bytearray(good)
        if number < 60:
            data = data[:4 + number * (len(good) - 4) // 60]
        else:
            for _ in range(generator.randrange(1, 8)):
                data[generator.randrange(4, len(data))] = generator.randrange(256)
        (tmp_path / "bad.parquet").write_bytes(data)
        done = offline("reference", "m/1", tmp_path / "bad.parquet")
        # 5: it could be read all the same, and there is no server to take it.
        assert done.returncode in (1, 5), (number, done)
        if done.returncode == 1:
            assert done.stderr.count("\n") == 1, done.stderr
            assert "bad.parquet' cannot be read as Parquet: " in done.stderr or "column" in done.stderr, done.stderr
        outcomes[done.returncode] = outcomes.get(done.returncode, 0) + 1
        assert number >= 60 or done.returncode == 1, "a file that was cut was read"
    assert outcomes[1] > 100


def test_labels_come_from_parquet_as_they_do_from_csv(server, tmp_path):
    publish(server, tmp_path)
    ids = [infer(server, {"inputs": [{**ONES["inputs"][0], "shape": [1, 3], "data": [1, 2, 3]}]}) for _ in range(3)]
    labels = parquet_peer.write(
        tmp_path / "labels.parquet", ("request", "string", ids), ("paid", "int64", [1, 0, 1]),
        ("event_time", "timestamp[ms,UTC]", [1_700_000_000_000 + i for i in range(3)]))
    (tmp_path / "labels.csv").write_text("prediction_id,value,event_time\n" + "".join(
        f"{one},{value},2023-11-14T22:13:20.{i:03}Z\n" for i, (one, value) in enumerate(zip(ids, (1, 0, 1)))))

    first = server.cli("label", labels, "--columns", "prediction_id=request,value=paid", json_output=True)
    second = server.cli("label", tmp_path / "labels.csv", json_output=True)

    assert (first["received"], first["stored"]) == (3, 3)
    assert (second["received"], second["repeated"]) == (3, 3)
