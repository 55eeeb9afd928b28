"""The data that is made: once, with a fixed seed, kept in the cache directory."""
import math
import os
import random
import re
import shutil
import subprocess

from harness import Absent, say

ROWS, COLUMNS, SEED = 200_000, 20, 42


def made_once(path, make):
    if not path.exists():
        say(f"makes {path}")
        part = path.with_name(path.name + ".part")
        with open(part, "w", encoding="utf-8") as out:
            make(out)
        os.rename(part, path)
    return path


def friedman1(cache):
    """Friedman's first function: 20 uniform columns, five of which matter, and noise of deviation 1."""
    def make(out):
        source = random.Random(SEED)
        out.write(",".join([f"x{i}" for i in range(COLUMNS)] + ["y"]) + "\n")
        for _ in range(ROWS):
            x = [source.random() for _ in range(COLUMNS)]
            y = (10 * math.sin(math.pi * x[0] * x[1]) + 20 * (x[2] - 0.5) ** 2 + 10 * x[3] + 5 * x[4] + source.gauss(0, 1))
            out.write(",".join([f"{value:.6f}" for value in x] + [f"{y:.6f}"]) + "\n")
    return made_once(cache / f"friedman1-{ROWS}.csv", make)


def debian_section(cache):
    """What the machine's own package lists say: name and short description to archive section, as fastText's lines."""
    if not shutil.which("apt-cache"):
        raise Absent("there is no apt-cache")

    def make(out):
        available = subprocess.run(["apt-cache", "dumpavail"], capture_output=True, text=True, check=True).stdout
        lines = set()
        for paragraph in available.split("\n\n"):
            fields = dict(re.findall(r"^(Package|Section|Description(?:-en)?): (.*)$", paragraph, re.M))
            text = fields.get("Description-en") or fields.get("Description")
            if text and "Section" in fields:
                words = re.findall(r"\w+|[^\w\s]", f"{fields['Package']} {text}".lower())
                lines.add(f"__label__{fields['Section'].rpartition('/')[2]} {' '.join(words)}\n")
        if len(lines) < 1000:
            raise Absent("apt-cache dumpavail knows hardly any packages; run apt-get update")
        lines = sorted(lines)
        random.Random(SEED).shuffle(lines)
        out.writelines(lines[:len(lines) * 4 // 5])
    return made_once(cache / "debian_section.txt", make)
