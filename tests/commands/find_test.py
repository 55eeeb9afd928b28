#!/usr/bin/env python3
"""ostler find: what a model is, and which finder answered."""
from support import DATA, OstlerTest, main


def fields(out):
    return dict(line.split(": ", 1) for line in out.splitlines() if not line.startswith(" ") and ": " in line)


# What the tests of the module `fault` are trained with.
FAULT_ID = "6f0a2c3e-8f0d-4c55-9c1b-2f7f0a5d9e01"


class FindTest(OstlerTest):
    def test_what_a_model_is(self):
        self.wait_for(self.fault("", "--save-path", "models/m", metric=0.75))
        found = self.ostler("find", "models/m")
        told = fields(found.out)
        self.assertEqual((told["module"], told["path"]), ("fault", str(self.work / "models/m")))
        self.assertIn("1.0.0", found.out)
        self.assertIn("0.75", found.out)
        self.assertEqual(told["finder"], "local")

    def test_json(self):
        self.wait_for(self.fault("", "--save-path", "models/m", metric=0.75))
        document = self.ostler("find", "models/m", "--json").json
        self.assertEqual((document["schema"], len(document["models"])), (1, 1))
        model = document["models"][0]
        self.assertEqual((model["path"], model["finder"], model["metrics"]),
                         (str(self.work / "models/m"), "local", {"train_accuracy": 0.75}))

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

    def test_a_mistyped_name_suggests_the_nearest(self):
        for name in ("penguins", "deep/iris"):
            self.write(f"models/{name}/config.yml", "module_id: x\n")
        for typed, meant in (("pengiuns", "penguins"), ("models/pengins", "models/penguins"), ("deep/irsi", "deep/iris")):
            self.assertIn(f'did you mean "{meant}"?', self.ostler("find", typed, code=3).err)
        self.assertNotIn("did you mean", self.ostler("find", "wines", code=3).err)

    def test_unknown(self):
        self.refused(3, "find", "nothing/here", says=["nothing/here", self.work / "models/nothing/here"])
        (self.work / "folder").mkdir()
        self.refused(3, "find", "folder", says=["folder", "config.yml"])
        self.wait_for(self.fault("", "--save-path", "models/penguins"))
        self.refused(3, "find", "pengiuns", says="pengiuns")
        self.refused(2, "find", "")

    def test_MGR_5_MGR_6_where_it_looked_is_told(self):
        """[MGR-5] [MGR-6] [MGR-15] without a config.yml nothing is a model, and each place is named"""
        self.write("file", "x")
        (self.work / "models/folder").mkdir(parents=True)
        self.refused(3, "find", "folder", says=[f"{self.work}/folder does not exist",
                                                f"{self.work}/models/folder has no config.yml"])
        self.refused(3, "find", "file", says=f"{self.work}/file is a file, not a model directory")
        elsewhere = {**self.env, "OSTLER_LOAD_PATH": "/nowhere"}
        self.refused(3, "find", "folder", env=elsewhere, says="/nowhere/folder does not exist")


class MultiFinderTest(OstlerTest):
    """[FND-4] [FND-5] [FND-9] finders that ask others"""

    def model(self, path, text=f"module_id: {FAULT_ID}\n"):
        self.write(f"{path}/config.yml", text)
        return self.work / path

    def finders(self, text):
        return self.configure("model_management:\n  finders:\n" + "".join(f"    {line}\n" for line in text.splitlines()))

    def test_order(self):
        self.finders("mine: {type: MULTI, config: {finder_priority: [first, second]}}\n"
                     "first: {type: LOCAL, config: {load_path: a}}\n"
                     "second: {type: LOCAL, config: {load_path: b}}")
        b = self.model("b/m")
        self.assertEqual(fields(self.ostler("find", "m", "--finder", "mine").out)["path"], str(b))
        a = self.model("a/m")
        found = fields(self.ostler("find", "m", "--finder", "mine").out)
        self.assertEqual((found["path"], found["finder"]), (str(a), "first"))
        # [FND-5] One that fails passes on.
        self.model("a/m", "[")
        self.assertEqual(fields(self.ostler("find", "m", "--finder", "mine").out)["path"], str(b))
        (b / "config.yml").unlink()
        self.refused(2, "find", "m", "--finder", "mine",
                     says=["a/m/config.yml:", "second: ", "b/m has no config.yml"])
        (self.work / "a/m/config.yml").unlink()
        self.refused(3, "find", "m", "--finder", "mine", says=["first: ", "a/m has no config.yml", "second: ", "b/m"])

    def test_FND_4_configuration_errors(self):
        for listed, says in (("", "needs finder_priority"), ("finder_priority: local", "must be a list"),
                             ("finder_priority: []", "is empty"), ("finder_priority: [[]]", "entry 1 of"),
                             ("finder_priority: [mine]", "itself"), ("finder_priority: [lokal]", '"local"')):
            path = self.finders(f"mine: {{type: MULTI, config: {{{listed}}}}}")
            self.refused(2, "find", "m", "--finder", "mine", says=[f"{path}:3: ", says])
            self.model("models/fine")
            self.ostler("find", "fine")  # others are not concerned

    def test_FND_4_a_cycle_is_told_with_its_chain(self):
        path = self.finders("a: {type: MULTI, config: {finder_priority: [local, b]}}\n"
                            "b: {type: MULTI, config: {finder_priority: [c]}}\n"
                            "c: {type: MULTI, config: {finder_priority: [jobs, a]}}")
        self.refused(2, "find", "m", "--finder", "a", says=[f"{path}:3: ", "a -> b -> c -> a"])
        self.refused(2, "find", "m", "--finder", "c", says=[f"{path}:5: ", "c -> a -> b -> c"])
        # A finder that is reached twice makes no cycle.
        self.finders("a: {type: MULTI, config: {finder_priority: [b, c]}}\n"
                     "b: {type: MULTI, config: {finder_priority: [local]}}\n"
                     "c: {type: MULTI, config: {finder_priority: [local]}}")
        self.refused(3, "find", "m", "--finder", "a", says=["b: local: ", "c: local: "])

    def test_FND_9_a_members_fault_is_its_own(self):
        path = self.finders("a: {type: MULTI, config: {finder_priority: [local, b]}}\n"
                            "b: {type: LOCAL, config: {lode_path: x}}")
        self.refused(2, "find", "m", "--finder", "a", says=[f"{path}:4: ", 'the finder "b"', "load_path"])

    def test_MGR_2_unknown_instances(self):
        self.refused(2, "find", "m", "--finder", "lokal", says=['Unknown finder: "lokal"', 'did you mean "local"'])
        self.write("m/config.yml", f"module_id: {FAULT_ID}\n")
        self.refused(2, "load", "m", "--initializer", "locl", says='Unknown initializer: "locl"')

    def test_a_default_of_ones_own(self):
        """A LOCAL finder as the default takes the place of the built-in one, without its configuration."""
        self.finders("default: {type: LOCAL, config: {load_path: mine}}")
        self.model("mine/m")
        self.assertEqual(fields(self.ostler("find", "m").out)["finder"], "default")
        self.finders("default: {config: {load_path: mine}}")
        self.refused(2, "find", "m", says=["of type MULTI and has no load_path", "finders.local"])


class JobFinderTest(OstlerTest):
    """The id of a training is a MODEL."""

    def test_of_a_completed_training(self):
        """[MGR-13] whatever a finder understands is loaded: a path, a name, an id"""
        job = self.fault("", "--save-path", "models/m", "--id", "nightly")
        uuid = self.wait_for(job)["uuid"]
        in_store = self.wait_for(self.fault(""))
        for name in ("nightly", uuid, uuid[:8]):
            found = fields(self.ostler("find", name).out)
            self.assertEqual((found["path"], found["finder"]), (str(self.work / "models/m"), "jobs"))
        self.assertIn("load_seconds", self.ostler("load", in_store["id"], cwd="/").out)
        for name in ("models/m", "m", "nightly"):
            self.assertIn(f"path: {self.work}/models/m\n", self.ostler("load", name).out)
        rows = self.ostler("predict", in_store["id"], DATA / "iris.test.csv").out
        self.assertEqual(rows, self.ostler("predict", "models/m", DATA / "iris.test.csv").out)
        later = self.ostler("predict", "--detach", "nightly", DATA / "iris.test.csv", "--wait").line
        self.assertEqual(self.ostler("result", later).out, rows)

    def test_a_path_and_a_name_come_first(self):
        self.wait_for(self.fault("", "--save-path", "elsewhere/m", "--id", "nightly"))
        self.assertEqual(fields(self.ostler("find", "nightly").out)["finder"], "jobs")
        self.write("models/nightly/config.yml", f"module_id: {FAULT_ID}\n")
        self.assertEqual(fields(self.ostler("find", "nightly").out)["path"], str(self.work / "models/nightly"))
        self.write("nightly/config.yml", f"module_id: {FAULT_ID}\n")
        self.assertEqual(fields(self.ostler("find", "nightly").out)["path"], str(self.work / "nightly"))

    def test_the_store_is_opened_only_when_nothing_else_was_found(self):
        self.write("m/config.yml", f"module_id: {FAULT_ID}\n")
        self.store.mkdir(parents=True)
        (self.store / "jobs.db").write_bytes(b"no database" * 100)
        self.ostler("find", "m")
        failed = self.ostler("find", "absent", code=1)
        self.assertIn("jobs.db", failed.err)
        self.assertIn(f"{self.work}/absent does not exist", failed.err)

    def test_not_ended(self):
        job = self.fault_waiting()
        for command in (["predict", job, DATA / "iris.test.csv"], ["load", job], ["find", job]):
            self.refused(4, *command, says=[job, "has not ended", "RUNNING", "ostler wait"])
        self.release()
        self.wait_for(job)
        self.ostler("load", job)

    def test_failed_and_canceled(self):
        """[TRN-4] what did not complete gives the job's own error and code"""
        failed = self.fault("throw", message="no luck today")
        self.wait_for(failed, "ERRORED")
        self.refused(6, "predict", failed, DATA / "iris.test.csv", says=[failed, "no luck today"])
        canceled = self.fault_waiting()
        self.ostler("cancel", canceled)
        self.refused(5, "find", canceled, says=[canceled, "canceled"])

    def test_what_made_no_model(self):
        training = self.wait_for(self.fault("", "--save-path", "m"))
        prediction = self.ostler("predict", "--detach", "m", DATA / "iris.test.csv", "--wait").line
        self.refused(3, "find", prediction, says="is a prediction")
        (self.work / "m").rename(self.work / "n")
        self.refused(3, "find", training["id"], says=["is gone", str(self.work / "m")])
        self.refused(3, "find", "3f2a9c1b-0000-4000-8000-000000000000", says=["there is no job", str(self.store)])


# As caikit's ModuleSaver writes it.
CAIKIT = """\
caikit_version: 0.27.1
created: '2024-01-05 11:22:33.123456'
saved: '2024-02-06 11:22:33.123456'
name: Sample
tracking_id: 0a7e2f0f-7a1f-4c6a-8a25-a9eab1d0fb4a
module_id: 00110203-0405-0607-0809-0a0b02dd0e0f
module_class: sample_lib.modules.sample_task.sample_implementation.SampleModule
version: 0.0.1
train:
  batch_size: 3
  optim: {model_path: nested is allowed}
"""


class ListTest(OstlerTest):
    """find without a name"""

    def test_every_model_under_the_load_path(self):
        self.wait_for(self.fault("", "--save-path", "models/m", metric=0.75))
        self.wait_for(self.fault("", "--save-path", "models/deep/er/m"))
        self.write("models/caikit/config.yml", CAIKIT)
        self.write("models/caikit/model.bin", bytes(1000))
        self.write("models/m/inner/config.yml", CAIKIT)   # belongs to m
        self.write("models/.hidden/config.yml", CAIKIT)
        self.write("models/folder/file", "no model")
        self.write("elsewhere/linked/config.yml", CAIKIT)
        (self.work / "models/link").symlink_to("../elsewhere/linked")
        (self.work / "models/loop").symlink_to(".")
        listed = self.ostler("find")
        rows = [line.split() for line in listed.out.splitlines()]
        self.assertEqual(rows[0], ["NAME", "MODULE", "VERSION", "SAVED", "METRICS", "SIZE"])
        self.assertEqual([row[0] for row in rows[1:]], ["caikit", "deep/er/m", "link", "m"])
        saved = self.ostler("find", "m", "--json").json["models"][0]["saved"]
        self.assertEqual(rows[4][1:5], ["fault", "1.0.0", saved, "train_accuracy=0.75"])
        self.assertEqual(rows[1][1:], ["Sample", "0.0.1", "2024-02-06", "11:22:33.123456", "1.4", "kB"])
        self.assertEqual(listed.err, "")
        # Each is found by the name that is listed, and the JSON is that of one.
        document = self.ostler("find", "--json").json
        self.assertEqual((document["schema"], document["total"], len(document["models"])), (1, 4, 4))
        for model in document["models"]:
            self.assertEqual(self.ostler("find", model["name"], "--json").json["models"], [model])
        self.assertEqual(self.ostler("find", "--format", "{name} {module.name}").out.splitlines(),
                         ["caikit Sample", "deep/er/m fault", "link Sample", "m fault"])

    def test_what_is_broken(self):
        self.write("models/a/config.yml", "[")
        self.write("models/b/config.yml", "name: x\n")
        self.write("models/c/config.yml", CAIKIT)
        listed = self.ostler("find")
        self.assertEqual([line.split()[:2] for line in listed.out.splitlines()[1:]],
                         [["a", "(broken)"], ["b", "(broken)"], ["c", "Sample"]])
        self.assertIn(f"a is broken: {self.work}/models/a/config.yml:", listed.err)
        self.assertIn("b is broken: ", listed.err)
        models = self.ostler("find", "--json", "--quiet").json["models"]
        self.assertIn("module_id is missing", models[1]["problem"])
        self.assertEqual([model["path"] for model in models], [str(self.work / "models" / name) for name in "abc"])
        self.assertEqual((models[0]["module"]["id"], models[0]["size"], models[2]["problem"]), (None, None, None))

    def test_no_models(self):
        listed = self.ostler("find")
        self.assertEqual((listed.out, listed.err), ("", f"ostler: no models in {self.work}/models\n"))
        self.assertEqual(self.ostler("find", "--json").json, {"schema": 1, "models": [], "total": 0, "truncated": False})
        self.assertIn("lists no models", self.ostler("find", "--finder", "jobs").err)

    def test_of_other_finders(self):
        self.configure("model_management:\n  finders:\n"
                       "    a: {type: LOCAL, config: {load_path: a}}\n"
                       "    b: {type: LOCAL, config: {load_path: b}}\n"
                       "    again: {type: LOCAL, config: {load_path: a}}\n"
                       "    all: {type: MULTI, config: {finder_priority: [b, jobs, a, again]}}\n")
        self.write("a/m/config.yml", CAIKIT)
        self.write("b/m/config.yml", CAIKIT)
        self.assertEqual(self.ostler("find", "--finder", "all", "--format", "{finder} {path}").out.splitlines(),
                         [f"b {self.work}/b/m", f"a {self.work}/a/m"])

    def test_thousands(self):
        self.wait_for(self.fault("", "--save-path", "models/m"))
        text = (self.work / "models/m/config.yml").read_text()
        for number in range(3000):
            self.write(f"models/{number % 10}/{number}/config.yml", text)
        listed = self.ostler("find", timeout=60)  # a second on an idle machine
        self.assertEqual(len(listed.out.splitlines()), 3002)


class CaikitTest(OstlerTest):
    """Model directories that caikit saved."""

    def test_MDL_1_the_keys_of_caikit(self):
        """[MDL-1] found and described"""
        self.write("m/config.yml", CAIKIT)
        told = fields(self.ostler("find", "m").out)
        self.assertEqual((told["module"], told["module_id"], told["caikit_version"], told["version"], told["tracking_id"]),
                         ("Sample (not installed)", "00110203-0405-0607-0809-0a0b02dd0e0f", "0.27.1", "0.0.1",
                          "0a7e2f0f-7a1f-4c6a-8a25-a9eab1d0fb4a"))
        self.assertTrue(told["module_class"].endswith("SampleModule"))
        self.assertEqual((told["created"][:10], told["saved"][:10]), ("2024-01-05", "2024-02-06"))
        model = self.ostler("find", "m", "--json").json["models"][0]
        self.assertEqual((model["ostler_version"], model["other"]), (None, {"caikit_version": "0.27.1"}))
        self.assertEqual(model["train"], {"batch_size": 3, "optim": {"model_path": "nested is allowed"}})

    def test_a_module_that_is_not_there(self):
        self.write("m/config.yml", CAIKIT)
        for command in (["load", "m"], ["predict", "m", DATA / "iris.test.csv"]):
            self.refused(3, *command, says=["no installed module has the id 00110203-0405-0607-0809-0a0b02dd0e0f",
                                            "sample_implementation.SampleModule", "caikit_version: 0.27.1"])

    def test_FND_2_legacy_keys(self):
        """[FND-2] in caikit's order, with a warning"""
        for keys, wanted in ((("block_id",), "b"), (("workflow_id", "block_id"), "b"), (("resource_id",), "r"),
                             (("resource_id", "workflow_id"), "w"), (("block_id", "module_id"), "m")):
            self.write("m/config.yml", "".join(f"{key}: {key[0]}\n" for key in keys))
            found = self.ostler("find", "m")
            self.assertEqual(fields(found.out)["module_id"], wanted)
            self.assertEqual("is an old name of module_id" in found.err, "module_id" not in keys, found.err)

    def test_FND_8_the_environment_changes_no_model(self):
        """[FND-8] [FND-3] overrides are the configuration's; the reserved key is refused at the top alone"""
        self.write("models/m/config.yml", CAIKIT)
        env = {**self.env, "OSTLER_MODULE_ID": "x", "OSTLER_NAME": "x", "MODULE_ID": "x"}
        model = self.ostler("find", "m", "--json", env=env).json["models"][0]
        self.assertEqual((model["module"]["id"], model["module"]["name"]),
                         ("00110203-0405-0607-0809-0a0b02dd0e0f", "Sample"))
        for text, says in (("", "m/config.yml:1: "), ("- a\n", "m/config.yml:1: "),
                           (CAIKIT + "MODEL_PATH: /x\n", "m/config.yml:12: ")):
            self.write("models/m/config.yml", text)
            self.refused(2, "find", "m", says=says)

    def test_MDL_3_models_inside_a_model(self):
        """[MDL-3] find lists them, load says that it cannot"""
        self.write("m/config.yml", CAIKIT.replace("00110203-0405-0607-0809-0a0b02dd0e0f", FAULT_ID) +
                   "module_paths: {tokenizer: ./tokenizer, encoder: parts/encoder}\n")
        found = self.ostler("find", "m")
        self.assertIn("module_paths.tokenizer: ./tokenizer\nmodule_paths.encoder: parts/encoder\n", found.out)
        self.assertEqual(self.ostler("find", "m", "--json").json["models"][0]["module_paths"],
                         {"tokenizer": "./tokenizer", "encoder": "parts/encoder"})
        self.refused(1, "load", "m", says=["made of other models", "encoder: ", "parts/encoder", "cannot load"])

    def test_MGR_17_a_missing_file_is_named(self):
        """[MGR-17] whether a manifest lists it or the module looks for it"""
        self.write("m/config.yml", f"module_id: {FAULT_ID}\n")
        failed = self.refused(1, "load", "m", says=f"{self.work}/m/fault-model.json")
        self.assertNotIn("no config.yml", failed.err)


if __name__ == "__main__":
    main()
