"""The table of a run, and of two runs side by side."""

NAMES = {"wall": "", "cpu": "CPU", "memory": "memory", "submits": "submits alone", "processes": "processes",
         "idle": "CPU in an idle second"}


def number(value, unit):
    if unit == "memory":
        return f"{value:.1f} MB"
    if unit == "processes":
        return f"{value:.0f}"
    if unit == "times":
        return f"{value:.2f} times" if value < 10 else f"{value:.0f} times"
    return f"{value / 1000:.2f} s" if value >= 1000 else f"{value:.2f} ms"


def machine_line(result):
    machine = result["machine"]
    return (f"{machine['cpu']}, {machine['cores']} cores, {machine['memory_gb']} GB, Linux {machine['kernel']}, "
            f"{machine['file_system']}; load {machine['load']} at the start, {machine['load_at_end']} at the end")


def cells(row):
    """(label, unit, cell) of a row's lines."""
    for name, units in row["contenders"].items():
        for unit, cell in units.items():
            yield (f"{name}, {NAMES[unit]}" if NAMES.get(unit) else name), unit, cell


def print_row(name, row):
    print(f"\n{name}: {row['title']} ({row['rounds']} rounds)")
    print(f"  {'':44}{'median':>11}{'min':>11}{'max':>11}  ratio")
    for label, unit, cell in cells(row):
        ratio = f"{cell['ratio']:.2f}" if "ratio" in cell else ""
        print(f"  {label:44}{number(cell['median'], unit):>11}{number(cell['min'], unit):>11}{number(cell['max'], unit):>11}"
              f"  {ratio}".rstrip())
    for goal in row["goals"]:
        print(f"  goal: {goal['text']}: {number(goal['value'], goal['unit'])}, {'met' if goal['met'] else 'NOT MET'}")


def print_skipped(result):
    for what, why in result["skipped"].items():
        print(f"\nskipped: {what}: {why}")


def compare(old, new):
    print(f"old: {old['version']}, {old['time']}, {machine_line(old)}")
    print(f"new: {new['version']}, {new['time']}, {machine_line(new)}")
    for name in [name for name in new["rows"] if name in old["rows"]]:
        print(f"\n{name}: {new['rows'][name]['title']}")
        print(f"  {'':44}{'old':>11}{'new':>11}  new to old")
        before = {label: (unit, cell) for label, unit, cell in cells(old["rows"][name])}
        for label, unit, cell in cells(new["rows"][name]):
            if label in before:
                was = before[label][1]["median"]
                ratio = f"{cell['median'] / was:.2f}" if was else ""
                print(f"  {label:44}{number(was, unit):>11}{number(cell['median'], unit):>11}  {ratio}")
        goals = {goal["text"]: goal for goal in old["rows"][name]["goals"]}
        for goal in new["rows"][name]["goals"]:
            if was := goals.get(goal["text"]):
                print(f"  {'goal: ' + goal['text']:44.44}{number(was['value'], goal['unit']):>11}"
                      f"{number(goal['value'], goal['unit']):>11}  {'met' if was['met'] else 'not met'}, now "
                      f"{'met' if goal['met'] else 'not met'}")
    for only, rows, others in (("old", old["rows"], new["rows"]), ("new", new["rows"], old["rows"])):
        if missing := [name for name in rows if name not in others]:
            print(f"\nin {only} alone: {', '.join(missing)}")
