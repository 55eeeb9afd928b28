#!/usr/bin/env python3
"""Several at once: one save path, readers while a model is replaced, submits from many shells."""
from support import DATA, OstlerTest, main

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

    def test_submits_from_many_shells(self):
        submits = [self.start("train", "fault", IRIS, "-p", f"value={number}") for number in range(12)]
        jobs = [process.communicate()[0].decode().strip() for process in submits]
        self.assertEqual([process.returncode for process in submits], [0] * 12)
        self.assertEqual(len(set(jobs)), 12)
        self.ostler("wait", *jobs)
        for job in jobs:
            self.assertEqual((self.job(job)["status"], self.job(job)["attempt"]), ("COMPLETED", 1))


if __name__ == "__main__":
    main()
