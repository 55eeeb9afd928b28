#!/usr/bin/env python3
"""ostler __complete, and the completions of bash, zsh and fish that are made of it, in the real shells."""
import contextlib
import os
import pathlib
import pty
import re
import select
import shlex
import signal
import sqlite3
import subprocess
import time

from support import DATA, DEADLINE, OSTLER, OstlerTest, main

COMPLETIONS = pathlib.Path(__file__).resolve().parent.parent.parent / "completions"
PENGUINS = DATA / "penguins.train.csv"


class CompleteTest(OstlerTest):
    """candidates("train", "xg") completes the last word; at= names another."""

    def lines(self, *words, at=None, **more):
        result = self.ostler("__complete", len(words) - 1 if at is None else at, *words, **more)
        self.assertEqual(result.err, "")
        return [line.split("\t") for line in result.out.splitlines()]

    def candidates(self, *words, **more):
        return {line[0]: line[1] for line in self.lines(*words, **more) if line[0]}

    def names(self, *words, **more):
        return [line[0] for line in self.lines(*words, **more) if line[0]]

    def shell_does(self, *words):
        """What the shell is asked to complete itself, and the beginning of the word that is no part of it."""
        return [tuple(line[1:]) for line in self.lines(*words) if not line[0]]


class WordsTest(CompleteTest):
    def test_commands(self):
        found = self.candidates("")
        self.assertIn("Train a model", found["train"])
        self.assertIn("help", found)
        self.assertNotIn("__complete", found)
        self.assertEqual(self.names("tra"), ["train"])
        self.assertEqual(self.names("help", "tra"), ["train"])
        self.assertEqual(self.names("-q", "--home", "x", "tra"), ["train"])
        self.assertNotIn("__complete", self.ostler("--help").out)

    def test_options(self):
        found = self.candidates("train", "--la")
        self.assertEqual(list(found), ["--label"])
        self.assertIn("column to predict", found["--label"])
        self.assertIn("--json", self.names("train", "--"))
        self.assertIn("--no-wait", self.names("result", "--"))
        self.assertNotIn("--no-wait", self.names("wait", "--"))
        self.assertEqual(self.names("train", "-p"), ["-p"])

    def test_an_option_is_offered_once_unless_it_is_repeatable(self):
        given = self.names("train", "--wait", "--label=x", "-q", "--tag", "a=b", "--")
        for option in ("--wait", "--label", "--quiet"):
            self.assertNotIn(option, given)
        self.assertIn("--tag", given)
        self.assertNotIn("--wait", self.names("train", "--", "--wait", at=1))

    def test_after_a_double_dash_nothing_is_an_option(self):
        self.assertEqual(self.names("status", "--", "--js"), [])

    def test_values_of_options(self):
        self.assertEqual(self.names("--color", "a"), ["auto", "always"])
        self.assertEqual(self.names("status", "--color=a"), ["--color=auto", "--color=always"])
        self.assertEqual(self.names("train", "--if-exists", "re"), ["reuse", "replace"])
        self.assertEqual(self.names("predict", "m", "--on-error", ""), ["fail", "skip", "null"])
        self.assertEqual(self.names("predict", "m", "--output-format", "j"), ["jsonl"])
        self.assertEqual(self.names("status", "--status", "run"), ["RUNNING"])
        self.assertEqual(self.names("status", "--status", "RUNNING,C"), ["RUNNING,COMPLETED", "RUNNING,CANCELED"])
        for line in (("wait", "--timeout", ""), ("train", "--id", ""), ("train", "--time-limit", ""), ("status", "-n", "")):
            self.assertEqual(self.lines(*line), [], line)

    def test_metrics_and_fields(self):
        self.assertEqual(self.names("train", "xgboost", "--keep-best", "a"), ["accuracy", "auc"])
        self.assertEqual(self.names("status", "--sort", "s"), ["submission_time", "start_time", "status"])
        self.assertEqual(self.names("status", "--sort", "metric.a"), ["metric.accuracy", "metric.auc"])
        self.assertEqual(self.names("status", "--columns", "uuid,metric.r"), ["uuid,metric.rmse", "uuid,metric.r2"])
        self.write("models/old/config.yml", "")
        self.assertEqual(self.names("evaluate", "m", "--baseline", "o"), ["old"])
        self.assertEqual(self.shell_does("train", "xgboost", "--validation", ""), [("files", "")])

    def test_instances(self):
        self.configure("model_management: {trainers: {night: {type: LOCAL}}}\n")
        self.assertEqual(self.candidates("train", "--trainer", ""), {"default": "LOCAL", "night": "LOCAL"})
        self.assertEqual(self.names("predict", "--finder", "l"), ["local"])
        self.assertEqual(self.names("predict", "--predictor", ""), ["default"])
        self.assertEqual(self.names("load", "--initializer", ""), ["default"])

    def test_modules_and_parameters(self):
        self.assertIn("gradient", self.ostler("modules", "xgboost").out.lower())
        self.assertIn("xgboost", self.names("train", ""))
        self.assertEqual(self.names("modules", "xgb"), ["xgboost"])
        self.assertEqual(self.names("status", "--module", "xgb"), ["xgboost"])
        found = self.candidates("train", "xgboost", "-p", "max_")
        self.assertEqual(found["max_depth="], "depth of a tree")
        self.assertEqual(self.names("train", "xgboost", "-p", "task="), ["task=classification", "task=regression"])
        self.assertEqual(self.names("train", "xgboost", "--param=task=r"), ["--param=task=regression"])
        self.assertEqual(self.names("train", "xgboost", "-p", "max_depth=3", "-p", "max_d"), [])
        self.assertEqual(self.names("train", "-p", "max_d", "xgboost", at=2), ["max_depth="])
        for line in (("train", "-p", ""), ("train", "no-such", "-p", ""), ("train", "xgboost", "-p", "eta=")):
            self.assertEqual(self.lines(*line), [], line)

    def test_columns(self):
        found = self.names("train", "xgboost", PENGUINS, "--label", "s")
        self.assertEqual(found, ["sex", "species"])
        self.assertEqual(self.names("train", "xgboost", PENGUINS, "-p", "label=sp"), ["label=species"])
        self.assertEqual(self.names("train", "xgboost", PENGUINS, "-p", "ignore=sex,sp"), ["ignore=sex,species"])
        self.assertEqual(self.names("train", "xgboost", "--label", "sp", PENGUINS, at=3), ["species"])
        self.assertEqual(self.names("train", "xgboost", "--data", PENGUINS, "--label", "sp"), ["species"])
        self.assertEqual(self.names("predict", "m", PENGUINS, "--keep", "sex,sp"), ["sex,species"])
        self.assertIn("all", self.names("predict", "m", PENGUINS, "--keep", ""))
        self.write("a.jsonl", '{"first": 1, "second": 2}\n')
        self.assertEqual(self.names("train", "xgboost", "a.jsonl", "--label", ""), ["first", "second"])
        # One is unreadable, one would be waited for, one is not there; the last tells.
        os.mkfifo(self.work / "pipe.csv")
        self.write("bad.csv", "")
        self.assertEqual(self.names("train", "xgboost", "pipe.csv", "bad.csv", "no.csv", "a.jsonl", "--label", "f"), ["first"])

    def test_files_are_the_shell_s(self):
        self.assertEqual(self.shell_does("train", "xgboost", ""), [("files", "")])
        self.assertEqual(self.shell_does("train", "./"), [("files", "")])
        self.assertEqual(self.shell_does("train", "--save-path", ""), [("directories", "")])
        self.assertEqual(self.shell_does("train", "--save-path=mo"), [("directories", "--save-path=")])
        self.assertEqual(self.shell_does("predict", "m", "-o", ""), [("files", "")])
        self.assertEqual(self.shell_does("--config", ""), [("files", "")])
        self.assertEqual(self.shell_does("predict", ""), [("files", "")])

    def test_models(self):
        for name in ("penguins", "deep/er", "deep/other"):
            self.write(f"models/{name}/config.yml", "module_id: x\n")
        self.write("models/packed.zip", "PK")
        self.write("models/.hidden/config.yml", "")
        self.assertEqual(self.names("predict", ""), ["deep/er", "deep/other", "packed.zip", "penguins"])
        self.assertEqual(self.names("load", "deep/e"), ["deep/er"])
        self.configure("load_path: elsewhere\n")
        self.assertEqual(self.names("predict", ""), [])

    def test_whatever_is_wrong_is_silent(self):
        self.configure("load_path: [\nmodel_management: 7\n")
        self.write("ostler.yml", "no_such_key: 1\n")
        for line in (("", ), ("status", ""), ("train", ""), ("predict", ""), ("train", "--trainer", ""), ("nonsense", ""),
                     ("train", "x", "-p", ""), ("status", "--nonsense", ""), ("status", "--nonsense=")):
            self.lines(*line)
        for words in ((), ("x",), ("-1", "a"), ("7", "a"), ("99999999999999999999",)):
            result = self.ostler("__complete", *words)
            self.assertEqual((result.out, result.err), ("", ""))
        with open("/dev/full", "wb") as full:
            for where in ({"stdout": full}, {"stdin": subprocess.DEVNULL}):
                process = subprocess.run([OSTLER, "__complete", "0", ""], env=self.env, check=False, stderr=subprocess.PIPE,
                                         **{"stdout": subprocess.DEVNULL, **where})
                self.assertEqual((process.returncode, process.stderr), (0, b""))


class JobsTest(CompleteTest):
    def test_there_is_no_store(self):
        for command in ("status", "cancel", "result"):
            self.assertEqual(self.lines(command, ""), [])
        self.assertFalse(self.store.exists())
        self.write("file", "")
        self.assertEqual(self.lines("--home", "file", "status", ""), [])

    def test_only_what_a_command_can_act_on(self):
        done = self.fault("", "--save-path", "m", "--wait")
        broken = self.ostler("train", "fault", *self.fault_arguments("throw", {}), "--wait", code=6).line
        running = self.fault_waiting("--id", "night:1")
        queued = self.fault("", "--after", running)
        row = {name: job.split(":")[-1][:8] for name, job in
               (("done", done), ("broken", broken), ("queued", queued))}
        row["running"] = self.job("night:1")["uuid"][:8]
        before = self.tree(self.store / "jobs")
        active, everything = [row["queued"], "night:1", row["running"]], None
        for command in ("cancel", "wait"):
            self.assertEqual(self.names(command, ""), active)
        everything = [*active, row["broken"], row["done"]]
        for command in ("status", "logs"):
            self.assertEqual(self.names(command, ""), everything)
        self.assertEqual(self.names("result", ""), [*active, row["done"]])
        self.assertEqual(self.names("train", "--after", ""), [*active, row["done"]])
        self.assertEqual(self.names("prune", ""), [row["broken"], row["done"]])
        found = self.candidates("status", "")
        self.assertRegex(found[row["done"]], r"^COMPLETED fault, .* ago, \S*/m$")
        self.assertRegex(found["night:1"], r"^RUNNING fault, ")
        # Not twice on a line, whatever it is called there.
        self.assertEqual(self.names("cancel", row["queued"], ""), active[1:])
        self.assertEqual(self.names("cancel", "night:1", ""), active[:1])
        # A model is what a training made; with --detach also what one is to make. Only once the id is begun.
        self.assertEqual(self.names("predict", ""), [])
        self.assertEqual(self.names("predict", row["done"][:2]), [row["done"]])
        self.assertEqual(self.names("predict", row["broken"]), [])
        self.assertEqual(self.names("predict", row["queued"]), [])
        self.assertEqual(self.names("predict", "--detach", row["queued"]), [row["queued"]])
        # By every form of an id.
        uuid = done.split(":")[-1]
        for begun, whole in ((uuid[:1], uuid[:8]), (uuid[:5], uuid[:8]), (uuid[:9], uuid), (uuid[:20], uuid),
                             (f"wTHxlsu:{uuid[:5]}", done), ("ni", "night:1"), ("night:", "night:1")):
            self.assertIn(whole, self.names("status", begun), begun)
        self.assertEqual(set(self.names("status", "wTHxlsu:")), {"wTHxlsu:" + self.job(row[name])["uuid"] for name in row})
        self.assertEqual(self.names("status", "zz"), [])
        self.assertEqual(self.tree(self.store / "jobs"), before)
        self.release()
        self.wait_for(queued)

    def test_an_external_id_is_its_newest_run(self):
        self.fault("", "--id", "night", "--wait")
        self.ostler("train", "fault", *self.fault_arguments("throw", {}), "--id", "night", "--wait", code=6)
        self.assertEqual(self.names("status", "nig"), ["night"])
        self.assertRegex(self.candidates("status", "nig")["night"], "^ERRORED")
        old, new = [run["uuid"][:8] for run in reversed(self.ostler("status", "night", "--history", "--json").json["jobs"])]
        self.assertEqual(self.names("result", ""), [old])
        self.assertEqual(self.names("status", ""), ["night", new, old])

    def test_at_most_fifty_the_newest_first(self):
        self.fault("", "--id", "x:00", "--wait")
        with contextlib.closing(sqlite3.connect(self.store / "jobs.db")) as database, database:
            columns = [name for _, name, *_ in database.execute("PRAGMA table_info(jobs)") if name not in ("sequence", "uuid", "external_id")]
            for i in range(60):
                database.execute(f"INSERT INTO jobs (uuid, {', '.join(columns)}) SELECT ?, {', '.join(columns)} FROM jobs LIMIT 1",
                                 (f"{i:08x}-0000-4000-8000-000000000000",))
        self.assertEqual(self.names("status", ""), [f"{i:08x}" for i in reversed(range(10, 60))])
        # An external id is not lost among uuids.
        self.assertEqual(self.names("status", "x:0"), ["x:00"])
        self.assertEqual(len(self.names("status", "00")), 50)

    def test_nothing_is_started_settled_or_made(self):
        job = self.fault_waiting()
        self.kill("run", signal.SIGKILL)
        self.until(lambda: not self.processes(), "the worker to follow its runner")
        with contextlib.closing(sqlite3.connect(self.store / "jobs.db")) as database:
            rows = "SELECT uuid, status, attempt FROM jobs"
            before = database.execute(rows).fetchall()
            self.assertEqual(self.names("cancel", ""), [job.split(":")[-1][:8]])  # by its row it runs
            self.assertEqual(database.execute(rows).fetchall(), before)
        self.assertEqual(self.job(job)["status"], "ERRORED")
        self.assertEqual(self.lines("cancel", ""), [])

    def test_a_store_of_another_version_is_left_alone(self):
        self.fault("", "--wait")
        with contextlib.closing(sqlite3.connect(self.store / "jobs.db")) as database, database:
            version = database.execute("PRAGMA user_version").fetchone()[0]
            for other in (version - 1, version + 1):
                database.execute(f"PRAGMA user_version = {other}")
                database.commit()
                self.assertEqual(self.lines("status", ""), [])
                self.assertEqual(database.execute("PRAGMA user_version").fetchone()[0], other)
            database.execute(f"PRAGMA user_version = {version}")
        self.assertEqual(len(self.names("status", "")), 1)


class Terminal:
    """A shell on a terminal of its own. Nothing waits by the clock: each answer ends with a marker."""

    def __init__(self, command, env, cwd):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.chdir(cwd)
            os.execve(command[0], command, env)
        self.seen = ""

    def send(self, text):
        data = text.encode()
        while data:
            data = data[os.write(self.fd, data):]

    def expect(self, pattern):
        """Reads until the pattern is there; gives the match, and goes on behind it."""
        end = time.monotonic() + DEADLINE
        while not (match := re.search(pattern, self.seen)):
            if not select.select([self.fd], [], [], max(0, end - time.monotonic()))[0]:
                raise AssertionError(f"no {pattern!r} came, but {self.seen!r}")
            try:
                data = os.read(self.fd, 65536)
            except OSError:
                raise AssertionError(f"the shell ended: {self.seen!r}") from None
            self.seen += data.decode("utf-8", "replace")
        self.seen = self.seen[match.end():]
        return match

    def close(self):
        os.close(self.fd)  # which hangs the shell up
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)


class ShellTest(CompleteTest):
    """What the tests of all shells complete: jobs with and without a colon in their names, a model, data."""

    def setUp(self):
        super().setUp()
        self.job_id = self.fault("", "--id", "night:1", "--wait")
        self.uuid = self.job("night:1")["uuid"]
        self.write("data dir/my file.csv", "first,second\n1,2\n")
        self.write("models/penguins/config.yml", "module_id: x\n")
        self.env.update(PATH=f"{os.path.dirname(OSTLER)}:{self.env['PATH']}", TERM="dumb", LANG="C.UTF-8")

    def terminal(self, *command):
        shell = Terminal(command, self.env, self.work)
        self.addCleanup(self.wait_for_silence)
        self.addCleanup(shell.close)
        return shell

    # (typed, what it becomes): with <TAB> at the end of the first.
    def cases(self):
        return [
            ("ostler canc", "ostler cancel "),
            ("ostler train --lab", "ostler train --label "),
            ("ostler train xgboost -p max_d", "ostler train xgboost -p max_depth="),
            ("ostler train xgboost -p task=r", "ostler train xgboost -p task=regression "),
            ("ostler status night", "ostler status night:1 "),
            ("ostler status night:", "ostler status night:1 "),
            (f"ostler status {self.uuid[:5]}", f"ostler status {self.uuid[:8]} "),
            (f"ostler status wTHxlsu:{self.uuid[:5]}", f"ostler status wTHxlsu:{self.uuid} "),
            ("ostler status --color=al", "ostler status --color=always "),
            ("ostler predict pen", "ostler predict penguins "),
            ("ostler cancel nig", "ostler cancel nig"),  # it has ended
        ]


class BashTest(ShellTest):
    RC = f"source {shlex.quote(str(COMPLETIONS / 'ostler.bash'))}\n"

    def function(self, *words, cword=None, line=None, point=None, prelude=""):
        """COMPREPLY as the function makes it of COMP_*, as bash would call it."""
        line = " ".join(words) if line is None else line
        script = f"""{prelude}
            {self.RC}
            COMP_WORDS=({' '.join(map(shlex.quote, words))}) COMP_CWORD={len(words) - 1 if cword is None else cword}
            COMP_LINE={shlex.quote(line)} COMP_POINT={len(line) if point is None else point} COMP_TYPE=9
            _ostler ostler "${{COMP_WORDS[COMP_CWORD]}}" ''
            for word in "${{COMPREPLY[@]}}"; do printf '%s\\n' "$word"; done"""
        result = subprocess.run(["bash", "--norc", "-c", script], env=self.env, cwd=self.work, capture_output=True, check=False)
        self.assertEqual((result.returncode, result.stderr), (0, b""), result.stderr)
        return result.stdout.decode().splitlines()

    def test_the_function(self):
        self.assertEqual(self.function("ostler", "canc"), ["cancel"])
        self.assertEqual(self.function("ostler", "canc", "x", cword=1, line="ostler canc x", point=11), ["cancel"])
        self.assertEqual(self.function("ostler", "--color", "=", "al", line="ostler --color=al"), ["always"])
        self.assertEqual(self.function("ostler", "--color", "=", line="ostler --color="), ["auto", "always", "never"])
        self.assertEqual(self.function("ostler", "status", "night", ":", line="ostler status night:"), ["1"])
        self.assertEqual(self.function("ostler", "status", "wTHxlsu", ":", self.uuid[:4], line=f"ostler status wTHxlsu:{self.uuid[:4]}"),
                         [self.uuid])
        # Without ":" among its breaks the word stays whole; so it does in quotes.
        self.assertEqual(self.function("ostler", "status", "night:", line="ostler status night:", prelude="COMP_WORDBREAKS=' ='"),
                         ["night:1"])
        self.assertEqual(self.function("ostler", "status", '"night:', line='ostler status "night:'), ["night:1"])
        self.assertEqual(self.function("ostler", "train", "xgboost", "'data dir/my file.csv'", "--label", "s"), ["second"])
        self.assertEqual(self.function("ostler", "train", "--save-path", "=", "mo", line="ostler train --save-path=mo"), ["models"])
        self.assertEqual(self.function("ostler", "train", "xgboost", "da"), ["data dir"])
        self.assertEqual(self.function("ostler", "result", "nig", prelude="set -u"), ["night:1"])

    def test_what_the_shell_would_make_something_of(self):
        """The name of a column, from a file of anybody's, must not become a command of the user's."""
        self.write("e.csv", "a,x$(touch PWN)`touch PWN`\"',y\n1,2,3\n")
        plain = self.function("ostler", "train", "linear", "e.csv", "--label", "x")
        double = self.function("ostler", "train", "linear", "e.csv", "--label", '"x')
        single = self.function("ostler", "train", "linear", "e.csv", "--label", "'x")
        for quote, [found] in (("", plain), ('"', double), ("'", single)):
            done = subprocess.run(["bash", "-c", f"printf %s {quote}{found}{quote}"], cwd=self.work, capture_output=True,
                                  text=True, check=True, env=self.env)
            self.assertEqual(done.stdout, "x$(touch PWN)`touch PWN`\"'", found)
        self.assertFalse((self.work / "PWN").exists())

    def test_on_a_terminal(self):
        self.write("rc", f"""{self.RC}
            bind 'set bell-style none'; bind 'set enable-bracketed-paste off'; stty cols 2000
            line() {{ printf '<<%s>>\\n' "$READLINE_LINE"; READLINE_LINE='' READLINE_POINT=0; }}
            bind -x '"\\C-t": line'
            PS1='ready'""")
        shell = self.terminal("/bin/bash", "--noprofile", "--rcfile", str(self.work / "rc"), "-i")
        shell.expect("ready")
        for typed, becomes in [*self.cases(),
                               ("ostler status 'nig", "ostler status 'night:1' "),
                               ("ostler train --save-path=mod", "ostler train --save-path=models/"),
                               ("ostler train xgboost data", "ostler train xgboost data\\ dir/")]:
            shell.send(typed + "\t\x14")
            self.assertEqual(shell.expect(r"<<(.*)>>")[1], becomes)
        shell.send("ostler status --if\x15ostler train --if-exists \t\t\x14")
        self.assertRegex(shell.expect(r"(?s)(reuse .*)<<")[1], r"reuse +give the active or COMPLETED job's id")


class ZshTest(ShellTest):
    def test_on_a_terminal(self):
        (self.home / ".zshrc").write_text(f"""
            fpath=({shlex.quote(str(COMPLETIONS))} $fpath)
            autoload -Uz compinit && compinit -D -u
            unsetopt zle_bracketed_paste prompt_sp; stty cols 2000
            line() {{ print -r -- "<<$BUFFER>>"; BUFFER='' }}
            zle -N line; bindkey "^T" line; bindkey '^I' complete-word
            PS1=ready
            """)
        shell = self.terminal("/usr/bin/zsh", "-d", "-i")
        shell.expect("ready")
        for typed, becomes in [*self.cases(),
                               ("ostler status 'nig", "ostler status 'night:1' "),
                               ("ostler status --status run", "ostler status --status RUNNING "),
                               ("ostler train --save-path=mod", "ostler train --save-path=models/"),
                               ("ostler train xgboost data", "ostler train xgboost data\\ dir/"),
                               ("ostler train xgboost data\\ dir/my\\ file.csv --label s",
                                "ostler train xgboost data\\ dir/my\\ file.csv --label second ")]:
            shell.send(typed + "\t\x14")
            self.assertEqual(shell.expect(r"<<(.*)>>")[1], becomes)
        shell.send("ostler train --if-exists \t\t\x14")
        self.assertRegex(shell.expect(r"(?s)(reuse .*)<<")[1], r"reuse +-- give the active or COMPLETED job's id")


class FishTest(ShellTest):
    def test_complete(self):
        lines = [typed for typed, _ in self.cases()]
        lines += ["ostler status --status run", "ostler train --save-path=mod", "ostler train xgboost data",
                  "ostler train xgboost 'data dir/my file.csv' --label s", "ostler status 'nig"]
        script = f"source {shlex.quote(str(COMPLETIONS / 'ostler.fish'))}\n"
        script += "\n".join(f"complete -C {shlex.quote(line)}; echo -- \\<end\\>" for line in lines)
        result = subprocess.run(["/usr/bin/fish", "--no-config", "-c", script], env=self.env, cwd=self.work, check=False,
                                stdin=subprocess.DEVNULL, capture_output=True)
        self.assertEqual((result.returncode, result.stderr), (0, b""))
        answers = [block.strip("\n").splitlines() for block in result.stdout.decode().split("<end>\n")][:-1]
        self.assertEqual(len(answers), len(lines))
        found = {line: [answer.split("\t")[0] for answer in block] for line, block in zip(lines, answers)}
        for typed, becomes in self.cases():
            word = becomes.split(" ", 1)[1].rstrip(" ").split(" ")[-1]
            self.assertEqual(found[typed], [] if typed == becomes else [word], typed)
        self.assertEqual([found[line] for line in lines[-5:]],
                         [["RUNNING"], ["--save-path=models/"], ["data dir/"], ["second"], ["night:1"]])
        self.assertIn("cancel\tCancel jobs; returns when nothing of their processes is left", answers[0])


if __name__ == "__main__":
    main()
