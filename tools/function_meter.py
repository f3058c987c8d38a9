"""Measures the lengths of functions in src/, tests left out, and fails above LIMIT lines.

A lexical brace matcher: comments and literals are blanked, of each #if the first branch is kept, and an opening brace
counts as a function when its heading has a parameter list and is no namespace, type or initialiser, and no enclosing
brace is a function. Lambdas count with their function.

Usage: function_meter.py [ROOT]
"""

import pathlib
import re
import sys

LIMIT = 100
LONG = 60
LITERALS = re.compile(
    r'//[^\n]*|/\*.*?\*/|R"(?P<tag>[^(\s]{0,16})\(.*?\)(?P=tag)"|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])+\'', re.S)
NOT_A_FUNCTION = re.compile(r"\b(namespace|class|struct|union|enum|if|for|while|switch|catch|do|else|return)\b[^()]*(\(|$)|=\s*$")


def blank(match):
    return re.sub(r"[^\n]", " ", match[0])


def keep_first_branches(text):
    """Drops #else and #elif branches; else braces do not balance."""
    kept, stack = [], []
    for line in text.split("\n"):
        directive = re.match(r"\s*#\s*(ifdef|ifndef|if|else|elif|endif)\b", line)
        if directive and directive[1].startswith("if"):
            stack.append(True)
        elif directive and directive[1] in ("else", "elif") and stack:
            stack[-1] = False
        elif directive and directive[1] == "endif" and stack:
            stack.pop()
        kept.append(line if all(stack) and not line.lstrip().startswith("#") else "")
    return "\n".join(kept)


def is_function(heading):
    heading = heading.strip()
    if ")" not in heading or re.match(r"(inline\s+)?(namespace|class|struct|union|enum|extern)\b", heading):
        return False
    return not heading.endswith(("=", ",", "(", "return")) and not NOT_A_FUNCTION.match(heading)


def functions(text):
    """(first line, lines, heading) of each function."""
    text = keep_first_branches(LITERALS.sub(blank, text))
    found, stack, start = [], [], 0
    for position, character in enumerate(text):
        if character == "{":
            inside = any(entry is not None for entry in stack)
            heading = text[start:position]
            stack.append((position - len(heading.lstrip()), heading) if not inside and is_function(heading) else None)
            start = position + 1
        elif character == "}":
            entry = stack.pop() if stack else None
            if entry:
                first = text.count("\n", 0, entry[0]) + 1
                found.append((first, text.count("\n", 0, position) + 2 - first, " ".join(entry[1].split())[:90]))
            start = position + 1
        elif character == ";":
            start = position + 1
    return found


def percentile(values, share):
    return values[min(len(values) - 1, int(len(values) * share))]


def main(root):
    src = pathlib.Path(root) / "src"
    measured = []
    for path in sorted(src.rglob("*")):
        if path.suffix in (".h", ".cc") and not path.stem.endswith("_test"):
            for first, lines, heading in functions(path.read_text(errors="replace")):
                measured.append((lines, f"{path}:{first}", heading))
    if not measured:
        print("no functions found")
        return 1
    measured.sort(reverse=True)
    lengths = sorted(lines for lines, _, _ in measured)
    long_share = sum(length > LONG for length in lengths) / len(lengths)
    print(f"functions: {len(lengths)}, median {percentile(lengths, 0.5)}, p90 {percentile(lengths, 0.9)}, "
          f"p99 {percentile(lengths, 0.99)}, max {lengths[-1]}, above {LONG} lines {long_share:.1%}")
    for lines, place, heading in measured[:10]:
        print(f"  {lines:4} {place}  {heading}")
    if lengths[-1] > LIMIT:
        print(f"a function is longer than {LIMIT} lines: divide it into named steps")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent.parent))
