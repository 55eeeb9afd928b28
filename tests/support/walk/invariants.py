"""What holds at every moment of a walk, and what holds once nothing moves any more.

All that is seen of a job is kept (Seen), and each new sight is held against it. What is compared is read from the store
itself (store.py), not asked of ostler, but for what ostler shows, which must agree with it.

The order of reading is the argument: what is written first is read last. An outcome is there before the row says so, a
row before the job's directory is in its place, and the directory is gone from there before the row is.
"""
import collections
import csv
import json
import os
import pathlib
import threading
import time

from store import STATUSES, TERMINAL, is_alive, read_model, role

LEGAL = {("QUEUED", "RUNNING"), *(("QUEUED", status) for status in STATUSES[2:]), *(("RUNNING", status) for status in STATUSES[2:])}
# Longer than a runner waits for the job at the head of the queue that another process has in hand, less a margin.
OVERTAKING = 3.5

# What may lie in a store and in a job's directory once all is quiet.
STORE_FILES = {"jobs.db", "jobs.db-wal", "jobs.db-shm", "jobs", "staging"}
JOB_FILES = {"spec.json", "lock", "events", "log", "cancel", "finished", "outcome.json", "curve", "model", "result.csv", "code", "training"}


class Violation(AssertionError):
    pass


def demand(condition, text):
    if not condition:
        raise Violation(text)


class Seen:
    """What was seen of one job so far."""

    def __init__(self, row):
        self.uuid, self.sequence, self.kind, self.instance = row.uuid, row.sequence, row.kind, row.instance
        self.external_id, self.details = row.external_id, json.loads(row.details)
        self.parameters = self.details.get("parameters") or {}
        self.save_path = self.details.get("save_path") or ""
        self.after, self.tags, self.group = self.details.get("after") or [], self.details.get("tags") or {}, row.job_group
        self.options = self.details.get("command") or []
        self.may_start = 1 + row.requeues_left + (int(self.option("--retries") or 0))
        self.may_be_requeued = row.requeues_left > 0
        self.queued_known = None  # by when it was seen to wait for its turn, and for nothing else; as in the row
        self.row = None           # the newest
        self.end = None           # (status, reason), once terminal, from wherever it was known first
        self.end_known = 0.0      # when
        self.running_known = None  # when it was first shown RUNNING
        self.outcome = None       # (inode, bytes)
        self.gone = False
        self.models_before = 0    # how many models had been seen at its save path
        self.published = False    # its model was seen there, or may have been replaced already

    def option(self, name):
        """The value of that option of its submit, or None."""
        return self.options[self.options.index(name) + 1] if name in self.options else None

    def ended(self, status, reason, source):
        """`reason` is None where it was not told."""
        if self.end is None:
            self.end, self.end_known = (status, reason), time.monotonic()
        demand(self.end[0] == status and None in (self.end[1], reason) or self.end == (status, reason),
               f"{self.uuid} was {self.end}, and is {(status, reason)} in {source}")
        if self.end[1] is None:
            self.end = (status, reason)


class Invariants:
    def __init__(self, store, cpus, gpus):
        self.store, self.cpus, self.gpus = store, cpus, gpus
        self.seen = {}
        self.lock = threading.RLock()
        self.in_order_after = 0   # sequence: the jobs up to it may have been overtaken, since something was stopped
        # What may have been forgotten: [Seen -> bool]. The first are those with a retention (actions.CONFIGURATION).
        self.prunes = [lambda seen: seen.instance == "brief"]
        self.models = collections.defaultdict(list)  # path: the values that were seen there, in order
        self.issued = {}          # the value of a submitted training's model: its save path

    # What is seen.

    def sample(self):
        """One look at the rows, at any moment. Gives them."""
        with self.lock:
            rows, wrong = self.store.rows()
            now = time.monotonic()
            demand(not wrong, "; ".join(wrong))
            for row in rows:
                self._row(row, now)
            present = {row.uuid for row in rows}
            for seen in self.seen.values():
                if seen.uuid not in present and not seen.gone:
                    seen.gone = True
                    demand(any(may(seen) for may in self.prunes), f"the row of {seen.uuid} ({seen.instance}, {seen.row.status}) is lost")
            self._limits(rows)
            self._dependencies(rows)
            self._order(rows)
            return rows

    def _row(self, row, now):
        seen = self.seen.get(row.uuid)
        if seen is None:
            seen = self.seen[row.uuid] = Seen(row)
            seen.models_before = len(self.models[seen.save_path])
            value = seen.parameters.get("value")
            others = [other.uuid for other in self.seen.values() if other is not seen and other.kind == "train" and
                      other.parameters.get("value") == value]
            demand(row.kind != "train" or not others, f"one submit made two jobs: {row.uuid} and {others}")
        demand(not seen.gone, f"{row.uuid} was pruned, and is there again")
        old, seen.row = seen.row, row
        if old is not None and old.status != row.status:
            requeued = (old.status, row.status) == ("RUNNING", "QUEUED") and row.requeues_left == old.requeues_left - 1
            demand((old.status, row.status) in LEGAL or requeued, f"{row.uuid} went from {old.status} to {row.status}")
        if old is not None and old.status in TERMINAL:
            demand(old == row, f"the row of a job that had ended has changed: {old} and {row}")
        demand(row.attempt <= seen.may_start, f"{row.uuid} was started {row.attempt} times, {seen.may_start} are allowed")
        demand(row.attempt > 0 or row.start_time is None, f"{row.uuid} has a start time and never was started")
        demand(row.start_time is not None or row.status not in ("RUNNING", "COMPLETED"), f"{row.uuid} is {row.status} without a start")
        waits = row.status == "QUEUED" and not (row.cancel_requested or row.failed_starts or row.waiting_for or row.failed_dependency)
        seen.queued_known = (seen.queued_known or time.time_ns() // 1000) if waits else None
        times = [moment for moment in (row.submission_time, row.start_time, row.completion_time) if moment is not None]
        demand(times == sorted(times), f"the times of {row.uuid} are not in order: {times}")
        if row.status in TERMINAL:
            demand(row.completion_time is not None and row.outcome is not None, f"{row.uuid} ended without an outcome: {row}")
            seen.ended(row.status, json.loads(row.outcome)["reason"], "the row")

    def shown(self, uuid, status, reason, began, source):
        """ostler said so, asked at the time `began`."""
        with self.lock:
            seen = self.seen.get(uuid)
            if seen is None:
                return  # pruned before anybody had seen its row
            if status in TERMINAL:
                seen.ended(status, reason, source)
                demand(reason != "time_limit" or seen.option("--time-limit"), f"{uuid} has no time limit, and ended of one")
                demand(status != "COMPLETED" or not seen.save_path or os.path.exists(seen.save_path),
                       f"{uuid} is COMPLETED in {source}, and nothing is at {seen.save_path}")
                return
            demand(seen.end is None or seen.end_known > began, f"{uuid} was {seen.end}, and is {status} in {source}")
            if status == "RUNNING":
                seen.running_known = seen.running_known or time.monotonic()
            demand(status != "QUEUED" or seen.running_known is None or seen.running_known > began or seen.may_be_requeued,
                   f"{uuid} was RUNNING, and is QUEUED in {source}")

    def _limits(self, rows):
        running = [row for row in rows if row.status == "RUNNING"]
        lanes = collections.Counter(row.lane for row in running)
        for row in running:
            demand(not row.max_concurrent or lanes[row.lane] <= row.max_concurrent,
                   f"{lanes[row.lane]} jobs of {row.lane} run at once, {row.max_concurrent} may")
        demand(len(running) <= 1 or sum(row.cpus for row in running) <= self.cpus,
               f"{len(running)} jobs run at once on {self.cpus} cpus: {[row.uuid for row in running]}")

        devices = [device for row in running for device in row.gpu_devices.split(",") if device]
        demand(len(devices) == len(set(devices)) <= self.gpus and all(int(device) < self.gpus for device in devices),
               f"gpus are given out as {devices}")
        for row in running:
            demand(len([device for device in row.gpu_devices.split(",") if device]) == row.gpus,
                   f"{row.uuid} wants {row.gpus} gpus and has {row.gpu_devices}")

    def _dependencies(self, rows):
        """Within one snapshot: who waits knows what it waits for, and who runs waits for nothing."""
        status = {row.uuid: row.status for row in rows}
        for row in rows:
            needed = [status.get(uuid) for uuid in self.seen[row.uuid].after]
            if not needed or row.status in TERMINAL:
                continue
            failed = [end for end in needed if end in ("CANCELED", "ERRORED")]
            demand(row.failed_dependency or not failed, f"{row.uuid} does not know that what it was to run after is {failed}")
            demand(row.failed_dependency or row.waiting_for == len([end for end in needed if end in ("QUEUED", "RUNNING")]),
                   f"{row.uuid} waits for {row.waiting_for} jobs, which are {needed}")
            demand(row.status == "QUEUED" or not row.waiting_for and not row.failed_dependency, f"{row.uuid} runs and has to wait")

    def _order(self, rows):
        """Nobody is overtaken, in the queue of one trainer, who was there before the other started."""
        waiting = collections.defaultdict(list)
        for row in rows:
            if self.seen[row.uuid].queued_known and row.sequence > self.in_order_after:
                waiting[row.lane, row.max_concurrent].append(row)
        for row in rows:
            for other in waiting[row.lane, row.max_concurrent] if row.start_time is not None else ():
                demand((other.priority, -other.sequence) < (row.priority, -row.sequence)
                       or self.seen[other.uuid].queued_known >= row.start_time,
                       f"{row.uuid} was started before {other.uuid}, which still waits")
        last = {}
        for row in rows:
            # One that was started again, or later for want of another, has lost its place.
            if row.start_time is None or row.attempt > 1 or self.seen[row.uuid].after or row.failed_starts \
                    or row.sequence <= self.in_order_after:
                continue
            queue = (row.lane, row.max_concurrent, row.priority)
            demand(row.start_time >= last.get(queue, 0), f"{row.uuid} was started before an older job of its queue")
            last[queue] = row.start_time

    def stopped_for(self, seconds):
        """Something stood still for so long."""
        if seconds > OVERTAKING:
            with self.lock:
                self.in_order_after = max([seen.sequence for seen in self.seen.values()], default=0)

    # What holds whatever goes on. `look` has ostler look at a job.

    def check(self, look):
        with self.lock:
            directories = self.store.listed("jobs")
            rows = self.sample()
            present = {row.uuid: row for row in rows}
            for uuid in directories - set(present):
                demand(not (self.store.path / "jobs" / uuid).exists(), f"{uuid} has a directory in jobs/ and no row")
            for row in rows:
                self._files(row)
            self._models(rows)
            ended = {row.uuid for row in rows if row.status in TERMINAL} | {seen.uuid for seen in self.seen.values() if seen.gone}
            for process in self.store.processes():
                if process.job in ended and is_alive(process):
                    raise Violation(f"{process} runs for a job that has ended")
            rows = {row.uuid: row for row in self.sample()}
            for process in self.store.processes():
                if role(process) == "work":
                    uuid = os.path.basename(process.command[2])
                    demand(uuid in rows or uuid in {row.uuid for row in self.sample()} or not is_alive(process),
                           f"{process} works for a job that has no row")
        for uuid in self._without_a_hand(rows):
            self._settled(uuid, look)

    def _still_there(self, uuid):
        return any(row.uuid == uuid for row in self.sample())

    def _files(self, row):
        seen = self.seen[row.uuid]
        directory = self.store.directory(row.uuid)
        if directory is None:
            demand(not self._still_there(row.uuid), f"{row.uuid} is {row.status} and has no directory")
            return
        outcome = self.store.outcome(row.uuid)
        if outcome is None:
            # A directory in the trash goes file by file, once the row is gone.
            demand(seen.outcome is None and row.status not in TERMINAL or not self._still_there(row.uuid),
                   f"{row.uuid} is {row.status} and has no outcome.json" + (" any more" if seen.outcome else ""))
            return
        demand(seen.outcome in (None, outcome), f"outcome.json of {row.uuid} has changed: {seen.outcome}, {outcome}")
        seen.outcome = outcome
        document = json.loads(outcome[1])
        if row.status not in TERMINAL:
            return
        demand(row.attempt == document["attempt"], f"{row.uuid}: attempt {row.attempt}, in outcome.json {document['attempt']}")
        demand(json.loads(row.outcome) == document, f"{row.uuid}: the row says {row.outcome}, outcome.json {document}")
        demand(row.status == document["status"], f"{row.uuid} is {row.status}, and {document['status']} in outcome.json")
        demand(bool(document["errors"]) == (row.status == "ERRORED"), f"{row.uuid} is {row.status}: {document['errors']}")
        demand(document["result"] is None or row.status == "COMPLETED", f"{row.uuid} is {row.status} and has a result")
        for name in ("environment", "input"):
            demand(not (directory / name).exists() or not self._still_there(row.uuid), f"{row.uuid} has ended and has its {name}")

    def _models(self, rows):
        """At a save path lies the whole model of one job that is COMPLETED, or is just about to be; what was replaced
        does not come back."""
        by_value = {seen.parameters.get("value"): seen for seen in self.seen.values() if seen.kind == "train"}
        for path in sorted(set(self.issued.values()) - {""}):
            model = read_model(path)
            values = self.models[path]
            if model is None:
                demand(not values, f"the model at {path} is gone")
                continue
            tracking_id, value = model
            demand(self.issued.get(value) == path, f"at {path} is a model that nobody asked for: {value}")
            if not values or values[-1] != value:
                demand(value not in values, f"at {path} is {value} again, after {values}")
                values.append(value)
            job = by_value.get(value)
            if job is not None and job.outcome:
                document = json.loads(job.outcome[1])
                demand((document["status"], document["tracking_id"]) == ("COMPLETED", tracking_id),
                       f"at {path} is the model {tracking_id} of {job.uuid}, whose outcome is {document}")
        for row in rows:
            seen = self.seen[row.uuid]
            if row.status == "COMPLETED" and seen.save_path and not seen.published:
                seen.published = True
                values = self.models[seen.save_path]
                demand(seen.parameters["value"] in values or len(values) > seen.models_before,
                       f"{seen.uuid} is COMPLETED, and its model never was at {seen.save_path}: {values}")

    def _without_a_hand(self, rows):
        """The jobs that say RUNNING, or have an outcome that the row does not know, and are in nobody's hands."""
        return [uuid for uuid, row in rows.items()
                if (row.status == "RUNNING" or row.status == "QUEUED" and self.store.outcome(uuid))
                and not self.store.lock_holder(uuid)]

    def _settled(self, uuid, look):
        """A look settles it. Another's settling may be killed meanwhile, but not for ever."""
        for _ in range(4):
            look(uuid)
            if uuid not in self._without_a_hand({row.uuid: row for row in self.sample()}):
                return
        raise Violation(f"{uuid} is {self.seen[uuid].row.status} and in nobody's hands after four looks")

    # What holds once all jobs have ended, all runners are gone, and somebody has looked.

    def check_quiet(self, folder, known):
        """`known`: the names that may lie in the folder of the save paths."""
        rows = self.sample()
        demand(not self.store.processes(), f"left running: {self.store.processes()}")
        demand(all(row.status in TERMINAL for row in rows), f"not ended: {[row for row in rows if row.status not in TERMINAL]}")
        demand(self.store.integrity() == ["ok"], f"jobs.db: {self.store.integrity()}")
        demand(not self.store.dependencies(), f"still to wait for: {self.store.dependencies()}")
        left = set(os.listdir(self.store.path)) - STORE_FILES
        demand(not left, f"left in the store: {sorted(left)}")
        demand(not self.store.listed("staging"), f"left in staging/: {self.store.listed('staging')}")
        demand(self.store.listed("jobs") == {row.uuid for row in rows}, "jobs/ and the rows are not the same jobs")
        for row in rows:
            left = self.store.listed(f"jobs/{row.uuid}") - JOB_FILES
            demand(not left, f"left in the directory of {row.uuid}, {row.status}: {sorted(left)}")
            demand(not self.store.lock_holder(row.uuid), f"the lock of {row.uuid} is held")
            self._work(row)
        left = {name for name in os.listdir(folder) if name not in known}
        demand(not left, f"left beside the save paths: {sorted(left)}")

    def _work(self, row):
        if finish := self.seen[row.uuid].option("--on-finish"):
            told = pathlib.Path(finish.split(">>")[1].strip())
            lines = told.read_text().split("\n")[:-1] if told.exists() else []
            demand(lines in ([], [f"{row.status} {row.uuid}"]), f"--on-finish of {row.uuid}, {row.status}, has told {lines}")
        log = self.store.path / "jobs" / row.uuid / "log"
        text = log.read_text(errors="replace") if log.exists() else ""
        begun = text.count("fault: trains") - text.count("the last lines of its standard error:\nfault: trains")
        demand(begun <= row.attempt, f"{row.uuid} was started {row.attempt} times and worked {begun} times")
        if row.status != "COMPLETED":
            return
        result = json.loads(row.outcome)["result"]
        demand(os.path.exists(result), f"{row.uuid} is COMPLETED, and its result {result} is not there")
        if row.kind == "predict":
            with open(result, newline="", encoding="utf-8") as file:
                values = [line["prediction"] for line in csv.DictReader(file)]
            demand(len(values) == 30 and len(set(values)) == 1 and values[0] in self.issued,
                   f"{row.uuid} has written {len(values)} rows of {set(values)} to {result}")
        elif row.module_name == "fault":
            demand(read_model(result) is not None, f"no model is at {result}")
