#!/usr/bin/env python3
"""ostler predict: rows in, rows out, in the foreground and as a job."""
import gzip
import json
import os
import pathlib
import random
import re
import signal
import subprocess
import unittest

from support import DATA, OSTLER, SANITIZED, ID, OstlerTest, accuracy, main

PENGUINS = DATA / "penguins.test.csv"
IRIS = DATA / "iris.test.csv"
SPECIES = {"Adelie", "Chinstrap", "Gentoo"}


class QualityTest(OstlerTest):
    """What a user gets with the defaults, on rows that were not trained on."""

    def reaches(self, module, name, label, wanted):
        test = DATA / f"{name}.test.csv"
        self.ostler("train", module, DATA / f"{name}.train.csv", "--label", label, "--save-path", "m", "--wait")
        self.assertGreaterEqual(accuracy(self.ostler("predict", "m", test).rows, test, label), wanted)

    def test_xgboost_penguins(self):
        self.reaches("xgboost", "penguins", "species", 0.956)

    def test_xgboost_iris(self):
        self.reaches("xgboost", "iris", "target", 0.933)

    def test_xgboost_breast_cancer(self):
        self.reaches("xgboost", "breast_cancer", "target", 0.947)

    def test_linear_penguins(self):
        self.reaches("linear", "penguins", "species", 0.985)

    def test_linear_iris(self):
        self.reaches("linear", "iris", "target", 0.933)

    def test_linear_breast_cancer(self):
        self.reaches("linear", "breast_cancer", "target", 0.973)

    def test_a_number_as_target_is_a_regression(self):
        for module in ("xgboost", "linear"):
            self.ostler("train", module, DATA / "penguins.train.csv", "--label", "body_mass_g", "-p", "ignore=year",
                        "--save-path", "m", "--wait")
            rows = self.ostler("predict", "m", PENGUINS, "--keep", "body_mass_g").rows
            known = [row for row in rows if row["body_mass_g"]]
            error = sum(abs(float(row["prediction"]) - float(row["body_mass_g"])) for row in known) / len(known)
            self.assertLess(error, 350)


class PenguinsTest(OstlerTest):
    def setUp(self):
        super().setUp()
        self.ostler("train", "linear", DATA / "penguins.train.csv", "--label", "species", "--save-path", "models/p",
                    "--wait")

    def test_class_names_come_back(self):
        result = self.ostler("predict", "models/p", PENGUINS)
        self.assertEqual(result.out.splitlines()[0], "prediction")
        self.assertEqual({row["prediction"] for row in result.rows}, SPECIES)

    def test_probabilities(self):
        rows = self.ostler("predict", "models/p", PENGUINS, "--proba").rows
        self.assertEqual(set(rows[0]), {"prediction"} | {f"probability_{name}" for name in SPECIES})
        for row in rows:
            shares = {name: float(row[f"probability_{name}"]) for name in SPECIES}
            self.assertAlmostEqual(sum(shares.values()), 1, places=4)
            self.assertEqual(max(shares, key=shares.get), row["prediction"])

    def test_top(self):
        for row in self.ostler("predict", "models/p", PENGUINS, "--top", "2", "--output-format", "jsonl").out.splitlines():
            self.assertIsInstance(json.loads(row), dict)

    def test_kept_columns(self):
        rows = self.ostler("predict", "models/p", PENGUINS, "--keep", "species,island").rows
        self.assertEqual(list(rows[0]), ["species", "island", "prediction"])
        rows = self.ostler("predict", "models/p", PENGUINS, "--keep", "all").rows
        self.assertEqual(list(rows[0]), [*PENGUINS.read_text().splitlines()[0].split(","), "prediction"])
        self.refused(2, "predict", "models/p", PENGUINS, "--keep", "speces", says=["speces", "species"])

    def test_a_kept_column_of_a_taken_name_is_refused(self):
        header, *rows = PENGUINS.read_text().splitlines()
        clash = self.write("clash.csv", "\n".join([header.replace("species", "prediction"), *rows]) + "\n")
        self.refused(2, "predict", "models/p", clash, "--keep", "prediction", says="prediction")

    def test_json_lines(self):
        header, *rows = [line.split(",") for line in PENGUINS.read_text().splitlines()]
        lines = []
        for row in rows:
            cells = {name: cell for name, cell in zip(header, row) if cell}
            lines.append(json.dumps({name: float(cell) if cell.replace(".", "").isdigit() else cell
                                     for name, cell in cells.items()}))
        # Every column must be in the first object, which names them.
        lines.sort(key=len, reverse=True)
        self.write("p.jsonl", "\n".join(lines) + "\n")
        out = self.ostler("predict", "models/p", "p.jsonl", "--proba").out.splitlines()
        self.assertEqual(len(out), len(rows))
        first = json.loads(out[0])
        self.assertEqual(set(first), {"prediction", "probabilities"})
        self.assertEqual(set(first["probabilities"]), SPECIES)

    def test_json_is_json_lines_out(self):
        for flag in (["--json"], ["--output-format", "jsonl"]):
            rows = [json.loads(line) for line in self.ostler("predict", "models/p", PENGUINS, *flag).out.splitlines()]
            self.assertEqual({row["prediction"] for row in rows}, SPECIES)

    def test_compressed_input(self):
        plain = self.ostler("predict", "models/p", PENGUINS).out
        self.write("p.csv.gz", gzip.compress(PENGUINS.read_bytes()))
        self.assertEqual(self.ostler("predict", "models/p", "p.csv.gz").out, plain)

    def test_standard_input_without_data(self):
        plain = self.ostler("predict", "models/p", PENGUINS).out
        self.assertEqual(self.ostler("predict", "models/p", stdin=PENGUINS.read_bytes()).out, plain)

    def test_output_goes_to_a_file_as_a_whole(self):
        plain = self.ostler("predict", "models/p", PENGUINS).out
        result = self.ostler("predict", "models/p", PENGUINS, "-o", "out.csv")
        self.assertEqual((result.out, (self.work / "out.csv").read_text()), ("", plain))

    def test_a_failure_leaves_no_output_file(self):
        bad = self.write("bad.csv", PENGUINS.read_text() + "ragged,1\n")
        self.refused(2, "predict", "models/p", bad, "-o", "out.csv", says="bad.csv:71")

    def test_a_missing_column_is_an_error_that_names_it(self):
        header, *rows = PENGUINS.read_text().splitlines()
        other = self.write("other.csv", "\n".join([header.replace("body_mass_g", "mass"), *rows]) + "\n")
        self.refused(2, "predict", "models/p", other, says=["body_mass_g", "other.csv"])

    def test_extra_columns_are_ignored_with_a_note(self):
        lines = PENGUINS.read_text().splitlines()
        wider = "\n".join([f"ring,{lines[0]}", *(f"{number},{line}" for number, line in enumerate(lines[1:]))]) + "\n"
        self.write("wider.csv", wider)
        plain = self.ostler("predict", "models/p", PENGUINS)
        result = self.ostler("predict", "models/p", "wider.csv")
        self.assertEqual(result.out, plain.out)
        self.assertIn("ring", result.err)
        self.assertEqual(self.ostler("predict", "models/p", "wider.csv", "--quiet").err, "")

    def test_the_order_of_columns_does_not_matter(self):
        lines = [",".join(reversed(line.split(","))) for line in PENGUINS.read_text().splitlines()]
        self.write("turned.csv", "\n".join(lines) + "\n")
        self.assertEqual(self.ostler("predict", "models/p", "turned.csv").out,
                         self.ostler("predict", "models/p", PENGUINS).out)

    def test_bad_rows_fail_or_are_skipped_or_are_null(self):
        lines = PENGUINS.read_text().splitlines()
        self.write("bad.csv", "\n".join([*lines[:3], "ragged,1", *lines[3:6]]) + "\n")
        self.ostler("predict", "models/p", "bad.csv", code=2)
        skipped = self.ostler("predict", "models/p", "bad.csv", "--on-error", "skip")
        self.assertEqual(len(skipped.rows), 5)
        self.assertIn("bad.csv:4", skipped.err)
        null = self.ostler("predict", "models/p", "bad.csv", "--on-error", "null", "--keep", "species")
        self.assertEqual([bool(row["prediction"]) for row in null.rows], [True, True, False, True, True, True])

    def test_a_detached_prediction_gives_the_same_rows(self):
        plain = self.ostler("predict", "models/p", PENGUINS).out
        job = self.ostler("predict", "--detach", "models/p", PENGUINS).line
        self.assertRegex(job, f"^{ID}$")
        self.assertEqual(self.ostler("result", job).out, plain)
        info = self.job(job)
        self.assertEqual((info["kind"], info["status"], info["module"]["name"]), ("predict", "COMPLETED", "linear"))

    def test_a_detached_prediction_of_standard_input(self):
        plain = self.ostler("predict", "models/p", PENGUINS).out
        job = self.ostler("predict", "-d", "models/p", stdin=PENGUINS.read_bytes()).line
        self.assertEqual(self.ostler("result", job).out, plain)

    def test_a_detached_prediction_into_a_file(self):
        plain = self.ostler("predict", "models/p", PENGUINS).out
        job = self.ostler("predict", "-d", "models/p", PENGUINS, "-o", "out.csv", "--wait").line
        self.assertEqual((self.work / "out.csv").read_text(), plain)
        self.assertEqual(self.job(job)["result"], str(self.work / "out.csv"))

    def test_rows_come_out_while_others_go_in(self):
        header, *rows = PENGUINS.read_bytes().splitlines(keepends=True)
        process = self.start("predict", "models/p", stdin=subprocess.PIPE)
        process.stdin.write(header)
        for number, row in enumerate(rows[:3]):
            process.stdin.write(row)
            process.stdin.flush()
            lines = [process.stdout.readline() for _ in range(2 if number == 0 else 1)]
            self.assertIn(lines[-1].decode().strip(), SPECIES)
        process.stdin.close()
        process.stdin = None
        self.assertEqual(process.wait(), 0)

    def test_a_reader_that_goes_away_is_no_error(self):
        header, *rows = PENGUINS.read_text().splitlines(keepends=True)
        self.write("big.csv", header + "".join(rows) * 2000)
        process = self.start("predict", "-q", "models/p", "big.csv")
        process.stdout.readline()
        process.stdout.close()
        process.stdout = None
        err = process.stderr.read()
        self.assertEqual((process.wait(), err), (141, b""))

    def test_the_data_are_no_output(self):
        self.write("x.csv", PENGUINS.read_text())
        (self.work / "link.csv").symlink_to("x.csv")
        for output in ("x.csv", "link.csv", f"../{self.work.name}/x.csv"):
            self.refused(2, "predict", "models/p", "x.csv", "-o", output, says="it is the data")
            self.refused(2, "predict", "-d", "models/p", "x.csv", "-o", output, says="it is the data")

    def test_an_output_that_is_a_link_is_written_behind_it(self):
        (self.work / "out.csv").symlink_to("there.csv")
        self.ostler("predict", "models/p", PENGUINS, "-o", "out.csv")
        self.assertTrue((self.work / "out.csv").is_symlink())
        self.assertIn("prediction", (self.work / "there.csv").read_text())

    def test_what_is_kept_is_kept_as_it_is(self):
        header, *rows = PENGUINS.read_text().splitlines()
        self.write("x.csv", "\n".join(["country," + header] + [("NA," if n % 2 else ",") + row for n, row in enumerate(rows)]) + "\n")
        kept = [row["country"] for row in self.ostler("predict", "models/p", "x.csv", "--keep", "country").rows]
        self.assertEqual(kept[:4], ["", "NA", "", "NA"])

    def test_options_that_mean_nothing_are_refused(self):
        for words in (["--format", "{id}"], ["--json", "--output-format", "csv"], ["--timeout", "3"],
                      ["--output-format", "text", "--proba"]):
            self.refused(2, "predict", "models/p", PENGUINS, *words)

    def test_an_output_that_is_a_name_of_an_open_file(self):
        """-o -, /dev/stdout, and the /dev/fd/N of a shell's >(command): nothing behind them is replaced."""
        rows = self.ostler("predict", "models/p", PENGUINS).out
        for name in ("-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"):
            self.write("log", "precious\n")
            with open(self.work / "log", "a") as log:
                done = subprocess.run([OSTLER, "predict", "models/p", PENGUINS, "-o", name], cwd=self.work, env=self.env,
                                      stdout=subprocess.PIPE, stderr=log, text=True, check=True)
            self.assertEqual(done.stdout, rows)
            self.assertEqual((self.work / "log").read_text(), "precious\n")
            self.refused(2, "predict", "models/p", PENGUINS, "--detach", "-o", name, says="ostler result")
        script = f"'{OSTLER}' predict models/p '{PENGUINS}' -o >(cat >copy; echo done >ended); cat <&0"
        subprocess.run(["bash", "-c", script], cwd=self.work, env=self.env, stdin=subprocess.DEVNULL, check=True)
        self.until((self.work / "ended").exists, "the rows")
        self.assertEqual((self.work / "copy").read_text(), rows)
        self.refused(1, "predict", "models/p", PENGUINS, "-o", "nowhere/rows.csv", says="predictions to nowhere/rows.csv: no such")
        self.refused(1, "predict", "models/p", PENGUINS, "-o", "/dev/fd/99", says="/dev/fd/99")

    def test_an_output_that_is_no_file(self):
        os.mkfifo(self.work / "pipe")
        self.refused(2, "predict", "-d", "models/p", PENGUINS, "-o", "pipe", says="no regular file")
        self.assertIn("/dev/full", self.ostler("predict", "models/p", PENGUINS, "-o", "/dev/full", code=1).err)
        self.assertEqual(self.ostler("predict", "models/p", PENGUINS, "-o", "/dev/null").out, "")

    def test_columns_without_use_are_noted_but_not_the_label(self):
        self.assertEqual(self.ostler("predict", "models/p", PENGUINS).err, "")
        header, *rows = PENGUINS.read_text().splitlines()
        self.write("more.csv", "\n".join(["ring," + header] + ["7," + row for row in rows]) + "\n")
        self.assertIn("does not use: ring\n", self.ostler("predict", "models/p", "more.csv").err)

    @unittest.skipIf(SANITIZED, "the sanitizer keeps freed memory for a while")
    def test_memory_does_not_grow_with_the_input(self):
        header, *rows = PENGUINS.read_text().splitlines(keepends=True)
        peaks = []
        for times in (1000, 4000):
            process = subprocess.Popen([OSTLER, "predict", "-q", "models/p"], env=self.env, cwd=self.work,
                                       stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
            # All but the last rows have been taken when the pipe takes the last; rusage would count this test's own
            # memory, which the child had before it became ostler.
            process.stdin.write((header + "".join(rows) * times).encode())
            process.stdin.flush()
            status = pathlib.Path("/proc", str(process.pid), "status").read_text()
            peaks.append(int(re.search(r"VmHWM:\s*(\d+)", status)[1]))
            process.stdin.close()
            self.assertEqual(process.wait(), 0)
        self.assertLess(peaks[1], peaks[0] + 4096, f"KiB for 69,000 and for 276,000 rows: {peaks}")

    def test_an_unknown_method_is_refused(self):
        """[PRD-5] [PRD-6]"""
        self.refused(2, "predict", "models/p", PENGUINS, "--method", "fly", says=["fly", "run"])


class PredictJobTest(OstlerTest):
    def model(self, do, **parameters):
        self.wait_for(self.fault(do, "--save-path", "m", **parameters))
        return "m"

    def test_PRD_1_the_result_is_in_the_store(self):
        """[PRD-1]"""
        job = self.ostler("predict", "-d", self.model(""), IRIS).line
        info = self.wait_for(job)
        self.assertEqual(info["result"], f"{self.store}/jobs/{info['uuid']}/result.csv")
        self.assertEqual(open(info["result"]).read(), self.ostler("result", job).out)

    def test_PRD_1_a_result_dir(self):
        """[PRD-1] The result is <result_dir>/<uuid>/result.<format>, and a named output goes before it."""
        self.configure("model_management: {job_predictors: {default: {type: LOCAL, config: {result_dir: results}}}}")
        model = self.model("")
        job = self.ostler("predict", "-d", model, IRIS, "--id", "daily", "--output-format", "jsonl").line
        info = self.wait_for(job)
        self.assertEqual(info["result"], f"{self.work}/results/{info['uuid']}/result.jsonl")
        self.assertEqual(open(info["result"]).read(), self.ostler("result", job).out)
        named = self.wait_for(self.ostler("predict", "-d", model, IRIS, "-o", "mine.csv").line)
        self.assertEqual(named["result"], f"{self.work}/mine.csv")
        self.assertEqual([path.name for path in (self.work / "results").iterdir()], [info["uuid"]])

    def test_PRD_5_the_method_is_named(self):
        """[PRD-5] [PRD-6] In the foreground and in a job; an unknown one makes no job."""
        model = self.model("")
        for method, value in (("run", "fault"), ("twice", "faultfault")):
            rows = self.ostler("predict", model, IRIS, "--method", method).out
            self.assertEqual(rows.splitlines()[1], value)
            job = self.ostler("predict", "-d", model, IRIS, "--method", method).line
            self.assertEqual(self.ostler("result", job).out, rows)
        self.wait_for_silence()
        self.refused(2, "predict", "-d", model, IRIS, "--method", "rum", says=["rum", 'did you mean "run"'])

    def test_JOB_13_every_command_takes_ids_of_both_kinds(self):
        """[JOB-13]"""
        model = self.model("")
        for job in (self.fault(""), self.ostler("predict", "-d", model, IRIS).line):
            for command in ("wait", "status", "result", "logs", "cancel", "prune"):
                self.ostler(command, job)

    def test_PRD_2_the_result_of_a_failed_prediction_is_its_error(self):
        """[PRD-2]"""
        job = self.ostler("predict", "-d", self.model("throw", where="run", message="no rows today"), IRIS).line
        result = self.ostler("result", job, code=6)
        self.assertEqual(result.out, "")
        self.assertIn("no rows today", result.err)

    def test_PRD_2_the_result_of_a_canceled_prediction(self):
        """[PRD-2]"""
        job = self.ostler("predict", "-d", self.model("wait", where="run", file="/nowhere"), IRIS).line
        self.wait_for(job, "RUNNING")
        self.ostler("cancel", job)
        self.assertEqual(self.ostler("result", job, code=5).out, "")

    def test_PRD_8_a_failed_rerun_never_shows_the_old_result(self):
        """[PRD-8]"""
        released = self.write("released", "")
        self.model("wait", where="run", file=released)
        self.ostler("predict", "-d", "m", IRIS, "--id", "daily", "--wait")
        self.assertEqual(len(self.ostler("result", "daily").rows), 30)
        self.model("throw", where="run", message="broken today")
        self.ostler("predict", "-d", "m", IRIS, "--id", "daily", "--wait", code=6)
        again = self.ostler("result", "daily", code=6)
        self.assertEqual(again.out, "")
        self.assertIn("broken today", again.err)

    def test_PRD_8_a_failed_rerun_leaves_the_file_that_the_user_named(self):
        """[PRD-8]"""
        self.model("")
        self.ostler("predict", "-d", "m", IRIS, "-o", "out.csv", "--wait")
        before = (self.work / "out.csv").read_text()
        self.model("throw", where="run")
        self.ostler("predict", "-d", "m", IRIS, "-o", "out.csv", "--wait", code=6)
        self.assertEqual((self.work / "out.csv").read_text(), before)

    def test_a_library_that_prints_cannot_corrupt_the_rows(self):
        for where in ("load", "run"):
            self.model("stdout", where=where, message="chatter of a library")
            result = self.ostler("predict", "m", IRIS)
            if where == "load":
                self.assertNotIn("chatter", result.out)
            job = self.ostler("predict", "-d", "m", IRIS).line
            self.assertNotIn("chatter", self.ostler("result", job).out)
            self.assertIn("chatter", self.ostler("logs", job).out)

    def test_a_load_that_fails_in_the_foreground_is_code_1(self):
        self.model("throw_std", where="load", message="cannot wake up")
        self.assertIn("cannot wake up", self.ostler("predict", "m", IRIS, code=1).err)

    def test_interrupted_in_the_foreground(self):
        self.model("mark,wait", where="run", file="/nowhere", mark=self.work / "marked")
        process = self.start("predict", "m", IRIS)
        self.until((self.work / "marked").exists, "the prediction to begin")
        process.send_signal(signal.SIGINT)
        self.assertIn(process.wait(), (130, -signal.SIGINT))  # a shell shows 130 for both


class LargeInputTest(OstlerTest):
    def test_order_is_kept_over_many_blocks(self):
        numbers = [str(random.Random(1).random() + number) for number in range(50000)]
        self.write("n.csv", "\n".join(["a,b", *(f"{number},x" for number in numbers)]) + "\n")
        self.wait_for(self.fault("", "--save-path", "m", column="a"))
        self.assertEqual([row["prediction"] for row in self.ostler("predict", "m", "n.csv").rows], numbers)


if __name__ == "__main__":
    main()
