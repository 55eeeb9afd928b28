#!/usr/bin/env python3
"""Several at once: one save path, readers while a model is replaced, submits from many shells."""
import itertools
import subprocess
import time

from support import DATA, OSTLER, SANITIZED, OstlerTest, main

IRIS = DATA / "iris.test.csv"


class ConcurrencyTest(OstlerTest):
    def answer(self):
        """What the model at `m` predicts, the same for all rows."""
        values = {row["prediction"] for row in self.ostler("predict", "m", IRIS).rows}
        self.assertEqual(len(values), 1)
        return values.pop()

    def test_two_trainings_to_one_save_path(self):
        jobs = [self.fault("wait", "--save-path", "m", value=name, file=self.work / "released") for name in "ab"]
        for job in jobs:
            self.wait_for(job, "RUNNING")
        self.release()
        self.ostler("wait", *jobs)
        self.assertEqual(self.wait_for_silence(), {})
        self.ostler("load", "m")
        self.assertIn(self.answer(), ("a", "b"))
        self.assertEqual(sorted(path.name for path in self.work.iterdir()), ["m", "released"])

    def test_readers_while_a_model_is_replaced(self):
        values = [str(number) for number in range(12)]
        self.wait_for(self.fault("", "--save-path", "m", value="start"))
        writing = None
        seen = []
        for value in values:
            writing = self.start("train", "fault", IRIS, "-p", f"value={value}", "--save-path", "m", "--wait")
            while writing.poll() is None:
                seen.append(self.answer())
                self.ostler("load", "m")
            self.assertEqual(writing.wait(), 0)
            seen.append(self.answer())
            self.assertEqual(seen[-1], value)
        order = [value for number, value in enumerate(seen) if number == 0 or seen[number - 1] != value]
        self.assertEqual(order, [value for value in ["start", *values] if value in order], "a reader went back in time")


class QueueTest(OstlerTest):
    def test_many_submits_from_eight_shells(self):
        """Two hundred, two at a time: all complete, each once, in the order of the queue, and never three at once."""
        self.configure("model_management: {trainers: {default: {type: LOCAL, config: {max_concurrent: 2}}}}\n")
        each = 5 if SANITIZED else 25
        script = ('i=0; while [ $i -lt "$1" ]; do "$0" train fault "$2" -p do=arrive,leave -p mark="$3" || exit 1;'
                  " i=$((i + 1)); done")
        record = self.work / "record"
        # The first two wait until all have been submitted: the queue is long, whatever the speed of the machine.
        first = [self.fault("arrive,wait,leave", mark=record, file=self.work / "released") for _ in range(2)]
        command = ["sh", "-c", script, OSTLER, str(each), str(IRIS), str(record)]
        shells = [subprocess.Popen(command, env=self.env, cwd=self.work, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
                  for _ in range(8)]
        while any(shell.poll() is None for shell in shells):  # who looks meanwhile is answered
            self.ostler("status", "-n", "5")
            time.sleep(0.1)
        said = [shell.communicate() for shell in shells]
        self.assertEqual([(shell.returncode, err) for shell, (_, err) in zip(shells, said)], [(0, b"")] * 8)
        ids = [line for out, _ in said for line in out.decode().split()]
        self.assertEqual(len(set(ids)), 8 * each)
        self.assertEqual(self.ostler("status", "--json", "--status", "QUEUED").json["total"], 8 * each)
        ids += first
        self.release()
        self.ostler("wait", *ids)
        self.assertEqual(self.wait_for_silence(), {})

        jobs = self.ostler("status", "--json", "-n", "0").json["jobs"][::-1]  # in the order of the queue
        self.assertEqual({job["id"] for job in jobs}, set(ids))
        self.assertEqual({(job["status"], job["attempt"]) for job in jobs}, {("COMPLETED", 1)})
        starts = [job["start_time"] for job in jobs]
        self.assertEqual(starts, sorted(starts))
        # By what the engine says, and by what the work itself has seen.
        moments = sorted([(job["start_time"], 1) for job in jobs] + [(job["completion_time"], -1) for job in jobs])
        events = [line.split() for line in record.read_text().splitlines()]
        self.assertEqual(sorted(events), sorted([word, job["uuid"]] for job in jobs for word in ("arrive", "leave")))
        for steps in ([step for _, step in moments], [1 if word == "arrive" else -1 for word, _ in events]):
            self.assertEqual(max(itertools.accumulate(steps)), 2)


if __name__ == "__main__":
    main()
