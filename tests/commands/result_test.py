#!/usr/bin/env python3
"""ostler result: waits, and gives one thing."""
from support import DATA, OstlerTest, main

IRIS = DATA / "iris.test.csv"


class ResultTest(OstlerTest):
    def test_the_result_of_a_training_is_its_models_path(self):
        job = self.fault("", "--save-path", "models/m")
        self.assertEqual(self.ostler("result", job).line, str(self.work / "models/m"))
        self.ostler("predict", self.ostler("result", job).line, IRIS)

    def test_it_waits(self):
        job = self.fault_waiting()
        waiting = self.start("result", job)
        self.ostler("result", job, "--no-wait", code=4)
        self.ostler("result", job, "--timeout", "0.1", code=124)
        self.assertIsNone(waiting.poll())
        self.release()
        self.assertEqual(waiting.communicate()[0].decode().strip(), self.job(job)["result"])

    def test_TRN_4_the_result_of_a_failed_training_is_its_error(self):
        """[TRN-4] Not that there is no model, and never an older model that lies at the path."""
        self.wait_for(self.fault("", "--save-path", "m"))
        job = self.fault("throw", "--save-path", "m", message="a poor harvest")
        result = self.ostler("result", job, code=6)
        self.assertEqual(result.out, "")
        self.assertIn("a poor harvest", result.err)
        lost = self.fault("throw", message="another one")
        self.assertIn("another one", self.ostler("result", lost, code=6).err)

    def test_the_result_of_a_canceled_training(self):
        job = self.fault_waiting()
        self.ostler("cancel", job)
        self.assertEqual(self.ostler("result", job, code=5).out, "")

    def test_JOB_17_a_huge_error_text_is_bounded_and_the_job_ends(self):
        """[JOB-17]"""
        job = self.fault("throw", message="a long story", bytes=300000)
        info = self.wait_for(job, "ERRORED")
        self.assertIn("a long story", info["errors"][0])
        self.assertLess(len(info["errors"][0]), 100000)
        self.assertLess(len(self.ostler("result", job, code=6).err), 110000)


if __name__ == "__main__":
    main()
