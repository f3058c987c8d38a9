"""What the machine is, and what else went on while something was measured."""

import os
import pathlib
import platform
import re
import subprocess
import time

TICKS = os.sysconf("SC_CLK_TCK")
MOST_STEAL = 0.03  # of the cores' time
MOST_OTHER = 0.05  # of a core, by one process
SERVER_CORE, LOAD_CORE = "0", "1"


def processes():
    """Parent and CPU ticks of every process."""
    found = {}
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            text = pathlib.Path(f"/proc/{entry}/stat").read_text()
        except OSError:
            continue
        name, fields = text[text.index("(") + 1:text.rindex(")")], text.rsplit(")", 1)[1].split()
        found[int(entry)] = (int(fields[1]), int(fields[11]) + int(fields[12]), name)
    return found


def family(pid, found=None):
    """The process and its descendants."""
    found = found or processes()
    members = {pid}
    while more := {child for child, (parent, _, _) in found.items() if parent in members} - members:
        members |= more
    return members


def cpu_seconds(pid):
    found = processes()
    return sum(found[member][1] for member in family(pid, found) if member in found) / TICKS


def resident_mb(pid):
    total = 0
    for member in family(pid):
        try:
            match = re.search(r"VmRSS:\s+(\d+)", pathlib.Path(f"/proc/{member}/status").read_text())
        except OSError:
            continue
        total += int(match[1]) if match else 0
    return total / 1024


def listener(port):
    """The process that listens on a port here; None when it is not to be found."""
    inodes = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        for line in open(table).readlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and int(fields[1].rsplit(":", 1)[1], 16) == port:
                inodes.add(f"socket:[{fields[9]}]")
    for pid in processes():
        try:
            if any(os.readlink(f"/proc/{pid}/fd/{fd}") in inodes for fd in os.listdir(f"/proc/{pid}/fd")):
                return pid
        except OSError:
            continue
    return None


class Noise:
    """Watches the machine while it is entered. `ours` are processes that are part of the measurement."""

    def __init__(self, ours):
        self.ours = ours

    def __enter__(self):
        self.cpu, self.processes, self.began = self._cpu(), processes(), time.monotonic()
        return self

    def __exit__(self, *_):
        cpu, now = self._cpu(), processes()
        seconds = max(time.monotonic() - self.began, 1e-3)
        spent = [after - before for after, before in zip(cpu, self.cpu)]
        self.steal = spent[7] / max(sum(spent[:8]), 1)
        mine = set().union(*(family(pid, now) for pid in (os.getpid(), *self.ours) if pid))
        others = [((ticks - self.processes.get(pid, (0, 0, ""))[1]) / TICKS / seconds, name)
                  for pid, (_, ticks, name) in now.items() if pid not in mine]
        self.other, self.other_name = max(others, default=(0.0, ""))

    @property
    def why_dropped(self):
        if self.steal > MOST_STEAL:
            return f"steal {self.steal:.0%}"
        return f"'{self.other_name}' took {self.other:.0%} of a core" if self.other > MOST_OTHER else None

    @staticmethod
    def _cpu():
        return [int(field) for field in open("/proc/stat").readline().split()[1:]]


def run(*command):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False)
    return done.stdout.strip()


def describe(root, binary):
    """Everything that a figure depends on."""
    cpu = re.search(r"model name\s*:\s*(.+)", open("/proc/cpuinfo").read())
    packages = ("libnghttp2-14", "libssl3", "libprotobuf32", "libboost1.81-dev", "libc6", "g++-12")
    versions = dict(line.split(" ", 1) for line in run(
        "dpkg-query", "-W", "-f", "${Package} ${Version}\n", *packages).splitlines() if " " in line)
    return {
        "revision": run("git", "-C", root, "rev-parse", "HEAD"),
        "changed": bool(run("git", "-C", root, "status", "--porcelain", "--untracked-files=no")),
        "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "cpu": cpu[1] if cpu else platform.processor(),
        "cores": os.cpu_count(),
        "memory_mb": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20,
        "system": f"{platform.freedesktop_os_release()['PRETTY_NAME']}, Linux {platform.release()}",
        "compiler": run("g++", "--version").splitlines()[0],
        "server": run(binary, "version"),  # and its engine
        "load": run("h2load", "--version"),
        "libraries": versions,
    }
