#!/usr/bin/env python3
"""Command modules: programs of the user's that train and predict."""
import json
import os
import pathlib
import signal

from support import DATA, OstlerTest, is_dead, main

TRAIN = """import collections, csv, json, os
job = json.load(open(os.environ["OSTLER_PARAMS"]))
label = job["parameters"]["label"]
rows = [row for path in job["data"] for row in csv.DictReader(open(path))]
best, count = collections.Counter(row[label] for row in rows).most_common(1)[0]
with open(os.environ["OSTLER_EVENTS"], "a") as events:
    print(json.dumps({"done": 1, "total": 1, "unit": "passes", "metrics": {"train_accuracy": count / len(rows)}}), file=events)
json.dump({"best": best}, open(os.path.join(os.environ["OSTLER_MODEL_DIR"], "model.json"), "w"))
"""
PREDICT = """import csv, json, os, sys
model = json.load(open(os.path.join(os.environ["OSTLER_MODEL_DIR"], "model.json")))
out = csv.writer(sys.stdout)
out.writerow(["prediction"])
for row in csv.DictReader(sys.stdin):
    out.writerow([model["best"]])
"""
# Ways to go wrong while predicting, told by the file `how` beside the script; with JSON Lines in and out.
MISCHIEF = """import json, os, pathlib, signal, subprocess, sys, time
how = pathlib.Path(__file__).with_name("how").read_text().split()
mark = pathlib.Path(__file__).with_name("mark")
def say(row): print(json.dumps(row), flush=True)
for number, line in enumerate(sys.stdin):
    row = json.loads(line)
    if number == 2:
        if how[0] == "exit": print("it is all over", file=sys.stderr); sys.exit(int(how[1]))
        if how[0] == "kill": os.kill(os.getpid(), int(how[1]))
        if how[0] == "garbage": print("Loading the model ...", flush=True)
        if how[0] == "close": os.close(1); sys.stdin.read(); os._exit(0)
        if how[0] == "few": continue
        if how[0] == "many": say({"prediction": "one more"})
        if how[0] in ("child", "leave"): subprocess.Popen(["sleep", "1000"])
        if how[0] in ("hang", "child"):
            mark.with_suffix(".new").write_text(str(os.getpid())); mark.with_suffix(".new").rename(mark)
            while True: time.sleep(1000)
        if how[0] == "error": say({"prediction": None, "error": "no luck with this one"}); continue
    say({"prediction": row["x"], "error": None})
"""


class WithPrograms(OstlerTest):
    def setUp(self):
        super().setUp()
        self.env.pop("OSTLER_MODULE_DIRECTORIES")
        self.write("train.py", TRAIN)
        self.write("predict.py", PREDICT)

    def declare(self, name="churn", where="ostler.yml", **config):
        config = {"train": ["python3", "train.py"], "run": ["python3", "predict.py"], **config}
        config = {key: value for key, value in config.items() if value is not None}
        return self.write(where, json.dumps({"modules": {name: {"type": "command", "config": config}}}))

    def trained(self, module="churn", *args, **more):
        return self.wait_for(self.train(module, DATA / "iris.train.csv", "--label", "target", "--save-path", "m", *args, **more))

    def failed(self, script, status="ERRORED", **config):
        """A training by this script: what became of it."""
        self.write("train.py", script)
        self.declare(**config)
        info = self.wait_for(self.train("churn", DATA / "iris.train.csv", "--save-path", "m"), status)
        self.assertFalse((self.work / "m").exists())
        return info


class ProgramsTest(WithPrograms):
    def test_a_parent_that_ignores_the_end_of_children(self):
        """Ignoring SIGCHLD is inherited; the ends of programs must be told all the same."""
        self.declare()
        def ignore():
            signal.signal(signal.SIGCHLD, signal.SIG_IGN)
        self.ostler("train", "churn", DATA / "iris.train.csv", "--label", "target", "--save-path", "m", "--wait",
                    preexec_fn=ignore)
        self.ostler("predict", "m", DATA / "iris.test.csv", preexec_fn=ignore)

    def test_a_ten_line_script_is_trained_and_predicts(self):
        self.declare()
        info = self.trained()
        self.assertEqual(info["progress"]["done"], 1)
        self.assertAlmostEqual(info["metrics"]["train_accuracy"], 43 / 120)
        self.assertEqual(info["module"]["name"], "churn")
        rows = self.ostler("predict", "m", DATA / "iris.test.csv").rows
        self.assertEqual([row["prediction"] for row in rows], ["0"] * 30)
        kept = self.ostler("predict", "m", "--keep", "target", DATA / "iris.test.csv").rows
        self.assertEqual(list(kept[0]), ["target", "prediction"])

    def test_INI_8_in_a_prediction_job_and_at_load(self):
        """[INI-8] load prints the backend."""
        self.declare()
        self.trained()
        self.assertIn("backend: PROCESS", self.ostler("load", "m").out)
        job = self.ostler("predict", "--detach", "m", DATA / "iris.test.csv").line
        self.wait_for(job)
        self.assertEqual(len(self.ostler("result", job).rows), 30)

    def test_a_pair_of_shell_scripts(self):
        self.write("train.sh", "#!/bin/sh\nset -e\nwc -l < \"$(sed -n 's/^ *\"\\(\\/.*\\)\"$/\\1/p' \"$OSTLER_PARAMS\")\" > "
                               "\"$OSTLER_MODEL_DIR/lines\"\n").chmod(0o755)
        self.write("predict.sh", "#!/bin/sh\nread -r header; echo prediction\n"
                                 "while read -r row; do cat \"$OSTLER_MODEL_DIR/lines\"; done\n").chmod(0o755)
        self.declare(train=["./train.sh"], run=["./predict.sh"])
        self.trained()
        self.assertEqual({row["prediction"] for row in self.ostler("predict", "m", DATA / "iris.test.csv").rows}, {"121"})

    def test_formats(self):
        self.write("predict.py", "import sys\nfor line in sys.stdin: print(line.strip().upper())\n")
        self.declare(format="text")
        self.trained()
        self.assertEqual(self.ostler("predict", "m", "--input-format", "text", stdin="a\n\nb\n").out, "A\n\nB\n")
        self.write("predict.py", "import json, sys\nfor line in sys.stdin:\n    row = json.loads(line)\n"
                                 "    print(json.dumps({'prediction': row['x'] * 2 if row['x'] is not None else None}))\n")
        self.declare(format="jsonl", prediction="number")
        data = "x,id\n1.5,007\n,a\n2,b\n"
        out = self.ostler("predict", "m", "--input-format", "csv", "--output-format", "jsonl", "--keep", "id", stdin=data).out
        self.assertEqual([json.loads(line) for line in out.splitlines()],
                         [{"id": "007", "prediction": 3}, {"id": "a", "prediction": None}, {"id": "b", "prediction": 4}])

    def test_probabilities_and_the_best(self):
        self.write("predict.py", "import csv, json, os, sys\noptions = json.load(open(os.environ['OSTLER_PARAMS']))\n"
                                 "assert options['parameters']['label'] == 'target'\n"
                                 "out = csv.writer(sys.stdout)\n"
                                 "top = options['top']\n"
                                 "out.writerow(['prediction_1', 'score_1'] if top else ['prediction', 'probability_a', 'probability_b'])\n"
                                 "for row in csv.DictReader(sys.stdin): out.writerow(['a', .75] if top else ['a', .75, .25])\n")
        self.declare()
        self.trained()
        rows = self.ostler("predict", "m", DATA / "iris.test.csv", "--proba").rows
        self.assertEqual(rows[0], {"prediction": "a", "probability_a": "0.75", "probability_b": "0.25"})
        self.assertEqual(list(self.ostler("predict", "m", DATA / "iris.test.csv").rows[0]), ["prediction"])
        self.assertEqual(self.ostler("predict", "m", DATA / "iris.test.csv", "--top", "1").rows[0],
                         {"prediction_1": "a", "score_1": "0.75"})

    def test_no_rows(self):
        self.declare()
        self.trained()
        self.assertEqual(self.ostler("predict", "m", stdin="x,y\n").out, "prediction\n")

    def test_many_rows_in_order_also_from_what_answers_at_the_end(self):
        self.write("predict.py", "import sys\nrows = sys.stdin.read().splitlines()[1:]\nprint('prediction')\n"
                                 "for row in rows: print(row.split(',')[0])\n")
        self.declare()
        self.trained()
        data = "id,x\n" + "".join(f"{i},{'y' * 20}\n" for i in range(100000))
        out = self.ostler("predict", "m", "--keep", "id", stdin=data).rows
        self.assertEqual(len(out), 100000)
        self.assertTrue(all(row["id"] == row["prediction"] == str(i) for i, row in enumerate(out)))

    def test_parameters_are_checked_where_they_are_declared(self):
        """[TRN-9]"""
        self.declare(parameters={"label": {"type": "column", "required": True}, "depth": 3})
        self.refused(2, "train", "churn", DATA / "iris.train.csv", "--label", "target", "-p", "dept=1", says="did you mean \"depth\"")
        self.refused(2, "train", "churn", DATA / "iris.train.csv", "--label", "target", "-p", "depth=x", says="not a number")
        self.refused(2, "train", "churn", DATA / "iris.train.csv", says="label")
        self.assertEqual(self.trained("churn", "-p", "depth=4")["params"], {"label": "target", "depth": 4})

    def test_MDL_5_its_own_config_is_merged_under_ours(self):
        """[MDL-5]"""
        self.write("train.py", TRAIN + "open(os.environ['OSTLER_MODEL_DIR'] + '/config.yml', 'w')"
                                       ".write('module_id: mine\\nshape: [3, 4]\\n')\n")
        self.declare(module_id="0b8a3f0e-5d5c-4d4f-9d0a-7d8a4b7c9e11")
        self.trained()
        config = (self.work / "m/config.yml").read_text()
        self.assertIn("module_id: 0b8a3f0e-5d5c-4d4f-9d0a-7d8a4b7c9e11", config)
        self.assertIn("shape:", config)
        self.assertIn("model_backend: PROCESS", config)

    def test_the_environment(self):
        self.write("train.py", "import json, os\njson.dump(dict(os.environ), open(os.environ['OSTLER_MODEL_DIR'] + '/env.json', 'w'))\n")
        self.declare(environment={"FLAVOUR": "mint", "DEPTH": 3})
        job = self.wait_for(self.train("churn", DATA / "iris.train.csv", "--save-path", "m"))
        env = json.loads((self.work / "m/env.json").read_text())
        self.assertEqual((env["FLAVOUR"], env["DEPTH"], env["HOME"]), ("mint", "3", str(self.home)))
        self.assertEqual((env["OSTLER_JOB_ID"], env["OSTLER_JOB_STATUS"]), (job["uuid"], "RUNNING"))
        self.assertEqual(pathlib.Path(env["OSTLER_PARAMS"]).parent.parent, pathlib.Path(env["OSTLER_JOB_DIR"]))

    def test_the_rows_of_a_fraction_are_whole_files(self):
        self.write("divided.py", """import csv, json, os
job = json.load(open(os.environ["OSTLER_PARAMS"]))
parts = [[row["target"] for path in job[key] for row in csv.DictReader(open(path))] for key in ("data", "validation")]
print(json.dumps({"metrics": {"rows": len(parts[0]), "others": len(parts[1]), "kinds": len(set(parts[1]))}}),
      file=open(os.environ["OSTLER_EVENTS"], "a"))
json.dump(job, open(os.path.join(os.environ["OSTLER_MODEL_DIR"], "job.json"), "w"))
""")
        self.declare(train=["python3", "divided.py"], input="table", parameters={"label": {"type": "column"}})
        iris = DATA / "iris.train.csv"
        rows = len(iris.read_text().splitlines()) - 1
        job = self.train("churn", iris, "--label", "target", "--validation", "0.25", "--save-path", "m", "--wait")
        metrics = self.job(job)["metrics"]
        self.assertEqual((metrics["rows"] + metrics["others"], metrics["kinds"]), (rows, 3))
        self.assertAlmostEqual(metrics["others"] / rows, 0.25, delta=0.02)
        # Files are given as they are.
        self.train("churn", iris, "--label", "target", "--validation", DATA / "iris.test.csv", "--save-path", "m", "-w")
        told = json.loads((self.work / "m/job.json").read_text())
        self.assertEqual((told["data"], told["validation"]), ([str(iris)], [str(DATA / "iris.test.csv")]))

    def test_a_script_as_it_is(self):
        self.trained("./train.py")
        self.refused(1, "predict", "m", DATA / "iris.test.csv", says=["--trust-code", "predict.py"])
        (self.work / "predict.py").unlink()  # the model has its own
        self.assertEqual(len(self.ostler("predict", "--trust-code", "m", DATA / "iris.test.csv").rows), 30)
        job = self.ostler("predict", "--trust-code", "-d", "m", DATA / "iris.test.csv").line
        self.wait_for(job)
        self.assertEqual(len(self.ostler("result", job).rows), 30)
        self.refused(3, "train", "./absent.py", DATA / "iris.train.csv", says="absent.py")


class FailureTest(WithPrograms):
    """What reaches a job's error when its program fails."""

    def test_exit_status_and_last_words(self):
        info = self.failed("import sys\nprint('out')\nsys.exit('this was to be expected')\n")
        self.assertEqual((info["reason"], info["exit_status"], info["signal"]), ("exit", 1, None))
        self.assertIn("exit status 1", info["errors"][0])
        self.assertIn("this was to be expected", info["errors"][0])
        self.assertIn("train.py of module churn", info["errors"][0])
        log = pathlib.Path(info["log"]).read_text()
        self.assertIn("out\n", log)
        self.assertEqual(log.count("this was to be expected\n"), log.count("this was to be expected"))

    def test_a_signal(self):
        info = self.failed("import os\nos.kill(os.getpid(), 9)\n")
        self.assertEqual((info["reason"], info["exit_status"], info["signal"]), ("signal", None, 9))
        self.assertIn("SIGKILL", info["errors"][0])

    def test_a_program_that_is_killed_from_outside(self):
        self.write("train.py", "import os, pathlib, time\np = pathlib.Path('marked.new')\np.write_text(str(os.getpid()))\n"
                               "p.rename('marked')\ntime.sleep(1000)\n")
        self.declare()
        job = self.train("churn", DATA / "iris.train.csv", "--save-path", "m")
        self.until((self.work / "marked").exists, "the program", job)
        os.kill(int((self.work / "marked").read_text()), signal.SIGKILL)
        info = self.wait_for(job, "ERRORED")
        self.assertEqual((info["reason"], info["signal"]), ("signal", 9))

    def test_one_that_hangs_is_canceled(self):
        self.write("train.py", "import os, pathlib, time\np = pathlib.Path('marked.new')\np.write_text(str(os.getpid()))\n"
                               "p.rename('marked')\ntime.sleep(1000)\n")
        self.declare()
        job = self.train("churn", DATA / "iris.train.csv", "--save-path", "m")
        self.until((self.work / "marked").exists, "the program", job)
        self.ostler("cancel", job)
        self.assertTrue(is_dead(int((self.work / "marked").read_text())))
        self.assertEqual(self.job(job)["status"], "CANCELED")
        self.assertEqual(sorted(os.listdir(self.work)), ["marked", "ostler.yml", "predict.py", "train.py"])

    def test_no_model(self):
        self.assertIn("wrote no model", self.failed("pass\n")["errors"][0])

    def test_a_link_in_the_model(self):
        info = self.failed("import os\nos.symlink('/etc/passwd', os.environ['OSTLER_MODEL_DIR'] + '/x')\n")
        self.assertIn("links", info["errors"][0])

    def test_events_that_mean_nothing_are_noted(self):
        self.write("train.py", TRAIN + "open(os.environ['OSTLER_EVENTS'], 'a').write('nonsense\\n[1]\\n{\"metrics\": {\"a\": \"b\"}}\\n"
                                       "{\"metrics\": {\"loss\": 0.5}}')\n")
        self.declare()
        info = self.trained()
        self.assertEqual(info["metrics"]["loss"], 0.5)
        log = pathlib.Path(info["log"]).read_text()
        self.assertEqual(log.count("means nothing"), 3)

    def test_the_program_is_not_there(self):
        """Refused before there is a job."""
        self.declare(train=["python3", "absent.py"])
        self.refused(2, "train", "churn", DATA / "iris.train.csv", says=["absent.py", "ostler.yml:1"])
        self.declare(train=["nosuchprogram", "train.py"])
        self.refused(2, "train", "churn", DATA / "iris.train.csv", says=["nosuchprogram", "PATH"])
        self.declare(train=["./train.py"])
        self.refused(2, "train", "churn", DATA / "iris.train.csv", says=["train.py", "chmod +x"])
        self.declare(train=None)
        self.refused(1, "train", "churn", DATA / "iris.train.csv", says=["names no `train`"])

    def test_edited_after_the_submit(self):
        self.write("wait.py", "import pathlib, time\n"
                              "while not pathlib.Path('released').exists(): time.sleep(0.01)\n" + TRAIN)
        limits = "model_management: {trainers: {default: {type: LOCAL, config: {max_concurrent: 1}}}}\n"
        self.configure(limits)
        self.declare(train=["python3", "wait.py"])
        first = self.train("churn", DATA / "iris.train.csv", "--label", "target", "--save-path", "a")
        self.declare()
        second = self.train("churn", DATA / "iris.train.csv", "--label", "target", "--save-path", "b")
        self.write("helper.py", "best = 'copied'\n")
        self.write("train.py", "import helper\n" + TRAIN.replace('"best": best', '"best": helper.best'))
        self.declare(code=["helper.py"])
        third = self.train("churn", DATA / "iris.train.csv", "--label", "target", "--save-path", "c")
        self.write("helper.py", "best = 'edited'\n")
        self.write("train.py", "import sys\nsys.exit('edited')\n")
        self.assertEqual([self.job(job)["status"] for job in (second, third)], ["QUEUED"] * 2)
        self.release()
        self.wait_for(first)
        info = self.wait_for(second, "ERRORED")
        self.assertIn("was changed since the job was submitted", info["errors"][0])
        self.assertIn("train.py", info["errors"][0])
        self.wait_for(third)
        self.assertEqual(json.loads((self.work / "c/model.json").read_text()), {"best": "copied"})


class MischiefTest(WithPrograms):
    """Programs that go wrong while they predict."""

    def setUp(self):
        super().setUp()
        self.write("predict.py", MISCHIEF)
        self.declare(format="jsonl")
        self.trained()
        self.data = self.write("rows.jsonl", "".join(f'{{"x": {i}}}\n' for i in range(6)))

    def how(self, text, *args, code=1, says=(), out=None):
        self.write("how", text)
        result = self.ostler("predict", "m", self.data, "-o", "out.jsonl", *args, code=code)
        for word in says:
            self.assertIn(word, result.err)
        if code:
            self.assertFalse((self.work / "out.jsonl").exists())
        self.assert_silence()
        job = self.ostler("predict", "--detach", "m", self.data, *args).line
        info = self.wait_for(job, "ERRORED" if code else "COMPLETED")
        for word in says if code else ():
            self.assertIn(word, info["errors"][0])
        return info

    def test_none(self):
        self.how("well", code=0)
        self.assertEqual([json.loads(line)["prediction"] for line in (self.work / "out.jsonl").read_text().splitlines()],
                         [str(i) for i in range(6)])

    def test_exits_early(self):
        info = self.how("exit 3", says=["gave 2 rows where there were 6", "exit status 3", "it is all over"])
        self.assertEqual((info["reason"], info["exit_status"]), ("exit", 3))
        self.how("exit 0", says=["gave 2 rows where there were 6", "exit status 0"])

    def test_dies(self):
        info = self.how("kill 9", says=["SIGKILL"])
        self.assertEqual((info["reason"], info["signal"]), ("signal", 9))
        self.how("kill 11", says=["SIGSEGV"])

    def test_prints_garbage(self):
        info = self.how("garbage", says=['"Loading the model ..."'])
        self.assertEqual(info["reason"], "module")

    def test_closes_its_output(self):
        self.how("close", says=["gave 2 rows"])

    def test_too_few_and_too_many(self):
        self.how("few", says=["gave 5 rows where there were 6"])
        self.how("many", says=["more rows than the 6", '{"prediction": 5'])

    def test_a_row_that_it_cannot_predict(self):
        self.how("error", code=2, says=["row 3: no luck with this one"])
        self.how("error", "--on-error", "skip", code=0)
        self.assertEqual(len((self.work / "out.jsonl").read_text().splitlines()), 5)
        self.how("error", "--on-error", "null", code=0)
        self.assertIsNone(json.loads((self.work / "out.jsonl").read_text().splitlines()[2])["prediction"])

    def hanging(self, how, *args, **popen):
        self.write("how", how)
        process = self.start("predict", *args, "m", self.data, **popen)
        self.until((self.work / "mark").exists, "the program to hang")
        return process, int((self.work / "mark").read_text())

    def test_a_hanging_program_dies_with_the_command(self):
        for number in (signal.SIGKILL, signal.SIGTERM, signal.SIGINT):
            process, program = self.hanging("hang")
            process.send_signal(number)
            process.wait()
            self.until(lambda: is_dead(program), "the program's end")
            (self.work / "mark").unlink()

    def test_a_command_that_a_signal_ends_leaves_nothing_of_the_programs_group(self):
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            process, program = self.hanging("child", "-o", "out.jsonl")
            process.send_signal(number)
            self.assertEqual(process.wait(), 128 + number)
            self.until(lambda: is_dead(program) and not self.processes(), "the end of the program and its child")
            (self.work / "mark").unlink()
        self.assertFalse(list(self.work.glob("*out.jsonl*")))

    def test_a_process_that_the_program_leaves_behind_does_not_keep_its_output_open(self):
        self.how("leave", code=0)
        self.assertEqual(len((self.work / "out.jsonl").read_text().splitlines()), 6)

    def test_what_the_program_leaves_behind_may_finish_what_it_writes(self):
        self.declare(run=["sh", "-c", "exec 3<&0; sed s/x/prediction/ <&3 &"], format="jsonl")
        self.how("well", code=0)
        self.assertEqual(len((self.work / "out.jsonl").read_text().splitlines()), 6)

    def test_a_canceled_prediction(self):
        self.write("how", "child")
        job = self.ostler("predict", "--detach", "m", self.data).line
        self.until((self.work / "mark").exists, "the program to hang")
        self.ostler("cancel", job)
        self.assertTrue(is_dead(int((self.work / "mark").read_text())))
        self.assertEqual(self.job(job)["status"], "CANCELED")
        self.assertFalse([command for command in self.processes().values() if "sleep" in command[0]])

    def test_a_broken_pipe_is_no_signal(self):
        """The program reads nothing and ends: more than a pipe holds is written to it."""
        self.write("predict.py", "print('{\"prediction\": 1}')\n")
        self.declare(format="jsonl")
        self.data = self.write("rows.jsonl", "".join(f'{{"x": "{"x" * 1000}"}}\n' for i in range(5000)))
        self.how("", says=["gave 1 rows"])

    def test_a_bad_row_after_good_ones(self):
        self.write("how", "well")
        self.data = self.write("rows.jsonl", '{"x": 1}\n{"x": 2\n')
        self.how("well", code=2, says=["rows.jsonl:2"])


class NewModuleTest(OstlerTest):
    """modules --new writes a pair of scripts that works, and overwrites nothing."""

    def test_python(self):
        written = self.ostler("modules", "--new", "churn", "--python").out.split()
        self.assertEqual(written, ["churn/train.py", "churn/predict.py", "ostler.yml"])
        self.ostler("train", "churn", DATA / "iris.train.csv", "--label", "target", "--save-path", "m", "--wait")
        self.assertEqual(len(self.ostler("predict", "m", DATA / "iris.test.csv").rows), 30)
        self.refused(2, "train", "churn", DATA / "iris.train.csv", "--label", "targe", says="target")

    def test_shell(self):
        self.ostler("modules", "--new", "common", "--shell")
        self.write("a b.txt", "spring\nautumn\nspring\n")
        self.ostler("train", "common", "a b.txt", "--save-path", "m", "--wait")
        self.assertEqual(self.ostler("predict", "m", stdin="x\ny\n").out, "spring\nspring\n")

    def test_nothing_is_overwritten(self):
        self.ostler("modules", "--new", "churn", "--python")
        self.refused(2, "modules", "--new", "churn", "--shell", says=["churn", "nothing was written"])
        before = (self.work / "ostler.yml").read_text()
        second = self.ostler("modules", "--new", "other", "--python")
        self.assertEqual(second.out.split(), ["other/train.py", "other/predict.py", "other/ostler.yml"])
        self.assertIn("--config other/ostler.yml", second.err)
        self.assertEqual((self.work / "ostler.yml").read_text(), before)
        self.ostler("train", "other", "--config", "other/ostler.yml", DATA / "iris.train.csv", "--label", "target", "--wait")

    def test_refusals(self):
        self.refused(2, "modules", "--new", "Churn", "--python", says="no module name")
        self.refused(2, "modules", "--new", "churn", says="--python or --shell")
        self.refused(2, "modules", "--new", "churn", "--python", "--shell")
        self.refused(2, "modules", "--python", says="--new")
        self.refused(2, "modules", "x", "--new", "churn", "--python")


class BackendTest(OstlerTest):
    """Which backend loads what, in the foreground and in a job."""

    def initializer(self, backends):
        return self.configure(f"model_management: {{initializers: {{default: {{type: LOCAL, config: {{backend_priority: {backends}}}}}}}}}\n")

    def test_any_module_in_a_process_of_its_own(self):
        """[INI-1] [INI-8] PROCESS gives what LOCAL gives, to the byte."""
        for module in ("linear", "xgboost"):
            self.ostler("train", module, DATA / "penguins.train.csv", "--label", "species", "--save-path", module, "--wait")
        self.ostler("train", "linear", DATA / "iris.train.csv", "--label", "sepal_length_cm", "--save-path", "number", "-w")
        ways = [(model, DATA / "penguins.test.csv", *more) for model in ("linear", "xgboost")
                for more in ((), ("--proba",), ("--top", "2"), ("--keep", "all"), ("--output-format", "jsonl"))]
        ways.append(("number", DATA / "iris.test.csv", "--output-format", "jsonl"))
        local = [self.ostler("predict", *way).out for way in ways]
        self.initializer("[{type: PROCESS}]")
        self.assertIn("backend: PROCESS", self.ostler("load", "linear").out)
        for way, out in zip(ways, local):
            self.assertEqual(self.ostler("predict", *way).out, out)
        job = self.ostler("predict", "-d", *ways[0]).line
        self.wait_for(job)
        self.assertEqual(self.ostler("result", job).out, local[0])
        self.assert_silence_soon()

    def assert_silence_soon(self):
        self.assertEqual(self.wait_for_silence(), {})

    def test_bad_rows_in_a_process(self):
        self.ostler("train", "linear", DATA / "iris.train.csv", "--label", "target", "--save-path", "m", "--wait")
        lines = (DATA / "iris.test.csv").read_text().splitlines()
        self.write("bad.csv", "\n".join([*lines[:3], "x" + lines[3], *lines[4:]]) + "\n")
        local = self.ostler("predict", "m", "bad.csv", "--on-error", "skip")
        self.initializer("[{type: PROCESS}]")
        self.assertEqual(self.ostler("predict", "m", "bad.csv", "--on-error", "skip").out, local.out)
        self.assertIn("bad.csv:4", self.ostler("predict", "m", "bad.csv", code=2).err)

    def test_a_crash_takes_only_its_process_along(self):
        self.wait_for(self.fault("crash", "--save-path", "m", where="run"))
        self.initializer("[{type: PROCESS}]")
        result = self.ostler("predict", "m", DATA / "iris.test.csv", code=1)
        self.assertIn("SIGSEGV", result.err)
        info = self.wait_for(self.ostler("predict", "-d", "m", DATA / "iris.test.csv").line, "ERRORED")
        self.assertIn("SIGSEGV", info["errors"][0])

    def test_INI_7_a_failing_load_is_final(self):
        """[INI-7] The next backend is not tried, and the error is that of the module."""
        self.wait_for(self.fault("throw", "--save-path", "m", where="load", message="not today"))
        for first, other in (("PROCESS", "LOCAL"), ("LOCAL", "PROCESS")):
            self.initializer(f"[{{type: {first}}}, {{type: {other}}}]")
            err = self.ostler("load", "m", code=2).err
            self.assertIn(f"backend {first} of module fault: not today", err)
            self.assertNotIn(f"backend {other}", err)

    def test_INI_3_which_backends_were_tried_and_why_not(self):
        """[INI-2] [INI-3] A command module is loaded by PROCESS alone."""
        self.ostler("modules", "--new", "churn", "--python")
        self.ostler("train", "churn", DATA / "iris.train.csv", "--label", "target", "--save-path", "m", "--wait")
        self.assertIn("backend: PROCESS", self.ostler("load", "m").out)
        self.initializer("[{type: LOCAL}]")
        self.refused(3, "load", "m", says=["backend LOCAL", "module churn", "PROCESS only"])
        config = self.work / "m/config.yml"
        config.write_text(config.read_text().replace("model_backend: PROCESS", "model_backend: TGIS"))
        self.initializer("null")
        self.refused(3, "load", "m", says=["backend LOCAL", "backend PROCESS", "made with TGIS"])
        self.initializer("[]")
        self.refused(3, "load", "m", says="backend_priority is empty")
        self.initializer("[{type: TGIS}]")
        self.refused(2, "load", "m", says=["backend_priority[0]", "TGIS", "LOCAL, PROCESS"])

    def test_INI_6_several_initializers_in_order(self):
        """[INI-6] And what is wrong with their list, each fault an error of its own."""
        self.ostler("modules", "--new", "churn", "--python")
        self.ostler("train", "churn", DATA / "iris.train.csv", "--label", "target", "--save-path", "m", "--wait")

        def several(priority, more=""):
            return self.configure("model_management:\n initializers:\n"
                                  "  here: {type: LOCAL, config: {backend_priority: [{type: LOCAL}]}}\n"
                                  "  there: {type: LOCAL, config: {backend_priority: [{type: PROCESS}]}}\n"
                                  f"{more}  default: {{type: MULTI, config: {{initializer_priority: {priority}}}}}\n")
        several("[here, there]")
        model = self.ostler("load", "m", "--json").json["models"][0]
        self.assertEqual((model["backend"], model["initializer"]), ("PROCESS", "there"))
        self.assertEqual(len(self.ostler("predict", "m", DATA / "iris.test.csv").rows), 30)
        several("[here]")
        self.refused(3, "load", "m", says=["here: backend LOCAL", "PROCESS only"])
        for priority, says in (("null", "needs initializer_priority"), ("here", "must be a list"), ("[]", "is empty"),
                               ("[3]", "must be text"), ("[ther]", "did you mean \"there\""), ("[default]", "names the initializer itself")):
            path = several(priority)
            self.refused(2, "load", "m", says=[says, f"{path}:"])
        several("[other]", "  other: {type: MULTI, config: {initializer_priority: [here, default]}}\n")
        self.refused(2, "load", "m", says="default -> other -> default")

    def test_INI_4_a_modules_own_configuration_of_its_backend(self):
        """[INI-4] The environment of the backend, under that of the module."""
        self.write("train.py", "import os\nopen(os.environ['OSTLER_MODEL_DIR'] + '/x', 'w')\n")
        self.write("predict.py", "import os, sys\nprint('prediction')\nfor _ in list(sys.stdin)[1:]: print(os.environ['A'] + os.environ['B'])\n")
        self.write("ostler.yml", "modules: {m: {type: command, config: {train: [python3, train.py], run: [python3, predict.py], "
                                 "backends: {PROCESS: {loads: [PROCESS], config: {environment: {B: module}}}}}}}\n")
        self.initializer("[{type: PROCESS, config: {environment: {A: backend, B: backend}}}]")
        self.ostler("train", "m", DATA / "iris.train.csv", "--save-path", "m", "--wait")
        self.assertEqual(self.ostler("predict", "m", stdin="x\n1\n").out, "prediction\nbackendmodule\n")
        self.assertIn("PROCESS (loads what was made with PROCESS)", self.ostler("modules", "m").out)
        job = self.ostler("predict", "-d", "m", stdin="x\n1\n").line
        self.wait_for(job)
        self.assertEqual(self.ostler("result", job).out, "prediction\nbackendmodule\n")


class SafetyTest(WithPrograms):
    """Configuration that names code (ostler.yml(5), SAFETY)."""

    def test_a_file_that_others_may_write_to(self):
        path = self.declare()
        path.chmod(0o666)
        for command in (("modules",), ("train", "churn", DATA / "iris.train.csv", "--label", "target")):
            self.refused(1, *command, says=["ostler.yml", "others", "OSTLER_TRUST"])
        self.env["OSTLER_TRUST"] = str(self.work)
        self.assertIn("churn", self.ostler("modules").out)

    def test_a_program_that_others_may_write_to(self):
        self.declare()
        (self.work / "train.py").chmod(0o666)
        self.refused(1, "train", "churn", DATA / "iris.train.csv", "--label", "target", says=["train.py", "others"])

    def test_code_that_others_may_write_to(self):
        self.write("src/inner/helper.py", "").chmod(0o666)
        self.declare(code=["src"])
        self.refused(1, "train", "churn", DATA / "iris.train.csv", "--label", "target", says=["src/inner/helper.py", "others"])

    def test_a_built_in_module_is_not_redefined(self):
        for config in ({"name": "linear"}, {"module_id": self.ostler("modules", "linear", "--json").json["modules"][0]["module_id"]}):
            self.declare(**config)
            self.refused(2, "train", "linear", DATA / "iris.train.csv", "--label", "target", says=["linear", "ostler.yml:1"])
            (self.work / "ostler.yml").unlink()

    def test_paths_are_relative_to_the_file_that_declares_them(self):
        self.write("elsewhere/train.py", TRAIN)
        self.write("elsewhere/predict.py", PREDICT)
        self.declare(where="elsewhere/x.yml")
        (self.work / "train.py").unlink()
        (self.work / "predict.py").unlink()
        self.trained("churn", "--config", "elsewhere/x.yml")

    def test_what_is_wrong_in_a_declaration(self):
        for config, says in (({"trian": ["x"]}, "did you mean \"train\""), ({"train": "x"}, "must be a list"),
                             ({"train": []}, "is empty"), ({"module_id": "x"}, "UUID"), ({"format": "cvs"}, "did you mean \"csv\""),
                             ({"prediction": "float"}, "text or number"), ({"input": "rows"}, "table, text or any"),
                             ({"parameters": {"a": {"type": "int"}}}, "unknown type"), ({"code": ["../x"]}, "below"),
                             ({"backends": {"LOCAL": {}}}, "LOCAL"), ({"environment": ["x"]}, "map"),
                             ({"environment": {"A": "x\0y"}}, "\"A\" holds a NUL"), ({"cpus": -3}, "1 to"), ({"cpus": 0}, "1 to"),
                             ({"cpus": 2**32 + 1}, "1 to")):
            self.declare(**config)
            self.refused(2, "modules", says=[says])
        self.write("ostler.yml", "modules: {churn: {type: plugin}}\n")
        self.refused(2, "modules", says=["type: command", "ostler.yml:1"])
        self.write("ostler.yml", "modules: {Churn: {type: command, config: {train: [x]}}}\n")
        self.refused(2, "modules", says=["no module name"])


if __name__ == "__main__":
    main()
