import pytest

LAYERS = """
base:
inference:     base
backend/api:   base inference
backend/onnx:  base backend/api   @only app
edge/http:     base
edge/codec:    base inference
app:           all
"""


@pytest.fixture
def house(tree):
    tree.write("LAYERS", LAYERS)
    for room in ("base", "inference", "backend/api", "backend/onnx", "edge/http", "edge/codec", "app"):
        tree.write(f"{room}/thing.h", "#pragma once\n")
    return tree


def include(path):
    return f'#include "{path}"\n'


def test_a_tree_that_points_down_is_accepted(house):
    house.write("inference/shape.cc", include("inference/thing.h") + include("base/thing.h"))
    house.write("app/main.cc", include("backend/onnx/thing.h") + include("edge/http/thing.h"))

    assert house.run("check_layers.py").returncode == 0


@pytest.mark.parametrize("source, target", [
    ("base/low.cc", "inference/thing.h"),
    ("edge/codec/decode.cc", "edge/http/thing.h"),
    ("edge/http/server.cc", "inference/thing.h"),
    ("edge/http/server.cc", "backend/onnx/thing.h"),
    ("backend/api/backend.h", "backend/onnx/thing.h"),
    ("inference/shape.h", "app/thing.h"),
])
def test_an_include_that_is_not_allowed_is_named_with_file_and_line(house, source, target):
    house.write(source, "\n" + include(target))

    answer = house.run("check_layers.py")

    assert answer.returncode == 1
    assert f"{source}:2:" in answer.stdout


def test_a_room_without_a_row_is_refused(house):
    house.write("garage/car.cc", "")

    answer = house.run("check_layers.py")

    assert answer.returncode == 1
    assert "missing from LAYERS" in answer.stdout


def test_a_row_without_a_folder_is_refused(house):
    house.write("LAYERS", LAYERS + "attic: base\n")

    assert "has no folder" in house.run("check_layers.py").stdout


def test_a_cycle_in_the_rules_is_refused(house):
    house.write("LAYERS", LAYERS.replace("base:\n", "base: inference\n"))

    assert "cycle" in house.run("check_layers.py").stdout


@pytest.mark.parametrize("name", ["base/utils.h", "inference/common/shape.h"])
def test_names_that_say_nothing_are_refused(house, name):
    house.write(name, "")

    assert "says nothing" in house.run("check_layers.py").stdout
