#!/usr/bin/env python3
"""What people see: lines that are drawn over, tables that fit, curves; in tmux where a screen is needed, else on a
pseudo terminal."""
import fcntl
import os
import re
import shutil
import signal
import struct
import subprocess
import termios
import threading
import unittest

from support import DATA, OSTLER, PREFIX, OstlerTest, main

IRIS = DATA / "iris.train.csv"
UTF_8 = {"TERM": "xterm-256color", "LANG": "C.UTF-8"}
BRAILLE = re.compile("[\u2801-\u28ff]")


class TerminalTest(OstlerTest):
    def setUp(self):
        super().setUp()
        self.env.update(UTF_8)

    def on_terminal(self, *args, code=0, columns=80, rows=24, env=(), **streams):
        """Runs ostler with a pseudo terminal as standard input, output and error, but for those in `streams`; what it
        shows there, and the Result's stdout where that is a pipe."""
        master, slave = os.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        shown = []

        def read():
            try:
                while text := os.read(master, 1 << 16):
                    shown.append(text)
            except OSError:  # the other end is closed
                pass
        reader = threading.Thread(target=read)
        reader.start()
        process = subprocess.Popen([OSTLER, *map(str, args)], cwd=self.work, env={**self.env, **dict(env)},
                                   **{"stdin": slave, "stdout": slave, "stderr": slave, **streams})
        os.close(slave)
        out = process.communicate()[0] or b""
        reader.join()
        os.close(master)
        text = b"".join(shown).decode().replace("\r\n", "\n")
        self.assertEqual(process.returncode, code, text)
        return text, out.decode()

    def trained(self, rounds=40, *more):
        """The id of a training that has ended, with a curve."""
        job = self.fault("", *more, rounds=rounds)
        self.wait_for(job)
        return job

    def gated(self, *more):
        """A training of 10 rounds that goes as far as open_gate() lets it."""
        return self.fault("", "--cpus", "1", *more, rounds=10, gate=self.work / "gate")

    def open_gate(self, rounds):
        self.write("gate.new", str(rounds)).rename(self.work / "gate")

    @staticmethod
    def short(job):
        return job.split(":")[-1][:8]


class PseudoTerminalTest(TerminalTest):
    def test_after_a_submit_it_says_what_is_next(self):
        shown, out = self.on_terminal("train", "fault", IRIS, stdout=subprocess.PIPE)
        job = self.short(out.strip())
        self.assertIn(f"ostler wait {job}", shown)
        self.assertIn(f"ostler logs -f {job}", shown)
        for option in ("-q", "--json"):
            self.assertEqual(self.on_terminal("train", "fault", IRIS, option, stdout=subprocess.PIPE)[0], "")
        self.ostler("wait", "--since", "1h")

    def test_in_ci_it_warns_that_the_step_may_end_the_job(self):
        ci = {**self.env, "CI": "true"}
        self.assertIn("--wait", self.ostler("train", "fault", IRIS, env=ci).err)
        for arguments, env in ((["-q"], ci), (["--wait"], ci), ([], {**ci, "CI": ""})):
            self.assertEqual(self.ostler("train", "fault", IRIS, *arguments, env=env).err, "")
        self.ostler("wait", "--since", "1h")

    def test_curves_that_are_hard_to_draw(self):
        def page(*values):
            events = "".join(f'{{"event":"progress","done":{i},"unit":"epochs","metrics":{{"loss":{value}}}}}\n' for i, value in enumerate(values))
            self.write("events", events)
            script = self.write("train.sh", f"#!/bin/sh\ncat {self.work}/events >> \"$OSTLER_EVENTS\"\ntouch \"$OSTLER_MODEL_DIR/m\"\n")
            script.chmod(0o755)
            job = self.train(script, IRIS)
            self.wait_for(job)
            return self.on_terminal("status", job, "--color=never")[0].partition("loss, now")[2].splitlines()[1:9]

        # Over the whole range of numbers: from the bottom to the top.
        for falls in (page("1.7e308", "-1.7e308"), page(1, "Infinity", "NaN", 0)):
            self.assertEqual([bool(re.search(BRAILLE, line)) for line in falls], [True] * 8)
        # Rounding is no rise: one line in the middle.
        flat = page(1, "1.0000000000000002", 1)
        self.assertEqual([bool(re.search(BRAILLE, line)) for line in flat].count(True), 1, flat)
        for nothing in (("NaN", "NaN"), (1,), ("Infinity", 1)):
            self.assertEqual(page(*nothing), [])

    def test_a_learning_curve_is_drawn(self):
        job = self.trained()
        page, _ = self.on_terminal("status", job, "--color=never")
        self.assertRegex(page, BRAILLE)
        self.assertRegex(page, r"(?m)^loss, now 0\.025, least 0\.025 at 40 rounds$")
        curve = page[page.index("loss, now"):].splitlines()
        self.assertRegex(curve[1], r"^ +1 [\u2801-\u28ff]")  # it falls from 1
        self.assertRegex(curve[-2], r"^0\.025 +[\u2801-\u28ff]+$")
        self.assertRegex(page, r"(?m)^submitted: +\d{4}-\S+Z \(\d+s ago\)$")
        self.assertRegex(page, r"(?m)^command: +ostler train fault ")
        for env in ({"LANG": "C"}, {"LC_ALL": "POSIX"}, {"LANG": ""}):
            page, _ = self.on_terminal("status", job, "--color=never", env=env)
            self.assertTrue(page.isascii(), page)
            self.assertRegex(page, r"(?m)^ +1 \*")
        self.assertNotIn("\x1b", self.on_terminal("status", job, env={"TERM": "dumb"})[0])
        out = self.ostler("status", job).out
        self.assertTrue(out.isascii(), out)
        self.assertNotIn("now 0.025", out)
        self.assertRegex(out, r"(?m)^submitted: \S+Z$")

    def test_a_table_is_cut_to_the_width_and_not_in_a_pipe(self):
        path = self.work / "models" / ("of-a-long-name-" * 6)
        job = self.trained(3, "--save-path", path)
        for columns in (120, 80, 60, 40, 20):
            for env in ({}, {"LANG": "C"}):
                table, _ = self.on_terminal("status", "--color=never", columns=columns, env=env)
                for line in table.splitlines():
                    self.assertLessEqual(len(line), columns, table)
                self.assertRegex(table, f"(?m)^{self.short(job)}  COMPLETED")
                self.assertEqual(table.isascii(), bool(env) or columns < 40, table)
        self.assertIn(str(path), self.ostler("status").out)
        fields = ["--columns", "short_id,status,save_path"]
        table, _ = self.on_terminal("status", *fields, columns=50)
        self.assertLessEqual(max(map(len, table.splitlines())), 50, table)
        self.assertIn(str(path), self.ostler("status", *fields).out)

    def test_rows_that_went_to_a_file_are_counted(self):
        model = self.trained(3)
        text, _ = self.on_terminal("predict", model, IRIS, "-o", "rows.csv")
        self.assertRegex(text, r"^ostler: 120 rows in .*: rows\.csv\n$")
        self.assertEqual(self.on_terminal("predict", "-q", model, IRIS, "-o", "rows.csv")[0], "")

    def test_wide_characters_take_two_columns(self):
        self.trained(3, "--save-path", self.work / ("馬" * 30))
        table, _ = self.on_terminal("status", "--color=never", columns=60)
        line = table.splitlines()[1]
        self.assertIn("馬", line)
        self.assertLessEqual(len(line) + line.count("馬"), 60)

    def test_colours(self):
        self.trained(3)
        coloured = [({}, []), ({"NO_COLOR": ""}, []), ({"TERM": "dumb", "NO_COLOR": "1"}, ["--color=always"])]
        plain = [({"NO_COLOR": "1"}, []), ({"TERM": "dumb"}, []), ({}, ["--color", "never"])]
        for env, arguments in coloured:
            self.assertIn("\x1b[32m", self.on_terminal("status", *arguments, env=env)[0])
        for env, arguments in plain:
            self.assertNotIn("\x1b", self.on_terminal("status", *arguments, env=env)[0])
        self.assertNotIn("\x1b", self.ostler("status").out)
        self.assertIn("\x1b[32m", self.ostler("status", "--color", "always").out)
        self.refused(2, "status", "--color", "alway", says="always")

    def test_what_cannot_be_drawn_on_is_not(self):
        self.refused(2, "status", "--watch", says=["ostler wait", "status --json"])
        self.refused(2, "status", "--watch", "--json", says="--json")
        shown, _ = self.on_terminal("status", "--watch", code=2, env={"TERM": "dumb"})
        self.assertNotIn("\x1b", shown)
        job = self.gated()
        shown, _ = self.on_terminal("wait", job, "--timeout", "0.3s", code=124, env={"TERM": "dumb"})
        self.assertEqual(shown, "ostler: --timeout ran out; the job goes on\n")
        self.assertEqual(self.on_terminal("wait", job, "--timeout", "0.3s", "-q", code=124)[0], "")
        self.assertEqual(self.ostler("wait", job, "--timeout", "0.3s", "-q", code=124).err, "")
        self.open_gate(10)
        self.wait_for(job)

    def test_progress_in_a_file_is_plain_lines(self):
        job = self.gated()
        self.open_gate(5)
        with open(self.work / "said", "wb") as said:
            waiting = subprocess.Popen([OSTLER, "wait", job], cwd=self.work, env=self.env, stderr=said)
        self.addCleanup(waiting.kill)
        line = self.until((self.work / "said").read_text, "the first line", job)
        self.assertRegex(line, rf"^ostler: {self.short(job)}, 50%, 5/10 rounds, .*loss=0\.2\n$")
        self.open_gate(10)
        self.assertEqual(waiting.wait(), 0)

    def test_logs_follow_from_the_queue(self):
        self.configure("model_management: {trainers: {default: {type: LOCAL, config: {max_concurrent: 1}}}}\n")
        first = self.fault_waiting()
        job = self.fault("stdout", message="its words")
        with open(self.work / "said", "wb") as said:
            following = subprocess.Popen([OSTLER, "logs", "-f", job], cwd=self.work, env=self.env, stderr=said,
                                         stdout=subprocess.PIPE)
        self.addCleanup(following.kill)
        self.assertIn("QUEUED", self.until((self.work / "said").read_text, "what it waits for", job))
        self.release()
        self.assertIn(b"its words", following.communicate()[0])
        self.assertEqual(following.returncode, 0)
        self.wait_for(first)


@unittest.skipUnless(shutil.which("tmux"), "tmux is not installed")
class ScreenTest(TerminalTest):
    """A shell in tmux, with a server of its own."""

    def setUp(self):
        super().setUp()
        self.env.update(PATH=f"{PREFIX / 'bin'}:{self.env['PATH']}", TMUX_TMPDIR=str(self.directory), PS1="$ ")
        self.addCleanup(self.tmux, "kill-server", check=False)
        self.tmux("new-session", "-d", "-x", "100", "-y", "20", "-c", self.work, "sh")
        self.shows(r"\$")

    def tmux(self, *args, check=True):
        return subprocess.run(["tmux", "-L", "test", "-f", "/dev/null", *map(str, args)], env=self.env, check=check,
                              capture_output=True, text=True, encoding="utf-8").stdout

    def type(self, line):
        self.tmux("send-keys", "-l", line)
        self.tmux("send-keys", "Enter")

    def key(self, name):
        self.tmux("send-keys", name)

    def resize(self, columns, rows):
        self.tmux("resize-window", "-x", columns, "-y", rows)

    def screen(self):
        """The lines that are shown, without the empty ones at the end."""
        return self.tmux("capture-pane", "-p").rstrip("\n").split("\n")

    def screen_is(self, pattern):
        """Waits until all that is shown matches."""
        self.until(lambda: re.fullmatch(pattern, "\n".join(self.screen())), f"the screen to be {pattern}")

    def shows(self, pattern):
        """Waits until a line of the screen matches, and gives the lines."""
        def there():
            lines = self.screen()
            return lines if any(re.search(pattern, line) for line in lines) else None
        try:
            return self.until(there, f"the screen to show {pattern}")
        except AssertionError as error:
            raise AssertionError(f"{error}\n--- screen\n" + "\n".join(self.screen())) from None

    def test_a_live_line_and_its_end(self):
        self.open_gate(4)
        self.type(f"ostler train fault {IRIS} -p rounds=10 -p gate={self.work}/gate --wait; echo code=$?")
        lines = self.shows(r"^[0-9a-f]{8}  [━─]+   40%  4/10 rounds  .*loss=0\.25$")
        job = next(line for line in lines if line.startswith("wTHxlsu:"))
        short = self.short(job)
        # It is one line in any window, and the line before it is there.
        for columns in (50, 30, 70):
            self.resize(columns, 20)
            until = rf"^{short}   40%  4/10 round" if columns < 70 else rf"^{short}  [━─]+   40%"
            lines = self.shows(until)
            self.assertEqual(sum(short in line and "rounds" in line or line.startswith(short) for line in lines), 1)
        self.resize(100, 20)
        self.key("C-c")
        lines = self.shows("code=130")
        self.assertIn(f"to come back: ostler wait {short}", "".join(lines))
        self.assertNotIn("rounds  ", "".join(lines))
        self.assertEqual(self.job(job)["status"], "RUNNING")
        self.type(f"clear; ostler wait {short}; echo code=$?")
        self.shows("4/10 rounds")
        self.open_gate(10)
        lines = self.shows("code=0")
        self.assertRegex(lines[0], rf"^ostler: training {short} is COMPLETED after ")
        self.assertEqual(lines[1], "code=0")

    def test_several_jobs_have_several_lines(self):
        self.configure("model_management: {trainers: {default: {type: LOCAL, config: {max_concurrent: 1}}}}\n")
        self.open_gate(3)
        jobs = [self.gated() for _ in range(3)]
        self.type(f"clear; ostler wait {' '.join(jobs)}; echo code=$?")
        self.shows("3/10 rounds")
        lines = self.shows(r"^0 of 3 jobs ended, 1 RUNNING, 2 QUEUED$")
        self.assertEqual([line[:8] for line in lines if "QUEUED for" in line], [self.short(job) for job in jobs[1:]])
        self.assertEqual(sum("3/10 rounds" in line for line in lines), 1)
        self.resize(100, 3)
        self.screen_is(r"[0-9a-f]{8}  .*3/10 rounds .*\n0 of 3 jobs ended, 1 RUNNING, 2 QUEUED")
        self.resize(100, 20)
        self.open_gate(10)
        lines = self.shows("code=0")
        self.assertEqual(sum("is COMPLETED after" in line for line in lines), 3)
        self.assertEqual(sum("jobs ended" in line or "QUEUED for" in line for line in lines), 0)

    def test_watching(self):
        self.type("echo before; ostler status --watch; echo code=$?")
        self.shows("^no jobs; q quits")
        job = self.gated()
        self.open_gate(2)
        self.shows(rf"^{self.short(job)}  RUNNING .* 20% +loss=0\.5")
        self.resize(40, 4)
        self.screen_is(rf"1 RUNNING; q quits\n\nID .*\n{self.short(job)}  RUNNING .*")
        self.resize(100, 20)
        self.key("q")
        lines = self.shows("code=0")
        self.assertNotIn("RUNNING", "".join(lines))  # what was there before is there again
        self.type(f"clear; ostler status --watch {job}; echo code=$?")
        self.shows("^1 RUNNING; q quits")
        self.key("C-c")
        self.shows("code=0")
        self.type(f"clear; sh -c 'echo $$ >pid; exec ostler status --watch {job}'; echo code=$?")
        self.shows("^1 RUNNING; q quits")
        os.kill(int((self.work / "pid").read_text()), signal.SIGHUP)
        self.assertNotIn("RUNNING", "".join(self.shows("code=129")))
        self.type(f"clear; ostler status --watch {job}; echo code=$?")
        self.shows("^1 RUNNING; q quits")
        self.open_gate(10)
        lines = self.shows("code=0")
        self.assertRegex("\n".join(lines), rf"(?m)^{self.short(job)}  COMPLETED ")

    def test_rows_predicted_in_the_foreground(self):
        model = self.trained(3)
        fifo = self.work / "rows"
        os.mkfifo(fifo)
        self.type(f"clear; ostler predict {model} --input-format csv < rows > out.csv; echo code=$?")
        with open(IRIS, encoding="ascii") as file:
            header, *rows = file.readlines()
        with open(fifo, "w", encoding="ascii") as writer:
            writer.write(header)

            def fed():
                writer.writelines(rows)
                writer.flush()
                return any(re.search(r"^\d+ rows  \d+", line) for line in self.screen())
            self.until(fed, "the live line")
        lines = self.shows("code=0")
        self.assertRegex(lines[0], r"^ostler: \d+ rows in \d")
        self.assertEqual(lines[1], "code=0")


if __name__ == "__main__":
    main()
