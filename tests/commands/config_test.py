#!/usr/bin/env python3
"""ostler config: what is in force and where it came from; --check: every fault at once."""
import os
import re
import threading

from support import OstlerTest, main


class ConfigTest(OstlerTest):
    def setUp(self):
        super().setUp()
        del self.env["OSTLER_MODULE_DIRECTORIES"]

    def values(self, *args, **more):
        document = self.ostler("config", "--json", *args, **more).json
        self.assertEqual(document["schema"], 1)
        return {value.pop("key"): value for value in document["values"]}

    def test_a_pipe_in_the_place_of_a_file_is_not_waited_for(self):
        os.mkfifo(self.work / "ostler.yml")
        self.refused(2, "status", says=["ostler.yml", "no regular file"], timeout=20)
        (self.work / "ostler.yml").unlink()
        named = self.work / "named"
        os.mkfifo(named)
        writer = threading.Thread(target=lambda: named.write_text("load_path: /from-a-pipe\n"))
        writer.start()
        self.assertEqual(self.values("--config", named)["load_path"]["value"], "/from-a-pipe")
        writer.join()

    def test_where_each_value_came_from(self):
        user = self.configure("load_path: /user\nmodel_management:\n  trainers:\n    big:\n      type: LOCAL\n")
        here = self.write("ostler.yml", "model_management:\n  trainers:\n    big: {config: {max_concurrent: 2}}\n")
        chosen = self.write("c.yml", "load_path: /chosen\n")
        env = {**self.env, "OSTLER_ARCHIVES_MAX_FILES": "7",
               "OSTLER_MODEL_MANAGEMENT_JOB_PREDICTORS_DEFAULT_CONFIG": "{result_dir: /r}"}
        values = self.values("--config", "c.yml", env=env)
        self.assertEqual(values["load_path"], {"value": "/chosen", "origin": f"{chosen}:1", "file": str(chosen),
                                               "line": 1, "variable": None})
        origins = {key: value["origin"] for key, value in values.items()}
        trainers = "model_management.trainers"
        self.assertEqual(origins[f"{trainers}.big.type"], f"{user}:5")
        self.assertEqual(origins[f"{trainers}.big.config.max_concurrent"], f"{here}:3")
        self.assertEqual(origins[f"{trainers}.default.type"], "default")
        self.assertEqual(values["archives.max_files"], {"value": 7, "origin": "OSTLER_ARCHIVES_MAX_FILES", "file": None,
                                                        "line": None, "variable": "OSTLER_ARCHIVES_MAX_FILES"})
        self.assertEqual(origins["model_management.job_predictors.default.config.result_dir"],
                         "OSTLER_MODEL_MANAGEMENT_JOB_PREDICTORS_DEFAULT_CONFIG")
        # The same as text.
        out = self.ostler("config", "--config", "c.yml", env=env).out
        self.assertTrue(out.startswith(f"# read: {user}\n# read: {here}\n# read: {chosen}\nload_path: /chosen  # {chosen}:1\n"))
        self.assertIn("  max_files: 7  # OSTLER_ARCHIVES_MAX_FILES\n", out)
        self.assertIn(f"    big:\n      type: LOCAL  # {user}:5\n      config:\n        max_concurrent: 2  # {here}:3\n", out)
        self.assertIn("load_path=/chosen\n", self.ostler("config", "--config", "c.yml", "--format", "{key}={value}").out)

    def test_what_is_printed_is_a_configuration(self):
        self.configure("load_path: 'a #b: \"c\" é'\nmodel_management:\n  trainers:\n    'true': {type: LOCAL, config: {cancel_grace: '10'}}\n"
                       "    my trainer: {type: LOCAL, config: {}}\n")
        before = self.ostler("config", "--json").json["config"]
        self.write("copy.yml", self.ostler("config").out)
        self.configure("")
        after = self.ostler("config", "--json", "--config", "copy.yml").json
        self.assertEqual(after["config"], before)
        self.assertNotIn("default", {value["origin"] for value in after["values"]})
        self.assertEqual(before["model_management"]["trainers"]["true"]["config"], {"cancel_grace": "10"})

    def test_the_defaults(self):
        origins = {value["origin"] for value in self.values().values()}
        self.assertEqual(origins, {"default"})
        self.assertEqual(self.ostler("config", "--json").json["files"], [])
        self.assertEqual(self.values()["model_management.finders.default.config.finder_priority"]["value"], ["local", "jobs"])


class CheckTest(OstlerTest):
    """[MGR-1] all components are built, and every fault is told at once"""

    def test_fine(self):
        self.assertEqual(self.ostler("config", "--check").line, "OK")
        self.assertEqual(self.ostler("config", "--check", "--quiet").out, "")
        self.assertFalse(self.store.exists())

    def faults(self, **more):
        error = self.refused(2, "config", "--check", **more).err
        first, *faults = error.splitlines()
        count = re.fullmatch(r"ostler: error: the configuration has (\d+) faults:", first)
        if not count:
            return [error.removeprefix("ostler: error: ").rstrip("\n")]
        self.assertEqual(int(count.group(1)), len(faults))
        return [fault.strip() for fault in faults]

    def test_MGR_1_every_fault_at_once(self):
        """[MGR-1] [FAC-3] [FAC-8] [FND-4] [INI-1] of files, the environment and each role"""
        path = self.configure(
            "load_path: [1]\n"
            "lode_path: x\n"
            "archives: {max_files: 0}\n"
            "model_management:\n"
            "  trainer: {}\n"
            "  trainers:\n"
            "    a: {type: LOCL}\n"
            "    b: {type: LOCAL, config: 3}\n"
            "    c: {type: LOCAL, extra: 1}\n"
            "  job_predictors:\n"
            "    d: {type: LOCAL, config: {max_concurrent: 0}}\n"
            "  finders:\n"
            "    e: {type: MULTI, config: {finder_priority: []}}\n"
            "    f: {type: MULTI, config: {finder_priority: [e]}}\n"
            "  initializers:\n"
            "    g: {type: LOCAL, config: {backend_priority: [{type: TGIS}]}}\n"
            "    h: {}\n")
        here = self.write("ostler.yml", "[\n")
        found = self.faults()
        for line, says in ((1, "load_path"), (2, '"lode_path"; did you mean "load_path"'), (3, "archives.max_files"),
                           (5, '"model_management.trainer"; did you mean "trainers"'), (7, 'no type "LOCL"'), (8, "config of the trainer"),
                           (9, 'model_management.trainers.c.extra'), (11, "max_concurrent"), (13, "finder_priority"),
                           (16, "TGIS"), (17, "has no type")):
            self.assertEqual(len([fault for fault in found if fault.startswith(f"{path}:{line}: ") and says in fault]), 1,
                             f"line {line}: {says}\n{found}")
        self.assertEqual(len([fault for fault in found if fault.startswith(f"{here}:")]), 1)
        self.assertEqual(len(found), 12, found)  # the finder f has none of its own

    def test_one(self):
        path = self.configure("model_management: {trainers: {a: {type: LOCL}}}\n")
        self.assertEqual(self.faults(), [f'{path}:1: the trainer factory has no type "LOCL"; known: LOCAL'])
        self.refused(2, "config", "--check", "--config", "absent.yml", says=["absent.yml", "LOCL"])
        # Nothing else is concerned by a component that nobody uses.
        self.ostler("find")

    def test_other_commands_tell_all_faults_of_the_files(self):
        self.configure("load_pat: x\nmodel_managment: {}\n")
        self.refused(2, "status", says=['"load_pat"', '"model_managment"', "has 2 faults"])

    def test_FAC_2_FAC_8_no_configuration_is_an_empty_one(self):
        """[FAC-2] [FAC-8] [MGR-2]"""
        self.configure("model_management:\n  trainers: {a: {type: LOCAL, config: null}, b: {type: LOCAL}}\n  finders:\n")
        self.assertEqual(self.ostler("config", "--check").line, "OK")
        self.refused(2, "find", "m", "--finder", "locl", says='Unknown finder: "locl"; did you mean "local"?')


if __name__ == "__main__":
    main()
