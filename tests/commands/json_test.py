#!/usr/bin/env python3
"""ostler-json(5) and what --json prints are the same: every member of either, and each type that the page gives it."""
import datetime
import pathlib
import re
import signal

from support import DATA, OstlerTest, main

PAGE = pathlib.Path(__file__).resolve().parents[2] / "man/ostler-json.5"
IRIS = DATA / "iris.train.csv"
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z")

IS = {
    "string": lambda value: isinstance(value, str),
    "time": lambda value: isinstance(value, str) and TIME.fullmatch(value) and datetime.datetime.fromisoformat(value),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "number": lambda value: isinstance(value, (int, float)) and not isinstance(value, bool),
    "boolean": lambda value: isinstance(value, bool),
    "null": lambda value: value is None,
    "list": lambda value: isinstance(value, list),
    "object": lambda value: isinstance(value, dict),
    "map": lambda value: isinstance(value, dict),
    "any": lambda value: True,
}


class Members:
    """The members that one part of the page lists: {path: types}; and which of those were seen."""

    def __init__(self, text):
        self.types, self.sometimes, self.seen = {}, set(), set()
        for path, words in re.findall(r"^\.It Cm (\S+) Pq (.*)$", text, re.M):
            types, _, when = words.partition(" ; ")
            assert path not in self.types, path
            self.types[path] = types.split(" or ")
            if when:
                self.sometimes.add(path)

    def __or__(self, more):
        both = Members("")
        both.types, both.sometimes, both.seen = {**self.types, **more.types}, self.sometimes | more.sometimes, self.seen
        return both

    def take(self, value, path=""):
        """Looks at a value that was printed, and all that is in it."""
        if path and not (path.endswith("[]") and any(name.startswith(path + ".") for name in self.types)):
            assert path in self.types, f"{path} is not in the page: {value!r}"
            fitting = [name for name in self.types[path] if IS[name](value)]
            assert fitting, f"{path} is {value!r}, not {' or '.join(self.types[path])}"
            self.seen.add((path, fitting[0]))
            if fitting[0] in ("map", "any"):
                return
        if isinstance(value, dict):
            for name, member in value.items():
                self.take(member, f"{path}.{name}" if path else name)
            prefix = path + "." if path else ""
            wanted = {name[len(prefix):] for name in self.types if name.startswith(prefix) and not re.search(r"[.\[]", name[len(prefix):])}
            absent = {name for name in wanted - set(value) if prefix + name not in self.sometimes}
            assert not absent, f"{path or 'the document'} has no {absent}"
        elif isinstance(value, list):
            for item in value:
                self.take(item, path + "[]")

    def unseen(self):
        return sorted(f"{path}: {name}" for path, types in self.types.items() for name in types if (path, name) not in self.seen)


def page():
    """{heading: (members of the document, members of an item)}"""
    found = {}
    for heading, text in re.findall(r"^\.Sh ([A-Z ]+)\n(.*?)(?=^\.Sh |\Z)", PAGE.read_text(encoding="utf-8"), re.S | re.M):
        parts = re.split(r"^\.Ss .*\n", text, flags=re.M)[1:]
        if parts:
            found[heading] = tuple(Members(part) for part in parts)
    return found


class JsonTest(OstlerTest):
    def setUp(self):
        super().setUp()
        self.page = page()

    def take(self, heading, name, *args, **more):
        """Looks at what a command prints, and gives its items."""
        document = self.ostler(*args, "--json", **more).json
        top, item = self.page[heading]
        top.take({**document, name: []})
        for one in document[name]:
            item.take(one)
        return document[name]

    def complete(self, heading, items=None):
        """All that the page has was seen."""
        for part in items or self.page[heading]:
            self.assertEqual(part.unseen(), [])

    def test_the_page_is_read(self):
        self.assertEqual(set(self.page), {"JOBS", "MODELS", "MODELS THAT WERE REPLACED", "LOADED MODELS", "MODULES", "EVALUATIONS",
                                          "CHECKS", "CONFIGURATION", "LOG LINES", "EXPORTS", "VERSIONS", "HELP"})
        members = Members(".It Cm a Pq object\n.It Cm a.b Pq string or null\n.It Cm c[] Pq time\n.It Cm c Pq list ; at times\n")
        members.take({"a": {"b": "x"}})
        self.assertEqual(members.unseen(), ["a.b: null", "c: list", "c[]: time"])
        for wrong in ({"a": {}}, {"a": {"b": 1}}, {"a": {"b": None, "d": 1}}, {}, {"a": {"b": None}, "c": ["x"]}):
            with self.assertRaises(AssertionError):
                members.take(wrong)

    def test_jobs(self):
        self.configure("pool: {cpus: 4, gpus: [0]}\n")
        model = self.work / "m"
        gate = ("--validation", "0.3", "--keep-best", "accuracy", "--require", "accuracy>=0.1", "--save-path", model)
        script = self.write("train.sh", "#!/bin/sh\ncp \"$0\" \"$OSTLER_MODEL_DIR\"\n"
                            "echo '{\"event\":\"progress\",\"done\":1,\"total\":2,\"unit\":\"steps\",\"metrics\":{\"loss\":1}}' >> \"$OSTLER_EVENTS\"\n"
                            "echo '{\"event\":\"progress\",\"done\":2,\"unit\":\"steps\",\"metrics\":{\"loss\":0.5}}' >> \"$OSTLER_EVENTS\"\n")
        script.chmod(0o755)
        idle = self.write("idle.sh", "#!/bin/sh\ncp \"$0\" \"$OSTLER_MODEL_DIR\"\n"
                          "echo '{\"event\":\"progress\",\"done\":0,\"unit\":\"steps\"}' >> \"$OSTLER_EVENTS\"\n")
        idle.chmod(0o755)
        jobs = [("train", "linear", IRIS, "--label", "target", *gate, "--id", "best", "--tag", "a=b", "--group", "g", "--wait"),
                ("train", "linear", IRIS, "--label", "target", *gate, "--time-limit", "1h", "--wait"),
                ("train", script, IRIS, "--gpus", 1, "--wait"),
                ("predict", "--detach", model, IRIS, "--wait"),
                ("train", idle, IRIS, "--wait")]
        for words in jobs:
            self.take("JOBS", "jobs", *words)
        for do in ("_exit", "signal"):
            self.take("JOBS", "jobs", "train", "fault", IRIS, "-p", f"do={do}", "-p", "code=3", "--wait", code=6)
        running = self.fault("", rounds=10, gate=self.write("gate", "4"))
        self.until(lambda: self.job(running)["progress"], "progress", running)
        after = self.fault("", "--after", running, "--priority", "2")
        again = self.fault("throw", "--retries", 1, "--retry-delay", "1h")
        self.until(lambda: self.job(again)["next_attempt_time"], "the next attempt", again)
        [found] = self.take("JOBS", "jobs", "status", running)
        self.assertEqual((found["status"], found["progress"]["total"]), ("RUNNING", 10))
        self.take("JOBS", "jobs", "status", after)
        self.take("JOBS", "jobs", "status", again)
        [curve] = self.take("JOBS", "jobs", "status", self.ostler("status", "--module", "train", "--format", "{uuid}").line)
        self.assertEqual(len(curve["learning_curve"]), 2)
        self.take("JOBS", "jobs", "status", "-n", 1)
        self.take("JOBS", "jobs", "result", "best", "--no-wait")
        for job in (again, after, running):
            self.take("JOBS", "jobs", "cancel", job)
        self.take("JOBS", "jobs", "wait", after, code=5)
        self.take("JOBS", "jobs", "prune", "--status", "canceled")
        self.complete("JOBS")

    def test_what_was_dispatched(self):
        self.configure("model_management: {trainers: {default: {type: LOCAL, config: {max_concurrent: 1}}}}\n")
        killed = self.fault_waiting()
        queued, later = self.fault(), self.fault()
        for role in ("run", "work"):
            self.kill(role, signal.SIGKILL)
        found = {job["id"]: job["reason"] for job in self.take("JOBS", "jobs", "dispatch")}
        found.pop(later, None)  # it may have ended by now
        self.assertEqual(found, {killed: "lost", queued: None})
        self.ostler("wait", queued, later)
        self.until(lambda: not self.take("JOBS", "jobs", "dispatch"), "the runner to note the end")
        self.assertEqual(self.ostler("dispatch", "--format", "{id}").out, "")

    def test_a_report(self):
        self.ostler("train", "fault", IRIS, "--id", "one", "--wait")
        self.assertEqual(len(self.take("JOBS", "jobs", "report")), 1)
        self.assertEqual(self.ostler("report", "one", "--format", "{id}", "-o", "r.html").line, "one")
        self.assertIn("<html", (self.work / "r.html").read_text())

    def test_log_lines(self):
        script = self.write("train.sh", "#!/bin/sh\ncp \"$0\" \"$OSTLER_MODEL_DIR\"\nprintf 'one\\n\\n\\377three'\n")
        script.chmod(0o755)
        job = self.train(script, IRIS)
        for words in (("-f",), ()):
            lines = self.take("LOG LINES", "lines", "logs", job, *words)
            self.assertEqual([(line["number"], line["text"]) for line in lines], [(1, "one"), (2, ""), (3, "\ufffdthree")])
        self.assertEqual(self.ostler("logs", job, "--format", "{number}:{text}").out.splitlines()[:2], ["1:one", "2:"])
        self.complete("LOG LINES")
        silent = self.write("silent.sh", "#!/bin/sh\ncp \"$0\" \"$OSTLER_MODEL_DIR\"\nexit 3\n")
        silent.chmod(0o755)
        self.ostler("logs", "-f", "--json", self.train(silent, IRIS), code=6)

    def test_exports(self):
        self.ostler("train", "linear", IRIS, "--label", "target", "--save-path", "m", "--wait")
        [export] = self.take("EXPORTS", "exports", "export", "m", "-o", "m.zip")
        self.assertEqual(export, {"model": "m", "path": str(self.work / "m"), "file": str(self.work / "m.zip"),
                                  "bytes": (self.work / "m.zip").stat().st_size})
        self.refused(2, "export", "m", "-o", "-", "--json", says="the archive")
        self.complete("EXPORTS")

    def test_a_format_that_cannot_be_filled_is_refused_before_anything_is_done(self):
        self.configure("model_management: {trainers: {default: {type: LOCAL, config: {max_concurrent: 1}}}}")
        ended = self.fault("", "--id", "ended", "--save-path", "m", "--keep-previous", "1")
        self.wait_for(ended)
        self.wait_for(self.fault("", "--save-path", "m", "--keep-previous", "1", value="second"))
        running = self.fault_waiting("--id", "running")
        before = (self.work / "m/fault-model.json").read_text()
        for template, says in (("{staus}", 'did you mean "status"?'), ("{id", "without its }")):
            for command in (["train", "fault", IRIS], ["cancel", "running"], ["wait", "running"], ["dispatch"],
                            ["predict", "m", IRIS, "--detach"], ["prune", "ended"], ["prune", "--module", "fault"],
                            ["report", "-o", "r.md"]):
                self.refused(2, *command, "--format", template, says=says)
        for command in (["rollback", "m"], ["export", "m", "-o", "m.zip"]):
            self.refused(2, *command, "--format", "{nope}", says="{nope}")
        self.assertEqual(self.job("ended")["status"], "COMPLETED")
        self.assertEqual(self.job("running")["status"], "RUNNING")
        self.assertEqual((self.work / "m/fault-model.json").read_text(), before)
        self.assertEqual(self.ostler("rollback", "m", "--format", "{kept}").out.count("ostler-previous"), 1)
        self.release()
        self.wait_for(running)

    def test_versions(self):
        modules = self.take("VERSIONS", "modules", "--version")
        self.assertEqual(self.ostler("-V", "--format", "{name}").out.split(), [module["name"] for module in modules])

    def test_help(self):
        commands = [command["name"] for command in self.take("HELP", "commands", "help")]
        self.assertIn("train", commands)
        for command in commands:
            for words in (("help", command), (command, "--help")):
                self.assertEqual([one["name"] for one in self.take("HELP", "commands", *words)], [command])
        self.complete("HELP")

    def test_what_has_no_items(self):
        self.write("ostler.yml", "")
        for words in (("config", "--check"), ("modules", "--new", "x", "--shell")):
            for form in (("--json",), ("--format", "{id}")):
                self.refused(2, *words, *form, says="leave out --json and --format")

    def test_models(self):
        for c in ("0.1", "1", "10"):
            self.ostler("train", "linear", IRIS, "--label", "target", "-p", f"C={c}", "--save-path", "models/kinds", "--keep-previous", 3, "--wait")
        self.take("MODELS", "models", "find", "kinds")
        self.write("models/caikit/config.yml", "caikit_library: x\nname: Other\nmodule_id: 00110203-0405-0607-0809-0a0b02dd0e0f\n")
        self.write("models/broken/config.yml", "a: [")
        self.write("models/bare/config.yml", "module_paths: {}\n")
        self.take("MODELS", "models", "find")
        both = self.page["MODELS"][1] | self.page["MODELS THAT WERE REPLACED"][1]
        self.page["MODELS THAT WERE REPLACED"] = (self.page["MODELS THAT WERE REPLACED"][0], both)
        self.take("MODELS THAT WERE REPLACED", "models", "rollback", "kinds", "--list")
        self.take("MODELS THAT WERE REPLACED", "models", "rollback", "kinds")
        self.take("LOADED MODELS", "models", "load", "kinds")
        for heading in ("MODELS", "MODELS THAT WERE REPLACED", "LOADED MODELS"):
            self.complete(heading)

    def test_modules(self):
        self.configure("modules: {churn: {type: command, config: {train: [cp], run: [cat]}}}\n")
        self.take("MODULES", "modules", "modules")
        self.take("MODULES", "modules", "modules", "linear")
        self.complete("MODULES")

    def test_evaluations(self):
        self.ostler("train", "linear", IRIS, "--label", "target", "--save-path", "m", "--wait")
        rows = (DATA / "iris.test.csv").read_text().splitlines()
        self.write("odd.csv", "\n".join([*rows, rows[1].rsplit(",", 1)[0] + ",9"]) + "\n")
        [top] = self.page["EVALUATIONS"]
        for words, code in ((("m", "odd.csv"), 0), (("m", DATA / "iris.test.csv", "--baseline", "m", "--require", "accuracy>=0.5",
                                                     "--require", "accuracy>=1.5"), 7)):
            top.take(self.ostler("evaluate", *words, "--json", code=code).json)
        self.complete("EVALUATIONS")

    def test_checks(self):
        self.ostler("train", "fault", IRIS, "--wait")
        self.store.chmod(0o755)
        self.take("CHECKS", "checks", "doctor", code=1)
        self.complete("CHECKS")

    def test_configuration(self):
        self.configure("load_path: here\n")
        self.take("CONFIGURATION", "values", "config")
        self.complete("CONFIGURATION")


if __name__ == "__main__":
    main()
