"""Adds up the JUnit files of a folder and ends with one line: "N passed, N failed, N skipped".

ctest counts binaries; the sentences within them are counted from the XML that each binary writes beside.
"""

import pathlib
import sys
import xml.etree.ElementTree as ElementTree


def count(path):
    passed = failed = skipped = 0
    for case in ElementTree.parse(path).getroot().iter("testcase"):
        if case.find("failure") is not None or case.find("error") is not None or case.get("status") == "fail":
            failed += 1
        elif case.find("skipped") is not None or case.get("status") in ("notrun", "disabled"):
            skipped += 1
        else:
            passed += 1
    return passed, failed, skipped


def files_of(results):
    """ctest's own files are left out where the binaries' files say more."""
    for path in sorted(results.glob("*.xml")):
        if not path.name.startswith("ctest-"):
            yield path
            continue
        preset = path.stem.removeprefix("ctest-")
        if count(path)[1] > 0:  # a binary that crashed writes no file of its own
            yield path
        yield from sorted((results.parent / preset / "test-results").glob("*.xml"))


def main():
    totals = [0, 0, 0]
    for path in files_of(pathlib.Path(sys.argv[1])):
        totals = [a + b for a, b in zip(totals, count(path))]
    print(f"{totals[0]} passed, {totals[1]} failed, {totals[2]} skipped")
    return 1 if totals[1] > 0 or totals[0] == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
