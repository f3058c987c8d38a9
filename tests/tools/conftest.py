import pathlib
import subprocess
import sys

import pytest

TOOLS = pathlib.Path(__file__).resolve().parents[2] / "tools"


@pytest.fixture
def tree(tmp_path):
    """Writes files below src/ and runs a tool on the tree."""

    class Tree:
        def write(self, name, text):
            path = tmp_path / "src" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

        def run(self, tool):
            return subprocess.run([sys.executable, TOOLS / tool, tmp_path], capture_output=True, text=True)

    return Tree()
