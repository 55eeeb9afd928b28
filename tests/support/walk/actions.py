"""What a walk does: a table of actions, each with a weight.

An action is a function of the walk and of the step's own random numbers. It gives the deeds of its part of the step,
which run at once with those of the other actions of the step.
"""
import contextlib
import json
import os
import signal
import time

from store import TERMINAL, role

SAVE_PATHS = ("m0", "m1", "m2")
OUTPUTS = ("out0.csv", "out1.csv")
EXTERNAL_IDS = ("nightly", "weekly", "x")
IF_EXISTS = (None, "fail", "attach", "reuse", "replace")
TRAINERS = {"default": 6, "one": 2, "again": 2, "brief": 1}  # see CONFIGURATION
COLOURS, GROUPS = ("red", "blue"), ("g0", "g1")
CPUS, GPUS = 4, 2

CONFIGURATION = f"""
pool: {{cpus: {CPUS}, gpus: {GPUS}}}
""" + """
model_management:
  trainers:
    default: {type: LOCAL, config: {max_concurrent: 3, cancel_grace: 0.3s}}
    again: {type: LOCAL, config: {max_concurrent: 3, cancel_grace: 0.3s, on_lost: requeue, max_requeues: 2}}
    one: {type: LOCAL, config: {max_concurrent: 1, cancel_grace: 0.2s}}
    brief: {type: LOCAL, config: {cancel_grace: 0.3s, retention_duration: 2s}}
  job_predictors:
    default: {type: LOCAL, config: {cancel_grace: 0.3s}}
modules:
  script: {type: command, config: {train: [sh, train.sh], run: [sh, run.sh]}}
"""

# The module "script", beside the configuration: makes the same model as the module "fault", by programs.
SCRIPTS = {
    "train.sh": r"""
parameter() { sed -n "s/.*\"$1\": *\"\([^\"]*\)\".*/\1/p" "$OSTLER_PARAMS" | head -n 1; }
[ "$(parameter do)" != exit ] || exit 3
echo "fault: trains" >&2
case $(parameter do) in
  wait) while ! [ -e "$(parameter file)" ]; do sleep 0.05; done ;;
  leave) (trap '' TERM; exec setsid sleep 1000) & ;;
esac
printf '{"value": "%s"}\n' "$(parameter value)" >"$OSTLER_MODEL_DIR/fault-model.json"
""",
    "run.sh": r"""
value=$(sed 's/.*"value": *"\([^"]*\)".*/\1/' "$OSTLER_MODEL_DIR/fault-model.json")
sed -e '1s/.*/prediction/' -e "1!s/.*/$value/"
""",
}

# What a training does, by weight: the parameter "do" of the module "fault", and others. "wait" goes on when the walk
# releases it.
BEHAVIOURS = {
    ("",): 6,
    ("wait",): 8,
    ("wait", "where=save"): 3,
    ("crash",): 1,
    ("abort",): 1,
    ("_exit", "code=3"): 1,
    ("_exit", "code=0", "where=save"): 1,
    ("throw", "where=save"): 1,
    ("throw",): 1,
    ("close",): 1,
    ("log,wait", "bytes=300000"): 1,
    ("child,daemon",): 1,
    ("stubborn",): 1,
    ("child,daemon,stubborn,ignore_term,wait",): 1,
    ("child,daemon,stubborn,crash",): 1,
    ("", "rounds=30"): 1,
}


class Deed:
    """A command of ostler, or something that befalls it.

    `codes`: the exit codes that are right. `jobs`: those that it names; 3 is right too once one of them is forgotten.
    `tells`: called with the Result and the time of the start, once it has ended by itself. `act`: what to do in place of
    a command. `kill_after`: seconds after which it is killed. `delay`: seconds before it begins.
    """

    def __init__(self, *args, codes=(0,), jobs=(), tells=None, act=None):
        self.args, self.codes, self.jobs, self.tells, self.act = [str(arg) for arg in args], codes, jobs, tells, act
        self.env, self.kill_after, self.delay = {}, None, 0.0

    def after(self, seconds):
        self.delay = seconds
        return self

    def __str__(self):
        more = [f"{name}={value}" for name, value in self.env.items()]
        if self.kill_after is not None:
            more.append(f"killed after {self.kill_after:.3f} s:")
        return " ".join([*more, *(["ostler", *self.args] if self.act is None else self.args)])


SCRIPT_BEHAVIOURS = ("", "wait", "exit", "leave")


def weighted(rng, table):
    return rng.choices(list(table), weights=list(table.values()))[0]


# Submits.

def after(walk, rng):
    job = walk.a_job(rng, active=rng.random() < 0.7)
    return ["--after", job.uuid] if job else []


def on_finish(walk, rng):
    return ["--on-finish", f"echo $OSTLER_JOB_STATUS $OSTLER_JOB_ID >>{walk.told / str(walk.numbers)}-{rng.random()}"]


# Options of a submit, each with how often it is given.
JOB_OPTIONS = {
    after: 0.2,
    on_finish: 0.15,
    lambda _, rng: ["--priority", rng.choice(("-1", "1", "7"))]: 0.15,
    lambda _, rng: ["--retries", rng.choice("12"), "--retry-delay", rng.choice(("0s", "0.1s", "0.5s"))]: 0.15,
    lambda _, rng: ["--time-limit", rng.choice(("0.1s", "0.5s", "2s"))]: 0.1,
    lambda _, rng: ["--cpus", rng.choice("1234")]: 0.15,
    lambda _, rng: ["--gpus", rng.choice("012")]: 0.1,
    lambda _, rng: ["--tag", f"colour={rng.choice(COLOURS)}"]: 0.2,
    lambda _, rng: ["--group", rng.choice(GROUPS)]: 0.2,
}


def job_options(walk, rng):
    """(arguments, jobs that they name)"""
    args = [word for option, share in JOB_OPTIONS.items() if rng.random() < share for word in option(walk, rng)]
    with walk.invariants.lock:
        return args, [walk.invariants.seen[args[args.index("--after") + 1]]] if "--after" in args else []


def training(walk, do, path, *more, module="fault"):
    """The arguments of a training whose model says who made it."""
    value = f"value-{walk.number()}"
    walk.invariants.issued[value] = str(walk.work / path) if path else ""
    args = ["train", module, walk.data("train"), "-p", f"do={do}", "-p", f"value={value}"]
    for parameter in more:
        args += ["-p", parameter]
    return args + (["--save-path", path] if path else [])


def train(walk, rng):
    do, *more = weighted(rng, BEHAVIOURS)
    module = "fault"
    if rng.random() < 0.15:
        do, more, module = rng.choice(SCRIPT_BEHAVIOURS), [], "script"
    args = training(walk, do, rng.choice([*SAVE_PATHS, ""]), f"file={walk.go(walk.numbers)}", *more, module=module)
    options, jobs = job_options(walk, rng)
    args += ["--trainer", weighted(rng, TRAINERS), *options]
    codes = [0]
    if rng.random() < 0.25:
        if_exists = rng.choice(IF_EXISTS)
        args += ["--id", rng.choice(EXTERNAL_IDS)]
        if if_exists:
            args += ["--if-exists", if_exists]
        if if_exists in (None, "fail"):
            codes.append(4)
        if if_exists in ("attach", "reuse"):  # an active prediction of that id is in the way
            codes.append(4)
    if rng.random() < 0.15:
        args += ["--wait", "--timeout", f"{rng.random():.2f}s"]
        codes += [5, 6, 124]
    return [Deed(*args, codes=codes, jobs=jobs)]


def rush(walk, rng):
    """Several trainings to one place at once, and what may come between."""
    path, trainer = rng.choice(SAVE_PATHS), weighted(rng, TRAINERS)
    deeds = [Deed(*training(walk, "", path), "--trainer", trainer) for _ in range(rng.choice((2, 3, 5)))]
    for befall in rng.sample((kill_runner, kill_worker, kill_anything, terminate_runner, stop_anything), rng.choice((0, 1, 2))):
        deeds += [deed.after(rng.uniform(0.0, 0.2)) for deed in befall(walk, rng)]
    return deeds


def submit_and_end(walk, rng):
    """A training, and its cancel and more while it is submitted, starts, works or ends."""
    name = f"c{walk.numbers}"
    do = rng.choice(("", "", "wait", "child,daemon,stubborn,ignore_term,wait"))
    path = rng.choice([*SAVE_PATHS, ""])
    submit = Deed(*training(walk, do, path, f"file={walk.go(walk.numbers)}"), "--id", name)
    walk.invariants.prunes.append(lambda seen: seen.external_id == name)
    others = [Deed("cancel", name, codes=(0, 3)), Deed("cancel", name, codes=(0, 3)),
              Deed("wait", name, "--timeout", "0.3s", codes=(0, 3, 5, 6, 124)),
              Deed("prune", name, codes=(0, 3, 4)), Deed("status", name, codes=(0, 3))]
    return [submit, *(deed.after(rng.uniform(0.0, 0.15)) for deed in rng.sample(others, rng.choice((1, 2, 4))))]


def predict(walk, rng):
    args = ["predict", rng.choice(SAVE_PATHS), walk.data("test")]
    if rng.random() < 0.3:
        return [Deed(*args, codes=(0, 3), tells=walk.one_model)]
    args += ["--detach", *job_options(walk, rng)[0]]
    if rng.random() < 0.5:
        args += ["-o", rng.choice(OUTPUTS)]
    codes = [0, 3]
    if rng.random() < 0.15:
        args += ["--id", rng.choice(EXTERNAL_IDS), "--if-exists", rng.choice(IF_EXISTS[1:])]
        codes.append(4)
    return [Deed(*args, codes=codes)]


# Looks.

def tagged(rng):
    return ["--tag", f"colour={rng.choice(COLOURS)}"]


def grouped(rng):
    return ["--group", rng.choice(GROUPS)]


def named(walk, rng, job):
    """The job by one of its names."""
    names = [job.uuid, job.uuid, job.details["id"], job.uuid[:8]]
    return rng.choice(names)


def status(walk, rng):
    if (job := walk.a_job(rng)) is None or rng.random() < 0.3:
        return [Deed("status", "--json", "-n", "0", tells=walk.list_told)]
    return [Deed("status", named(walk, rng, job), "--json", jobs=[job], tells=walk.list_told)]


def table(walk, rng):
    return [Deed("status", *rng.choice([[], ["-n", "3"], ["--status", "RUNNING"], ["--kind", "predict"], tagged(rng), grouped(rng)]))]


def history(walk, rng):
    return [Deed("status", rng.choice(EXTERNAL_IDS), "--history", "--json", codes=(0, 3), tells=walk.list_told)]


def wait(walk, rng):
    jobs = [job for job in (walk.a_job(rng) for _ in range(rng.choice((1, 1, 3)))) if job]
    if not jobs:
        return []
    tells = walk.code_told(jobs[0]) if len(jobs) == 1 else None
    any_of = ["--any"] if len(jobs) > 1 and rng.random() < 0.5 else []
    return [Deed("wait", *any_of, *(job.uuid for job in jobs), "--timeout", f"{rng.random():.2f}s",
                 codes=(0, 5, 6, 124), jobs=jobs, tells=tells)]


def result(walk, rng):
    if (job := walk.a_job(rng)) is None:
        return []
    return [Deed("result", "--no-wait", job.uuid, codes=(0, 4, 5, 6), jobs=[job], tells=walk.code_told(job))]


def logs(walk, rng):
    if (job := walk.a_job(rng)) is None:
        return []
    return [Deed("logs", named(walk, rng, job), jobs=[job])]


def dispatch(walk, rng):
    return [Deed("dispatch")]


# Ends.

def cancel(walk, rng):
    if (job := walk.a_job(rng, active=rng.random() < 0.8)) is None:
        return []
    args = [named(walk, rng, job)]
    if rng.random() < 0.2:
        return [Deed("cancel", *args, "--timeout", f"{rng.random():.2f}s", codes=(0, 124), jobs=[job])]
    ended = walk.ended_told(job) if job.uuid[:8] in args[0] else None  # an external id may mean another by then
    return [Deed("cancel", *args, jobs=[job], tells=ended)]


def cancel_selected(walk, rng):
    args = rng.choice([["--status", "QUEUED"], ["--status", "RUNNING", "-n", "1"], ["--kind", "predict"],
                       ["--since", "2s", "-n", "2"], tagged(rng), grouped(rng)])
    return [Deed("cancel", *args)]


def release(walk, rng):
    """Lets waiting trainings go on."""
    numbers = [number for number in range(walk.numbers) if not walk.go(number).exists()]
    chosen = rng.sample(numbers, min(len(numbers), rng.choice((1, 2, 4, 8))))
    return [Deed("release", *chosen, act=lambda: [walk.go(number).touch() for number in chosen])]


def prune(walk, rng):
    jobs = [job for job in (walk.a_job(rng, active=rng.random() < 0.1) for _ in range(rng.choice((1, 1, 2)))) if job]
    if not jobs:
        return []
    uuids = {job.uuid for job in jobs}
    walk.invariants.prunes.append(lambda seen: seen.uuid in uuids)
    return [Deed("prune", *sorted(uuids), codes=(0, 4), jobs=jobs)]


def prune_selected(walk, rng):
    kind = rng.choice(("train", "predict"))
    status_name, colour, group = rng.choice(TERMINAL), rng.choice(COLOURS), rng.choice(GROUPS)
    args, may = rng.choice([
        (["--status", status_name, "-n", "3"], lambda seen: seen.end is None or seen.end[0] == status_name),
        (["--kind", kind, "-n", "5"], lambda seen: seen.kind == kind),
        (["--tag", f"colour={colour}"], lambda seen: seen.tags.get("colour") == colour),
        (["--group", group], lambda seen: seen.group == group),
        (["--older-than", "3s"], lambda seen: True),
    ])
    walk.invariants.prunes.append(may)
    return [Deed("prune", *args)]


# What befalls.

def _befall(walk, rng, what, number, wanted):
    """Sends a signal to one of the processes that `wanted` gives."""
    pick = rng.random()

    def act():
        found = wanted(walk.view.processes())
        if found:
            chosen = found[int(pick * len(found))]
            with contextlib.suppress(ProcessLookupError):
                os.kill(chosen.pid, number)
            return f"pid {chosen.pid}, {role(chosen) or chosen.command[0]} {chosen.job}"
        return "nobody"
    return [Deed(what, act=act)]


def of_role(*roles):
    return lambda processes: [process for process in processes if role(process) in roles]


def kill_runner(walk, rng):
    return _befall(walk, rng, "kill a runner", signal.SIGKILL, of_role("run"))


def kill_worker(walk, rng):
    return _befall(walk, rng, "kill a worker", signal.SIGKILL, of_role("work"))


def kill_anything(walk, rng):
    return _befall(walk, rng, "kill a process", signal.SIGKILL, lambda processes: processes)


def terminate_runner(walk, rng):
    return _befall(walk, rng, "terminate a runner", signal.SIGTERM, of_role("run"))


def stop_anything(walk, rng):
    walk.waker.expected = True
    return _befall(walk, rng, "stop a process", signal.SIGSTOP, lambda processes: processes)


def kill_all(walk, rng):
    roles = rng.choice((("run",), ("run", "work"), ("run", "work", "ostler")))

    def act():
        for process in of_role(*roles)(walk.view.processes()):
            with contextlib.suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGKILL)
    return [Deed("kill every", *roles, act=act)]


def pause(walk, rng):
    """Lets the jobs go their way for a moment."""
    seconds = rng.choice((0.05, 0.2, 0.6))
    return [Deed("pause", seconds, act=lambda: time.sleep(seconds))]


ACTIONS = {
    train: 26, rush: 3, submit_and_end: 5, predict: 6,
    status: 8, table: 3, history: 1, wait: 6, result: 3, logs: 2, dispatch: 3,
    cancel: 8, cancel_selected: 2, release: 9, prune: 3, prune_selected: 3,
    kill_runner: 4, kill_worker: 2, kill_anything: 4, terminate_runner: 2, stop_anything: 4, kill_all: 1, pause: 2,
}

# How often a command dies, or stops, at a point of the protocol or after a moment. What it launches does so too.
DIES_AT, STOPS_AT, IS_KILLED = 0.10, 0.06, 0.06


def temper(rng):
    """The actions' weights of one walk: each walk does more of one thing, and less of another."""
    return {action: weight * rng.choice((0.2, 1, 1, 3)) for action, weight in ACTIONS.items()}


def strike(rng, deed, points):
    """May have the deed cut off."""
    fate = rng.random()
    point, after = rng.choice(points), rng.uniform(0.0, 0.05)
    if deed.act is not None:
        return
    if fate < DIES_AT:
        deed.env["OSTLER_TEST_DIE_AT"] = point
    elif fate < DIES_AT + STOPS_AT:
        deed.env["OSTLER_TEST_STOP_AT"] = point
    elif fate < DIES_AT + STOPS_AT + IS_KILLED:
        deed.kill_after = after
