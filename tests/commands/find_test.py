#!/usr/bin/env python3
"""ostler find: what a model is, and which finder answered."""
from support import DATA, OstlerTest, main


def fields(out):
    return dict(line.split(": ", 1) for line in out.splitlines() if not line.startswith(" ") and ": " in line)


class FindTest(OstlerTest):
    def test_what_a_model_is(self):
        self.wait_for(self.fault("", "--save-path", "models/m", metric=0.75))
        found = self.ostler("find", "models/m")
        told = fields(found.out)
        self.assertEqual((told["module"], told["path"]), ("fault", str(self.work / "models/m")))
        self.assertIn("1.0.0", found.out)
        self.assertIn("0.75", found.out)
        self.assertEqual(told["finder"], "default")

    def test_json(self):
        self.wait_for(self.fault("", "--save-path", "models/m", metric=0.75))
        document = self.ostler("find", "models/m", "--json").json
        self.assertEqual((document["schema"], len(document["models"])), (1, 1))
        model = document["models"][0]
        self.assertEqual((model["path"], model["finder"], model["metrics"]),
                         (str(self.work / "models/m"), "default", {"train_accuracy": 0.75}))

    def test_FND_1_a_name_under_the_load_path(self):
        self.wait_for(self.fault("", "--save-path", "models/m"))
        self.assertEqual(fields(self.ostler("find", "m").out)["path"], str(self.work / "models/m"))
        elsewhere = {**self.env, "OSTLER_LOAD_PATH": str(self.work / "models")}
        self.assertEqual(fields(self.ostler("find", "m", cwd="/", env=elsewhere).out)["path"],
                         str(self.work / "models/m"))

    def test_a_directory_that_is_no_model_hides_none(self):
        self.wait_for(self.fault("", "--save-path", "models/m"))
        (self.work / "m").mkdir()
        self.assertEqual(fields(self.ostler("find", "m").out)["path"], str(self.work / "models/m"))

    def test_metrics_of_a_real_training(self):
        self.ostler("train", "xgboost", DATA / "penguins.train.csv", "--label", "species", "--save-path", "m", "-w")
        metrics = self.ostler("find", "m", "--json").json["models"][0]["metrics"]
        self.assertTrue(metrics)
        self.assertEqual(self.ostler("status", "--json").json["jobs"][0]["metrics"], metrics)
        for value in metrics.values():
            self.assertIsInstance(value, (int, float))

    def test_unknown(self):
        self.refused(3, "find", "nothing/here", says=["nothing/here", self.work / "models/nothing/here"])
        (self.work / "folder").mkdir()
        self.refused(3, "find", "folder", says=["folder", "config.yml"])
        self.wait_for(self.fault("", "--save-path", "models/penguins"))
        self.refused(3, "find", "pengiuns", says="pengiuns")
        self.refused(2, "find", "")


if __name__ == "__main__":
    main()
