"""Parquet files by others than us, pyarrow and DuckDB, which have an environment of their own.

As a script: `read FILE` prints what both see; `write FILE` makes one of the columns that come as JSON.
"""

import datetime
import json
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
PYTHON = ROOT / "build/venv/parquet/bin/python"
REMEDY = "tools/python_env.sh parquet"


def ask(command, path, given=None):
    done = subprocess.run([PYTHON, __file__, command, path], capture_output=True, text=True, timeout=120,
                          input=json.dumps(given))
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout or "null")


def read(path):
    return ask("read", path)


def write(path, *columns, **options):
    """A column is (name, type, values); a type is what pyarrow calls it, `dictionary`, or a list of one."""
    ask("write", path, {"columns": columns, "options": options})
    return path


def plain(value):
    if isinstance(value, datetime.datetime):
        return value.astimezone(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    if isinstance(value, bytes):
        return {"hex": value.hex()}
    if isinstance(value, list):
        return [plain(one) for one in value]
    return value


def print_what_is_read(path):
    import duckdb
    import pyarrow.parquet

    file = pyarrow.parquet.ParquetFile(path)
    table = file.read()
    base = duckdb.connect()
    base.execute("set timezone = 'UTC'")
    relation = base.sql(f"select * from read_parquet('{path}')")
    names = relation.columns
    column = file.metadata.row_group(0).column(0) if file.metadata.num_row_groups else None
    print(json.dumps({
        "types": {field.name: str(field.type) for field in table.schema},
        "rows": [{name: plain(value) for name, value in row.items()} for row in table.to_pylist()],
        "groups": [file.metadata.row_group(i).num_rows for i in range(file.metadata.num_row_groups)],
        "compression": column and column.compression,
        "duckdb_types": dict(zip(names, map(str, relation.types))),
        "duckdb_rows": [{name: plain(value) for name, value in zip(names, row)} for row in relation.fetchall()],
    }))


def write_what_is_said(path):
    import decimal

    import pyarrow
    import pyarrow.parquet

    def type_of(said):
        if isinstance(said, list):
            return pyarrow.list_(type_of(said[0]))
        if said.startswith("decimal"):
            return pyarrow.decimal128(10, 2)
        if said.startswith("timestamp"):
            unit, _, zone = said[len("timestamp["):-1].partition(",")
            return pyarrow.timestamp(unit, zone or None)
        return pyarrow.type_for_alias(said)

    def array_of(said, values):
        if said == "dictionary":
            return pyarrow.array(values).dictionary_encode()
        if said == "decimal":
            values = [decimal.Decimal(value) for value in values]
        if said == "binary":
            values = [value.encode() for value in values]
        if said == "one text":  # of so many bytes, in so many rows
            size, rows = values
            return pyarrow.DictionaryArray.from_arrays([0] * rows, ["x" * size])
        if said == "nulls":  # as many as the number says, which nobody writes down
            return pyarrow.nulls(values, pyarrow.int8())
        return pyarrow.array(values, type_of(said))

    given = json.load(sys.stdin)
    names = [name for name, _, _ in given["columns"]]
    table = pyarrow.Table.from_arrays([array_of(said, values) for _, said, values in given["columns"]], names=names)
    pyarrow.parquet.write_table(table, path, **given["options"])


if __name__ == "__main__":
    {"read": print_what_is_read, "write": write_what_is_said}[sys.argv[1]](sys.argv[2])
