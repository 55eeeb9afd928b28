#!/usr/bin/env python3
"""ostler rollback, and what --keep-previous and --keep-best do to the model at a save path."""
import contextlib
import json
import os
import shutil
import signal
import subprocess

from support import DATA, OstlerTest, is_stopped, main

IRIS, IRIS_TEST = DATA / "iris.train.csv", DATA / "iris.test.csv"


class RollbackBase(OstlerTest):
    def trained(self, value, *args, path="models/m"):
        """Its tracking id."""
        self.fault("", "--save-path", path, "--wait", *args, value=value, metric=0.5)
        return self.model(path)["tracking_id"]

    def three(self):
        return [self.trained(value, "--keep-previous", "2") for value in ("first", "second", "third")]

    def model(self, path="models/m"):
        return self.ostler("find", path, "--json").json["models"][0]

    def value(self):
        return json.loads((self.work / "models/m/fault-model.json").read_text())["value"]

    def kept(self):
        return self.ostler("rollback", "models/m", "--list", "--json").json["models"]

    def names(self):
        return sorted(os.listdir(self.work / "models"))


class RollbackTest(RollbackBase):
    def test_back_and_forth(self):
        self.three()
        done = self.ostler("rollback", "models/m")
        self.assertEqual(done.line, str(self.work / "models/m"))
        self.assertEqual(self.value(), "second")
        self.assertIn("brings it back", done.err)
        kept = self.kept()
        self.assertIn(kept[0]["path"], done.err)
        done = self.ostler("rollback", "m", "--quiet")  # a name under the load path
        self.assertEqual((done.line, done.err, self.value()), (str(self.work / "models/m"), "", "third"))
        self.ostler("load", "models/m")

    def test_which_one(self):
        first, second, third = self.three()
        self.ostler("rollback", "models/m", "--to", "2")
        self.assertEqual(self.value(), "first")
        self.ostler("rollback", "models/m", "--to", second[:8])
        self.assertEqual(self.value(), "second")
        self.assertEqual([model["tracking_id"] for model in self.kept()], [first, third])
        for which, code in (("0", 3), ("3", 3), ("zzzz", 3), (second, 3), ("ab", 2), ("", 2)):
            before = self.names()
            self.refused(code, "rollback", "models/m", "--to", which, says="--to")
            self.assertEqual((self.names(), self.value()), (before, "second"))
        self.refused(2, "rollback", "models/m", "--to", "1", "--list", says="--list")

    def test_the_list(self):
        _, second, third = self.three()
        models = self.kept()
        self.assertEqual([(model["number"], model["module"]["name"], model["metrics"]) for model in models],
                         [(1, "fault", {"train_accuracy": 0.5}), (2, "fault", {"train_accuracy": 0.5})])
        self.assertEqual(models[0]["tracking_id"], second)
        self.assertGreater(models[0]["replaced"], models[1]["replaced"])
        table = self.ostler("rollback", "models/m", "--list").out.splitlines()
        self.assertEqual(len(table), 3)
        for word in ("1", "fault", "0.5", second[:8], models[0]["path"]):
            self.assertIn(word, table[1].split() if word == "1" else table[1])
        self.assertEqual(self.ostler("rollback", "models/m", "--list", "--format", "{tracking_id}").out.split()[0], second)
        done = self.ostler("rollback", "models/m", "--json").json
        self.assertEqual((done["schema"], done["models"][0]["path"]), (1, str(self.work / "models/m")))
        self.assertEqual(done["models"][0]["kept"], self.kept()[0]["path"])
        self.assertEqual(self.kept()[0]["tracking_id"], third)
        # None of them is a model of a list.
        listed = self.ostler("find", "--json").json["models"]
        self.assertEqual([model["name"] for model in listed], ["m"])

    def test_nothing_is_kept(self):
        self.trained("only")
        self.refused(3, "rollback", "models/m", says=["--keep-previous", self.work / "models/m"])
        self.refused(3, "rollback", "nowhere", says=["nowhere", self.work / "models/nowhere"])
        self.refused(2, "rollback", "")
        empty = self.ostler("rollback", "models/m", "--list", "--json")
        self.assertEqual(empty.json["models"], [])

    def test_the_model_is_gone(self):
        self.three()
        shutil.rmtree(self.work / "models/m")
        self.assertIn("there was no other", self.ostler("rollback", "m").err)
        self.assertEqual((self.value(), len(self.kept())), ("second", 1))

    def test_a_damaged_one_stays_where_it_is(self):
        self.three()
        newest, other = [model["path"] for model in self.kept()]
        with open(f"{newest}/fault-model.json", "a", encoding="utf-8") as file:
            file.write(" ")
        before = self.names()
        listed = self.ostler("rollback", "models/m", "--list")
        self.assertEqual(["(broken)" in line for line in listed.out.splitlines()], [False, True, False])
        self.assertIn("fault-model.json has", listed.err)
        self.refused(1, "rollback", "models/m", says=["damaged", newest, "--to 2"])
        with open(f"{other}/config.yml", "w", encoding="utf-8") as file:
            file.write("- not a model\n")
        self.refused(1, "rollback", "models/m", says="no other one that is kept is whole")
        self.refused(1, "rollback", "models/m", "--to", "2", says=["config.yml", "nothing was changed"])
        listed = self.ostler("rollback", "models/m", "--list")
        self.assertIn("(broken)", listed.out)
        self.assertIn("broken", listed.err)
        self.assertEqual((self.names(), self.value()), (before, "third"))

    def test_what_is_no_model_stays(self):
        self.three()
        self.write("models/m/notes.txt", "mine")
        self.refused(2, "rollback", "models/m", says="notes.txt")
        self.assertEqual(self.value(), "third")

    def test_while_somebody_publishes(self):
        self.three()
        with subprocess.Popen(["flock", self.work / "models/.m.ostler-lock", "sh", "-c", "echo; read x"],
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
            holder.stdout.readline()
            self.refused(4, "rollback", "models/m", says=".m.ostler-lock")
            holder.communicate(b"\n")
        self.ostler("rollback", "models/m")
        self.assertEqual(self.value(), "second")

    def test_full_and_read_only_disks(self):
        disk = self.mount_disk()
        os.symlink(disk, self.work / "models")
        self.three()
        with open(disk / "rest", "wb", buffering=0) as file, contextlib.suppress(OSError):
            while True:
                file.write(b"x" * 65536)
        self.ostler("rollback", "models/m")  # renames need no room
        self.assertEqual(self.value(), "second")
        subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
        self.refused(1, "rollback", "models/m", says="cannot write to")
        self.assertEqual((self.value(), len(self.kept())), ("second", 2))


class KeepPreviousTest(RollbackBase):
    def test_so_many_are_kept(self):
        first, second, _ = self.three()
        self.assertEqual([model["tracking_id"] for model in self.kept()], [second, first])
        self.trained("fourth")
        self.assertEqual([model["tracking_id"] for model in self.kept()], [second, first])
        self.trained("fifth", "--keep-previous", "1")
        self.assertEqual(len(self.names()), 2)

    def test_of_a_model_that_is_purged_the_kept_ones_stay(self):
        """Its trainer deletes the model that it saved; what was kept for a rollback is not its own."""
        self.configure("model_management: {trainers: {default: {type: LOCAL, config: {delete_saved_models: true}}}}\n")
        self.three()
        newest = self.ostler("status", "--json", "-n", "1").json["jobs"][0]["id"]
        self.ostler("prune", newest)
        self.assertEqual((len(self.names()), len(self.kept())), (2, 2))
        self.ostler("rollback", "models/m")
        self.assertEqual(self.value(), "second")


class KeepBestTest(RollbackBase):
    def linear(self, *args):
        return self.ostler("train", "linear", self.work / "data.csv", "--label", "target", "--save-path", "models/m", "--wait",
                           "--validation", IRIS_TEST, *args)

    def data(self, change=lambda number, line: line):
        lines = IRIS.read_text(encoding="utf-8").splitlines()
        self.write("data.csv", "\n".join(lines[:1] + [change(*item) for item in enumerate(lines[1:])]) + "\n")

    def test_evaluated_again_on_tonights_data(self):
        self.data(lambda number, line: line[:-1] + str((int(line[-1]) + 1) % 3) if number % 3 else line)
        self.linear()
        poor = self.model()
        # What it says of itself is not what counts.
        config = self.work / "models/m/config.yml"
        accuracy = poor["metrics"]["accuracy"]
        config.write_text(config.read_text().replace(f"accuracy: {accuracy:g}", "accuracy: 1"))
        self.data()
        job = self.job(self.linear("--keep-best", "accuracy", "--keep-previous", "1").line)
        self.assertEqual((job["status"], job["replaced"], job["note"]), ("COMPLETED", True, None))
        good = self.model()
        self.assertGreater(good["metrics"]["accuracy"], accuracy)
        self.assertEqual([model["tracking_id"] for model in self.kept()], [poor["tracking_id"]])

        # The same again is no better.
        same = self.job(self.linear("--keep-best", "accuracy", "--keep-previous", "1").line)
        self.assertEqual((same["status"], same["replaced"]), ("COMPLETED", False))
        for text in ("accuracy", "is no better than", str(self.work / "models/m"), same["result"]):
            self.assertIn(text, same["note"])
        self.assertEqual(self.model(), good)
        self.assertEqual(self.ostler("result", same["id"]).line, same["result"])
        self.assertEqual(same["result"], str(self.store / "jobs" / same["uuid"] / "model"))
        self.ostler("predict", same["result"], IRIS_TEST)
        self.assertEqual(len(self.names()), 2)

    def test_a_model_of_another_module(self):
        self.data()
        self.fault("", "--label", "target", "--save-path", "models/m", "--wait", value="0")
        job = self.job(self.linear("--keep-best", "accuracy").line)
        self.assertEqual((job["replaced"], job["note"]), (True, None))
        log = self.ostler("logs", job["id"]).out
        self.assertIn("is better than", log)
        self.assertEqual(self.model()["module"]["name"], "linear")

    def test_one_that_cannot_be_measured_is_replaced(self):
        self.data()
        self.linear()
        for path in (self.work / "models/m").iterdir():
            if path.name != "config.yml":
                path.write_bytes(b"nonsense")
        job = self.job(self.linear("--keep-best", "accuracy").line)
        self.assertEqual((job["status"], job["replaced"]), ("COMPLETED", True))
        for text in ("warning: ", "cannot be read", "damaged", str(self.work / "models/m")):
            self.assertIn(text, job["note"])
        self.ostler("load", "models/m")

    def test_one_that_ends_the_comparison_is_replaced(self):
        self.data()
        self.fault("crash", "--label", "target", "--save-path", "models/m", "--wait", where="load")
        job = self.job(self.linear("--keep-best", "accuracy").line)
        self.assertEqual((job["status"], job["replaced"]), ("COMPLETED", True))
        self.assertIn("SIGSEGV", job["note"])

    def test_what_cannot_be_compared_replaces_nothing(self):
        self.data()
        self.linear()
        before = self.tree(self.work / "models/m")
        # Tonight's rows have one class: no auc. That is known before anything is compared.
        one = self.write("one.csv", "\n".join(line for line in IRIS_TEST.read_text(encoding="utf-8").splitlines()
                                              if line[-1] in "t0") + "\n")
        result = self.ostler("train", "linear", "data.csv", "--label", "target", "--save-path", "models/m", "--wait",
                             "--validation", one, "--keep-best", "auc", "-q", code=7)
        self.assertIn("auc", result.err)
        self.assertEqual(self.tree(self.work / "models/m"), before)
        # The data are gone when the models are compared.
        gone = self.write("gone.csv", IRIS_TEST.read_text(encoding="utf-8"))
        self.assertEqual(self.wait_for_silence(), {})  # the runner of the last one
        job = self.train("linear", "data.csv", "--label", "target", "--save-path", "models/m", "--validation", gone,
                         "--keep-best", "accuracy", env={**self.env, "OSTLER_TEST_STOP_AT": "end:reaped"})
        self.until(lambda: is_stopped(self.pid_of("run")), "the runner to stand still")
        gone.unlink()
        self.kill("run", signal.SIGCONT)
        info = self.wait_for(job, "ERRORED")
        self.assertIn("could not be compared", info["errors"][0])
        self.assertIn("gone.csv", info["errors"][0])
        self.assertEqual(self.tree(self.work / "models/m"), before)
        self.ostler("load", self.store / "jobs" / info["uuid"] / "model")
        # The old one is of a kind that has no such metric.
        self.linear("-p", "solver=svm")
        job = self.job(self.linear("--keep-best", "log_loss").line)
        self.assertEqual((job["status"], job["replaced"]), ("COMPLETED", False))
        self.assertIn("has no log_loss", job["note"])


if __name__ == "__main__":
    main()
