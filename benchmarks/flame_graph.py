"""Draws where a server's CPU time goes, as a flame graph (SVG).

Usage: flame_graph.py [--pid PID] [--seconds S] [--title TEXT] SVG

Samples a running process by perf with the stacks that unwind tables give. Each box is a function, as wide as its share of the samples;
callees stand above their callers, in alphabetical order. The colour tells whose code it is. Needs linux-perf, and the right to
trace the process.
"""

import argparse
import html
import pathlib
import re
import subprocess
import sys
import tempfile

WIDTH, ROW, FONT = 1200, 17, 11
LEAST_SHARE = 0.002
OWNERS = [("modelyard", "#d9742b"), ("libnghttp2", "#6a9a3c"), ("libonnxruntime", "#8e6bb8"), ("kernel", "#4f86b8"),
          ("", "#b3a07a")]  # the rest: libc and the like


class Frame:
    def __init__(self, name, owner):
        self.name, self.owner, self.samples, self.callees = name, owner, 0, {}


def short(symbol):
    """The function without its arguments, template arguments and return type."""
    while (bare := re.sub(r"<[^<>]*>|\([^()]*\)|\{[^{}]*\}", "", symbol)) != symbol:
        symbol = bare
    return symbol.replace("modelyard::", "").split("+0x")[0].strip() or "?"


def owner_of(dso):
    return next(i for i, (name, _) in enumerate(OWNERS) if name in dso)


def record(pid, seconds):
    with tempfile.TemporaryDirectory() as folder:
        data = pathlib.Path(folder) / "perf.data"
        subprocess.run(["perf", "record", "-q", "-F", "1999", "--call-graph", "dwarf,16384", "-e", "cpu-clock", "-p", str(pid),
                        "-o", data, "--", "sleep", str(seconds)], check=True, capture_output=True)
        return subprocess.run(["perf", "script", "-i", data, "-F", "ip,sym,dso"], check=True, capture_output=True,
                              text=True).stdout


def read_stacks(text):
    root = Frame("all", len(OWNERS) - 1)
    for stack in text.split("\n\n"):
        frames = re.findall(r"^\s+[0-9a-f]+ (.*) \((.*)\)$", stack, re.MULTILINE)
        here = root
        here.samples += bool(frames)
        for symbol, dso in reversed(frames):
            name, owner = short(symbol), owner_of(dso)
            here = here.callees.setdefault((name, owner), Frame(name, owner))
            here.samples += 1
    return root


def boxes(frame, x, depth, scale, total):
    if frame.samples < LEAST_SHARE * total:
        return
    yield frame, x, depth, frame.samples * scale
    for key in sorted(frame.callees):
        yield from boxes(frame.callees[key], x, depth + 1, scale, total)
        x += frame.callees[key].samples * scale


def draw(root, title):
    drawn = list(boxes(root, 0.0, 0, WIDTH / root.samples, root.samples))
    height = (max(depth for _, _, depth, _ in drawn) + 3) * ROW
    legend = " · ".join(f'<tspan fill="{colour}">■</tspan> {name or "libc and others"}' for name, colour in OWNERS)
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="sans-serif" '
           f'font-size="{FONT}">', f'<rect width="{WIDTH}" height="{height}" fill="white"/>',
           f'<text x="4" y="13" font-weight="bold">{html.escape(title)} — {root.samples} samples</text>',
           f'<text x="{WIDTH - 4}" y="13" text-anchor="end">{legend}</text>']
    for frame, x, depth, width in drawn:
        y = height - (depth + 1) * ROW
        share = f"{frame.name}: {100 * frame.samples / root.samples:.1f} %"
        letters = int(width / (0.56 * FONT))
        text = frame.name if len(frame.name) <= letters else frame.name[:letters - 1] + "…"
        label = f'<text x="{x + 2:.1f}" y="{y + 12}">{html.escape(text)}</text>' if letters > 3 else ""
        out.append(f'<g><title>{html.escape(share)}</title><rect x="{x:.1f}" y="{y}" width="{max(width - 0.4, 0.3):.1f}" '
                   f'height="{ROW - 1}" fill="{OWNERS[frame.owner][1]}" fill-opacity="0.75"/>{label}</g>')
    return "\n".join([*out, "</svg>\n"])


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("svg", type=pathlib.Path)
    arguments.add_argument("--pid", type=int, required=True)
    arguments.add_argument("--seconds", type=float, default=3)
    arguments.add_argument("--title", default="CPU time")
    given = arguments.parse_args()
    root = read_stacks(record(given.pid, given.seconds))
    if root.samples == 0:
        sys.exit("no samples: is the process busy, and may it be traced?")
    given.svg.write_text(draw(root, given.title))


if __name__ == "__main__":
    main()
