"""Writes pairs of files with the same cells: N.csv in every style of quoting, N.jsonl as it should be read.

Usage: csv_cases.py COUNT SEED, into the working directory. Python's csv module is asked whether it agrees.
"""

import csv
import io
import json
import random
import sys

ALPHABET = ["a", "b", "Z", "0", "7", ".", " ", ",", '"', '""', "\n", "\r\n", "\t", ";", "'", "\\", "ü", "€", "🐴", "NA"]


def write_case(number, rng):
    width = rng.randint(1, 5)
    names = [f"c{i}" for i in range(width)]
    line_end = rng.choice(["\n", "\r\n"])
    text = io.StringIO()
    rows = []
    text.write(",".join(names) + line_end)
    for _ in range(rng.randint(1, 40)):
        cells, row = [], []
        for _ in range(width):
            cell = "".join(rng.choices(ALPHABET, k=rng.choice([0, 1, 2, 5, 30])))
            must = any(c in cell for c in ',"\r\n') or (width == 1 and cell == "")
            quoted = must or rng.random() < 0.3
            cells.append('"' + cell.replace('"', '""') + '"' if quoted else cell)
            row.append(None if not quoted and cell in ("", "NA") else cell)
        text.write(",".join(cells) + line_end)
        rows.append(row)
    content = text.getvalue()
    if rng.random() < 0.3:
        content = content[: -len(line_end)]

    agreed = list(csv.reader(io.StringIO(content, newline=""), strict=True))[1:]
    plain = [["NA" if cell is None and other == "NA" else cell or "" for cell, other in zip(row, line)]
             for row, line in zip(rows, agreed)]
    assert plain == agreed, (number, plain, agreed)

    with open(f"{number}.csv", "w", encoding="utf-8", newline="") as file:
        file.write(content)
    with open(f"{number}.jsonl", "w", encoding="utf-8") as file:
        for row in rows:
            file.write(json.dumps(dict(zip(names, row)), ensure_ascii=rng.random() < 0.5) + "\n")


def main():
    rng = random.Random(int(sys.argv[2]))
    for number in range(int(sys.argv[1])):
        write_case(number, rng)


main()
