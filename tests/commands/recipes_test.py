#!/usr/bin/env python3
"""The recipes of man/ostler-recipes.7, taken from the page and lived through: good days and bad ones. (tests/manual runs
each once, as it stands.)"""
import csv
import os
import pathlib
import random
import re
import shutil
import subprocess

from support import DATA, PREFIX, OstlerTest, main

PAGE = pathlib.Path(__file__).resolve().parents[2] / "man/ostler-recipes.7"


class RecipeTest(OstlerTest):
    def setUp(self):
        super().setUp()
        self.env["PATH"] = f"{PREFIX}/bin:/usr/bin:/bin"

    def recipe(self, name):
        """Writes a script of the page as a user would."""
        display = re.search(rf'^\.\\" file: {name} of [^\n]*\n\.Bd -literal[^\n]*\n(.*?)^\.Ed$',
                            PAGE.read_text(encoding="utf-8"), re.S | re.M)
        return self.write(name, display.group(1).replace("\\&", "").replace("\\e", "\\"))

    def run_script(self, *command, code=0):
        done = subprocess.run(["sh", *command], cwd=self.work, env=self.env, stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, check=False, timeout=300)
        self.assertEqual(done.returncode, code, f"\n{done.stdout}{done.stderr}{self.situation()}")
        return done

    def penguins(self, target, change=lambda rows: rows, source="penguins.train.csv"):
        with open(DATA / source, newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        columns = list(rows[0])
        path = self.work / target
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, columns)
            writer.writeheader()
            writer.writerows(change(rows))

    def tracking_id(self, path):
        return self.ostler("find", path, "--json").json["models"][0]["tracking_id"]


def mislabelled(share):
    """Some rows get the label of another one."""
    def change(rows):
        shuffled, draw = [row["species"] for row in rows], random.Random(7)
        draw.shuffle(shuffled)
        return [dict(row, species=other) if draw.random() < share else row for row, other in zip(rows, shuffled)]
    return change


class NightlyTest(RecipeTest):
    def night(self, code=0):
        done = self.run_script("retrain", "site", code=code)
        self.assertEqual(done.stdout, "")
        if code == 0:
            self.assertEqual(done.stderr, "", "cron would mail this")
        return done

    def test_a_week(self):
        self.recipe("retrain")
        model = "site/models/species"
        self.penguins("site/data/validation.csv", source="penguins.test.csv")

        # The first night: few data.
        self.penguins("site/data/train.csv", lambda rows: rows[:60])
        self.night()
        first = self.tracking_id(model)
        self.assertEqual(self.job("retrain-species")["replaced"], True)

        # A good day: more data, a better model; the old one is kept.
        self.penguins("site/data/train.csv")
        self.night()
        second = self.tracking_id(model)
        self.assertNotEqual(second, first)
        kept = self.ostler("rollback", model, "--list", "--json").json["models"]
        self.assertEqual([item["tracking_id"] for item in kept], [first])

        # An unchanged day: nothing is trained.
        jobs, before = self.job_directories(), self.tree(self.work / model)
        self.night()
        self.assertEqual((self.job_directories(), self.tree(self.work / model)), (jobs, before))

        # A bad day: labels that are wrong in part make a worse model, which is good enough but replaces nothing.
        self.penguins("site/data/train.csv", mislabelled(0.3))
        self.night()
        info = self.job("retrain-species")
        self.assertEqual((info["status"], info["replaced"]), ("COMPLETED", False), info)
        self.assertIn("log_loss", info["note"])
        self.assertEqual(self.tree(self.work / model), before)
        worse = pathlib.Path(info["result"])
        self.assertEqual(worse, self.store / "jobs" / info["uuid"] / "model")
        self.ostler("load", worse)

        # A worse day: not good enough for anybody.
        self.penguins("site/data/train.csv", mislabelled(1))
        self.assertIn("accuracy", self.night(code=7).stderr)
        self.assertEqual(self.job("retrain-species")["reason"], "requirement")
        self.assertEqual(self.tree(self.work / model), before)

        # Broken days: the label is gone; a cell is garbage; there is no file.
        self.penguins("site/data/train.csv", lambda rows: [dict(row, species="") for row in rows])
        self.assertIn("species", self.night(code=6).stderr)
        (self.work / "site/data/train.csv").write_bytes(b"island,species\n\xff\xfe,x\n")
        self.assertIn("ostler: ", self.night(code=2).stderr)
        os.remove(self.work / "site/data/train.csv")
        self.assertIn("train.csv", self.night(code=2).stderr)
        self.assertEqual(self.tree(self.work / model), before)

        # An unreadable old model is replaced, with a warning.
        self.penguins("site/data/train.csv", mislabelled(0.1))
        (self.work / model / "model.json").write_text("{", encoding="utf-8")
        self.run_script("retrain", "site")
        info = self.job("retrain-species")
        self.assertEqual((info["status"], info["replaced"]), ("COMPLETED", True))
        self.assertIn("model.json", info["note"])
        self.assertEqual(self.ostler("predict", model, "site/data/validation.csv", "-q").code, 0)

    def test_last_nights_still_runs(self):
        self.recipe("retrain")
        self.penguins("site/data/validation.csv", source="penguins.test.csv")
        self.penguins("site/data/train.csv")
        self.fault_waiting("--id", "retrain-species")
        self.assertIn("retrain-species", self.night(code=4).stderr)
        self.release()


class GateTest(RecipeTest):
    def data(self, change=lambda rows: rows):
        self.penguins("data/train.csv", change)
        self.penguins("data/test.csv", source="penguins.test.csv")

    def test_good_and_bad(self):
        self.recipe("gate")
        self.data()
        done = self.run_script("gate")
        self.assertRegex(done.stdout, r"(?m)^accuracy: 0\.9")
        before = self.tree(self.work / "model")
        self.data(mislabelled(0.9))
        done = self.run_script("gate", code=7)
        self.assertRegex(done.stderr, r"accuracy is 0\.\d+, but >= 0\.9 is required")
        self.assertEqual(self.tree(self.work / "model"), before)

    def test_a_full_disk(self):
        self.recipe("gate")
        self.data()
        disk = self.mount_disk("4m")
        self.env["OSTLER_HOME"] = str(disk / "store")
        with (disk / "filler").open("wb") as filler:
            filler.truncate(0)
            free = shutil.disk_usage(disk).free
            filler.write(bytes(free))
        done = self.run_script("gate", code=1)
        self.assertRegex(done.stderr, "[Nn]o space (is )?left")
        self.assertFalse((self.work / "model").exists())


if __name__ == "__main__":
    main()
