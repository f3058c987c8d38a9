"""Checks that every #include of src/ is allowed by src/LAYERS.

A row is `room: what it may include`. A row of a sub-room (`edge/codec/json: base inference`) replaces the row of its
room for that folder. Naming a room allows its sub-rooms, too; a sub-room's own files may always include each other.
`all` allows everything. `@only app` after a row: nobody but those rooms may include it.

Also fails on: a room that is missing from LAYERS, a row without a folder, a cycle, and names that say nothing
(utils, common, …).

Usage: check_layers.py [ROOT], ROOT being the folder with src/.
"""

import pathlib
import re
import sys

INCLUDE = re.compile(r'\s*#\s*include\s+"([^"]+)"')
EMPTY_WORDS = {"util", "utils", "common", "misc", "helper", "helpers", "core", "manager", "data", "info"}


class Row:
    def __init__(self, allowed, only):
        self.allowed = allowed
        self.only = only


def read_rows(path):
    rows = {}
    for number, line in enumerate(path.read_text().splitlines(), 1):
        text = line.split("#")[0].strip()
        if not text:
            continue
        if ":" not in text:
            raise SystemExit(f"{path}:{number}: expected 'room: rooms'")
        room, rest = text.split(":", 1)
        rest, _, only = rest.partition("@only")
        rows[room.strip()] = Row(set(rest.split()), set(only.split()))
    return rows


def room_of(relative, rows):
    """The longest row that holds the file, or None."""
    parts = pathlib.PurePosixPath(relative).parts[:-1]
    for length in range(len(parts), 0, -1):
        name = "/".join(parts[:length])
        if name in rows:
            return name
    return None


def covers(name, room):
    return room == name or room.startswith(name + "/")


def is_allowed(source, target, rows):
    if source == target or "all" in rows[source].allowed or source.startswith(target + "/"):
        only = rows[target].only
        return not only or source == target or any(covers(name, source) for name in only) or source.startswith(target)
    if rows[target].only and not any(covers(name, source) for name in rows[target].only):
        return False
    return any(covers(name, target) for name in rows[source].allowed)


def cycles(rows):
    """Every room that can reach itself."""

    def reach(room, seen):
        for name in rows:
            if name == room or not any(covers(allowed, name) for allowed in rows[room].allowed if allowed != "all"):
                continue
            if name in seen:
                return [*seen[seen.index(name):], name]
            found = reach(name, [*seen, name])
            if found:
                return found
        return None

    for room in rows:
        found = reach(room, [room])
        if found:
            return [f"LAYERS: cycle {' -> '.join(found)}"]
    return []


def check_folders(src, rows):
    findings = []
    for folder in sorted(path for path in src.iterdir() if path.is_dir()):
        if not any(name.split("/")[0] == folder.name for name in rows):
            findings.append(f"{folder}: the room is missing from LAYERS; add a row that says what it may include")
    for name in rows:
        if not (src / name).is_dir():
            findings.append(f"LAYERS: '{name}' has no folder; remove the row")
    for path in sorted(src.rglob("*")):
        if path.stem.lower() in EMPTY_WORDS:
            findings.append(f"{path}: the name says nothing; whose is it?")
    return findings


def check_includes(src, rows):
    findings = []
    for path in sorted(src.rglob("*")):
        if path.suffix not in (".h", ".cc"):
            continue
        relative = path.relative_to(src).as_posix()
        source = room_of(relative, rows)
        if source is None:
            findings.append(f"{path}: lies in no room of LAYERS")
            continue
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1):
            match = INCLUDE.match(line)
            target = match and room_of(match[1], rows)
            if target and not is_allowed(source, target, rows):
                findings.append(
                    f"{path}:{number}: {source} may not include {target}; move the code, or change src/LAYERS "
                    "with a decision record")
    return findings


def main(root):
    src = pathlib.Path(root) / "src"
    rows = read_rows(src / "LAYERS")
    findings = cycles(rows) + check_folders(src, rows) + check_includes(src, rows)
    print("\n".join(findings) if findings else f"layers: {len(rows)} rooms, every include is allowed")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent.parent))
