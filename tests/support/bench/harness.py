"""Measuring: commands one by one, contenders in turn (A B C A B C ...), so that whatever else the machine does hits all
of them alike; then medians, and ratios that are medians of each round's ratio."""
import contextlib
import os
import pathlib
import platform
import statistics
import subprocess
import sys
import time


class Failed(Exception):
    """A command that failed. A slow one is no failure."""


class Absent(Exception):
    """What a row or contender needs is not there."""


class Bench:
    """The programs, a directory for the data that is kept, one for the run, and the environment of what is run."""

    def __init__(self, build, cache, work, quick, check=False, patience=0):
        self.quick, self.check, self.cache, self.work = quick, check, cache, work
        self.patience, self.looked, self.disturbed = patience, 0, 0
        self.prefix = build / "prefix"
        self.ostler = str(self.prefix / "bin/ostler")
        self.tool = str(self.prefix / "bin/ostler-bench")
        self.timer = str(self.prefix / "bin/ostler-bench-time")
        self.fault_modules = build / "tests/modules"
        self.cores = len(os.sched_getaffinity(0))
        self.skipped = {}  # name of what is not there: why
        self.cleanup = contextlib.ExitStack()
        self.environment = {"HOME": str(work), "PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8"}

    def rounds(self, full, quick, check=1):
        return check if self.check else quick if self.quick else full

    def directory(self, name):
        path = self.work / name
        path.mkdir(parents=True, exist_ok=True)
        return path

    def env(self, **more):
        return {**self.environment, **{name: str(value) for name, value in more.items()}}

    def has(self, program, package):
        """Whether a peer is there; when not, that is noted."""
        for directory in self.environment["PATH"].split(":"):
            if os.access(os.path.join(directory, program), os.X_OK):
                return True
        self.skipped[program] = f"not installed (Debian package {package})"
        return False

    def has_python(self, module, package):
        if subprocess.run(["/usr/bin/python3", "-c", f"import {module}"], capture_output=True, check=False).returncode == 0:
            return True
        self.skipped[f"/usr/bin/python3: {module}"] = f"not installed (Debian package {package})"
        return False

    def wait_for_idle(self):
        """Waits until hardly anything else runs, as long as --idle says, and notes when that was too short."""
        if not self.patience or time.monotonic() - self.looked < 2:
            return
        end = time.monotonic() + self.patience
        while busy_share(0.2) > 0.08:
            if time.monotonic() > end:
                self.disturbed += 1
                break
        self.looked = time.monotonic()

    def timed(self, command, env=None, output=None, cwd=None, report="report"):
        """Runs a command through the timer: {"wall": ms, "cpu": ms, "memory": MB}. `report`: another name in each thread."""
        command = [str(word) for word in command]
        report, errors = self.work / report, self.work / f"{report}-errors"
        with open(output or os.devnull, "wb") as out, open(errors, "wb") as err:
            code = subprocess.run([self.timer, str(report), *command], env=env or self.environment, cwd=cwd or self.work,
                                  stdin=subprocess.DEVNULL, stdout=out, stderr=err, check=False).returncode
        wall, cpu, memory, status = [int(word) for word in report.read_text().split()] if code == 0 else (0, 0, 0, code)
        if status != 0:
            raise Failed(f"{' '.join(command)[:300]}\n  exit {status}: {errors.read_text(errors='replace')[-1000:]}")
        return {"wall": wall / 1e6, "cpu": cpu / 1e3, "memory": memory / 1024}

    def run(self, command, env=None, cwd=None, code=0):
        """Runs a command that is not measured; gives its standard output."""
        command = [str(word) for word in command]
        result = subprocess.run(command, env=env or self.environment, cwd=cwd or self.work, stdin=subprocess.DEVNULL,
                                capture_output=True, text=True, check=False)
        if result.returncode != code:
            raise Failed(f"{' '.join(command)[:300]}\n  exit {result.returncode}: {result.stderr[-1000:]}")
        return result.stdout.strip()


class Row:
    """One line of work. `contenders`: (name, function that gives the sample of one run); the first is the one that the
    others are compared with. `units`: what of the samples is shown. `goals`: made by the functions below."""

    def __init__(self, title, contenders, units, goals, rounds, warm_up=1):
        self.title, self.contenders, self.units, self.goals = title, contenders, units, goals
        self.rounds, self.warm_up = rounds, warm_up

    def measure(self, bench):
        samples = {name: {unit: [] for unit in self.units} for name, _ in self.contenders}
        for turn in range(self.warm_up + self.rounds):
            bench.wait_for_idle()
            for name, function in self.contenders:
                sample = function()
                if turn >= self.warm_up:
                    for unit in self.units:
                        samples[name][unit].append(sample.get(unit))
        return {"title": self.title, "rounds": self.rounds, "contenders": summary(samples),
                "goals": [goal(samples) for goal in self.goals if goal]}


def busy_share(seconds):
    """The share of the processors' time that is used, in the next seconds."""
    def look():
        numbers = [int(word) for word in pathlib.Path("/proc/stat").read_text().splitlines()[0].split()[1:]]
        return sum(numbers), numbers[3] + numbers[4]
    before = look()
    time.sleep(seconds)
    total, idle = [new - old for new, old in zip(look(), before)]
    return 1 - idle / max(total, 1)


def ratios(over, under):
    return [a / b for a, b in zip(over, under) if a is not None and b]


def summary(samples):
    """{contender: {unit: median, min, max, samples, and the ratio to the first contender}}"""
    first = next(iter(samples.values()))
    found = {}
    for name, units in samples.items():
        for unit, values in units.items():
            if any(value is None for value in values):
                continue
            cell = {"median": statistics.median(values), "min": min(values), "max": max(values), "samples": values}
            if units is not first and (to_first := ratios(values, first[unit])):
                cell["ratio"] = statistics.median(to_first)
            found.setdefault(name, {})[unit] = cell
    return found


# Goals: functions of the samples that give what is wanted, what is, and whether that is met.

def at_most(name, unit, limit, text):
    def goal(samples):
        value = statistics.median(samples[name][unit])
        return {"text": text, "value": value, "unit": unit, "limit": limit, "met": value <= limit}
    return goal


def ratio_at_most(over, under, unit, limit, text):
    def goal(samples):
        value = statistics.median(ratios(samples[over][unit], samples[under][unit]))
        return {"text": text, "value": value, "unit": "times", "limit": limit, "met": value <= limit}
    return goal


def ratio_at_least(over, under, unit, limit, text):
    def goal(samples):
        value = statistics.median(ratios(samples[over][unit], samples[under][unit]))
        return {"text": text, "value": value, "unit": "times", "limit": limit, "met": value >= limit}
    return goal


def machine():
    def first(path, key):
        with contextlib.suppress(OSError):
            for line in pathlib.Path(path).read_text().splitlines():
                if line.startswith(key):
                    return line.partition(":")[2].strip()
        return "?"
    memory = first("/proc/meminfo", "MemTotal")
    return {"cpu": first("/proc/cpuinfo", "model name"), "cores": len(os.sched_getaffinity(0)), "kernel": platform.release(),
            "memory_gb": round(int(memory.split()[0]) / 2**20, 1) if memory != "?" else None,
            "load": round(os.getloadavg()[0], 2)}


def file_system(path):
    """The type of the file system that holds a path: how fast a commit is depends on it."""
    best = ("", "?")
    with contextlib.suppress(OSError):
        for line in pathlib.Path("/proc/mounts").read_text().splitlines():
            _, where, kind = line.split()[:3]
            if (str(path) + "/").startswith(where.rstrip("/") + "/") and len(where) >= len(best[0]):
                best = (where, kind)
    return best[1]


def say(text):
    print(text, file=sys.stderr, flush=True)
