"""The rows about models: one row, training, 200,000 rows."""
import json
import pathlib
import statistics

import data
from harness import Absent, Row, ratio_at_least, ratio_at_most
from job_rows import DATA

PEERS = pathlib.Path(__file__).resolve().parent / "peers"
PYTHON = "/usr/bin/python3"
ROUNDS = 100
SETTINGS = {"rounds": ROUNDS, "max_depth": 6, "eta": 0.3, "subsample": 1, "colsample_bytree": 1, "holdout": 0}


def module(bench, name):
    if not list(bench.prefix.glob(f"lib*/**/modules/{name}.so")):
        raise Absent(f"the module {name} was not built")


def train(bench, module_name, source, target, settings, *more):
    parameters = [word for key, value in settings.items() for word in ("-p", f"{key}={value}")]
    return [bench.ostler, "train", module_name, source, "--save-path", target, *parameters, *more, "--wait"]


def home(bench):
    return bench.env(OSTLER_HOME=bench.directory("models") / "store")


def peer(script, *arguments):
    return [PYTHON, "-B", PEERS / script, *arguments]


def python_peers(bench):
    return {"xgboost": bench.has_python("xgboost", "python3-xgboost"), "sklearn": bench.has_python("sklearn", "python3-sklearn")}


def one_row(bench):
    module(bench, "xgboost")
    env, model = home(bench), bench.directory("models") / "iris"
    bench.run(train(bench, "xgboost", DATA / "iris.train.csv", model, {"rounds": 50, "holdout": 0}, "--label", "target"), env)
    row = bench.work / "row.csv"
    lines = (DATA / "iris.test.csv").read_text().splitlines()[:2]
    row.write_text("".join(line.rpartition(",")[0] + "\n" for line in lines))
    there = python_peers(bench)
    contenders = [("ostler predict", lambda: bench.timed([bench.ostler, "predict", model, row], env))]
    goals = []
    if there["xgboost"]:
        name = "Python script with xgboost"
        contenders.append((name, lambda: bench.timed(peer("xgboost_peer.py", "predict", model / "model.json", row, "-"))))
        goals = [ratio_at_least(name, "ostler predict", "wall", 50, "the Python script takes at least 50 times as long"),
                 ratio_at_most("ostler predict", name, "memory", 0.1, "at most a tenth of the script's memory")]
    if there["sklearn"]:
        pickle = bench.directory("models") / "iris.pickle"
        bench.run(peer("sklearn_peer.py", "classify", DATA / "iris.train.csv", pickle))
        contenders.append(("Python script with scikit-learn", lambda: bench.timed(peer("sklearn_peer.py", "predict", pickle, row))))
    return Row("predict one row of iris with 50 rounds of trees, whole process", contenders, ["wall", "memory", "cpu"], goals, bench.rounds(20, 5))


def train_friedman1(bench):
    module(bench, "xgboost")
    env, models, source = home(bench), bench.directory("models"), data.friedman1(bench.cache)
    api = "the library's C API"
    contenders = [
        ("ostler train --wait", lambda: bench.timed(
            train(bench, "xgboost", source, models / "friedman1", SETTINGS, "--label", "y"), env)),
        (api, lambda: bench.timed([bench.tool, "train", source, models / "c-api.json", bench.cores, ROUNDS])),
    ]
    there = python_peers(bench)
    if there["xgboost"]:
        contenders.append(("Python script with xgboost", lambda: bench.timed(
            peer("xgboost_peer.py", "train", source, models / "python.json", bench.cores, ROUNDS))))
    if there["sklearn"]:
        contenders.append(("Python script with scikit-learn", lambda: bench.timed(
            peer("sklearn_peer.py", "estimate", source, models / "friedman1.pickle"))))
    return Row(f"train friedman1, 200,000 rows of 20, {ROUNDS} rounds of depth 6", contenders, ["wall"],
               [ratio_at_most("ostler train --wait", api, "wall", 1.1, "at most 1.1 times the library's C API")],
               bench.rounds(5, 2), 0)


def train_debian_section(bench):
    module(bench, "fasttext")
    env, models, source = home(bench), bench.directory("models"), data.debian_section(bench.cache)
    settings = {"epoch": 10, "lr": 0.5, "word_ngrams": 2, "bucket": 200000, "dim": 50, "min_count": 1, "loss": "softmax",
                "holdout": 0, "normalize": "false"}
    contenders = [("ostler train --wait", lambda: bench.timed(
        train(bench, "fasttext", source, models / "sections", settings, "--input-format", "text"), env))]
    goals = []
    if bench.has("fasttext", "fasttext"):
        command = ["fasttext", "supervised", "-input", source, "-output", models / "cli", "-epoch", 10, "-lr", 0.5,
                   "-wordNgrams", 2, "-bucket", 200000, "-dim", 50, "-minCount", 1, "-thread", bench.cores, "-verbose", 0]
        contenders.append(("fasttext supervised", lambda: bench.timed(command)))
        goals = [ratio_at_most("ostler train --wait", "fasttext supervised", "wall", 1.1, "at most 1.1 times the library's own program")]
    return Row("train debian_section, 10 epochs", contenders, ["wall"], goals, bench.rounds(5, 2), 0)


def predict_many(bench):
    module(bench, "xgboost")
    env, models, source = home(bench), bench.directory("models"), data.friedman1(bench.cache)
    model, output = models / "friedman1", models / "predictions.csv"
    bench.run(train(bench, "xgboost", source, model, SETTINGS, "--label", "y"), env)
    stages = {}

    def stage(name):
        """One run of the program measures all three; it is run in the turn of the first."""
        if name == "read":
            stages.update(json.loads(bench.run([bench.tool, "stages", model, source, models / "alone.csv"], env)))
        return {"wall": stages[name]}

    command = [bench.ostler, "predict", "-q", model, source, "-o", output]
    alone = ["read", "predict", "write"]
    contenders = [("ostler predict", lambda: bench.timed(command, env))]
    contenders += [(f"{name} alone", lambda name=name: stage(name)) for name in alone]
    if bench.has_python("xgboost", "python3-xgboost"):
        contenders.append(("Python script with xgboost", lambda: bench.timed(
            peer("xgboost_peer.py", "predict", model / "model.json", source, models / "python.csv"))))

    def goal(samples):
        whole = samples["ostler predict"]
        limits = [max(*stages_of_round, cpu / bench.cores) for *stages_of_round, cpu in
                  zip(*[samples[f"{name} alone"]["wall"] for name in alone], whole["cpu"])]
        value = statistics.median(wall / limit for wall, limit in zip(whole["wall"], limits))
        return {"text": f"at most 1.25 times max(slowest stage alone, CPU time / {bench.cores})", "value": value,
                "unit": "times", "limit": 1.25, "met": value <= 1.25}
    return Row("predict 200,000 rows, CSV to CSV", contenders, ["wall", "memory", "cpu"], [goal], bench.rounds(11, 3))


def predict_by_program(bench):
    """A command module of ten lines of Python beside the same script alone, fed by cat."""
    work, source = bench.directory("program"), data.friedman1(bench.cache)
    env = bench.env(OSTLER_HOME=work / "store", OSTLER_MODEL_DIR=work / "model")
    bench.run([bench.ostler, "modules", "--new", "bench", "--python"], env, work)
    bench.run([bench.ostler, "train", "bench", source, "--label", "y", "--save-path", work / "model", "--wait"], env, work)
    script = work / "bench/predict.py"
    fed = ["sh", "-c", f"cat {source} | {PYTHON} {script} > {work}/alone.csv"]
    contenders = [("ostler predict", lambda: bench.timed(
        [bench.ostler, "predict", "-q", work / "model", source, "-o", work / "out.csv"], env, cwd=work)),
        ("cat | the script", lambda: bench.timed(fed, env, cwd=work))]
    return Row("predict 200,000 rows of 21 by a Python program", contenders, ["wall", "cpu"],
               [ratio_at_least("cat | the script", "ostler predict", "wall", 0.7, "at least 0.7 of the script's own rate")],
               bench.rounds(9, 3))


ROWS = {"one-row": one_row, "train-friedman1": train_friedman1, "train-debian_section": train_debian_section,
        "predict-200k": predict_many, "predict-program": predict_by_program}
