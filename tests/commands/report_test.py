#!/usr/bin/env python3
"""ostler report: Markdown and a page, from which nothing escapes and which do not grow without end."""
import html.parser
import json
import os
import re
import stat
import xml.etree.ElementTree as xml

from support import DATA, OSTLER, OstlerTest, main

IRIS = DATA / "iris.train.csv"
SVG = "{http://www.w3.org/2000/svg}"
# What would be markup in one form or the other.
HOSTILE = "<script>alert(1)</script> | `x` ``` **b** @you &amp; ]]> --> \" '"


class Page(html.parser.HTMLParser):
    """As a browser reads it: every element is ended, in order."""

    def __init__(self, text):
        super().__init__()
        self.open, self.text, self.ids, self.links, self.elements = [], "", [], [], []
        self.feed(text)
        self.close()
        assert not self.open, self.open

    def handle_starttag(self, tag, attributes):
        self.elements.append(tag)
        self.open.append(tag)
        values = dict(attributes)
        self.ids += [values["id"]] if "id" in values else []
        self.links += [values["href"]] if "href" in values else []
        assert not any(name.startswith("on") or name == "src" for name in values), values

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        self.open.pop()

    def handle_endtag(self, tag):
        assert self.open and self.open[-1] == tag, (tag, self.open)
        self.open.pop()

    def handle_data(self, data):
        if "style" not in self.open:
            self.text += data


class ReportBase(OstlerTest):
    def page(self, *args, **more):
        """The page, read as HTML and as XML."""
        result = self.ostler("report", "--html", *args, **more)
        return Page(result.out), xml.fromstring(result.raw.partition(b"\n")[2])

    def ended(self, status="COMPLETED", *args, **parameters):
        job = self.fault(parameters.pop("do", ""), *args, **parameters)
        return self.wait_for(job, status)


class MarkdownTest(ReportBase):
    def test_a_job(self):
        info = self.ended("COMPLETED", "--save-path", "models/m", metric=0.75)
        out = self.ostler("report", info["id"]).out
        self.assertEqual(out.splitlines()[0][:30], "## ostler: 1 job: 1 completed;")
        self.assertIn(f"| `{info['short_id']}` | ✅ COMPLETED | train | `fault` |", out)
        self.assertIn(f"`{self.work}/models/m` |", out)
        self.assertNotIn("more", out)

    def test_a_failed_job_has_its_error_its_log_and_its_command(self):
        log = self.write("say", "".join(f"line {i}\n" for i in range(30)))
        script = self.write("train.sh", f"#!/bin/sh\ncat {log}\nprintf '1%%\\r2%%\\r3%%\\n\\033[31mred\\033[0m\\n'; exit 3\n")
        script.chmod(0o755)
        job = self.train(script, IRIS, "-p", "pen=no")
        self.wait_for(job, "ERRORED")
        out = self.ostler("report", job).out
        self.assertIn("ERRORED (exit)", out)
        self.assertIn("❌", out)
        log_lines = re.search(r"end of its log \((\d+) lines\).*?```text\n(.*?)```", out, re.S)
        self.assertEqual(log_lines[1], "20")
        self.assertIn("line 29\n3%\nred\n", log_lines[2])
        self.assertNotIn("line 5\n", log_lines[2])
        self.assertRegex(out, r"train \S*/train.sh \S*iris.train.csv -p pen=no")
        self.assertIn('parameters: {"pen":"no"}', out)

    def test_nothing_from_outside_is_markup(self):
        info = self.ended("ERRORED", "--id", "a|b`c\\d", do="throw", message=HOSTILE + "\n# a heading\n| a | row |")
        self.ended("COMPLETED", "--save-path", "m|`<i>\n# x")
        out = self.ostler("report").out
        fence = None
        for line in out.splitlines():
            if re.fullmatch(r"`{3,}(text)?", line):
                mark = line.removesuffix("text")
                if fence is None:
                    self.assertTrue(line.endswith("text"), out)
                    fence = mark
                elif mark == fence and line == mark:
                    fence = None
                continue
            if fence is not None:
                continue
            # Outside a block, all that is foreign is in a span.
            bare = re.sub(r"`[^`]*`|<code>[^<]*</code>", "", line)
            for mark in ("script", "alert", "@", "a heading", "**", "<i>", "&amp;", "b`c", "# x"):
                self.assertNotIn(mark, bare, line)
            if line.startswith("|"):
                self.assertIn(bare.count("|"), (8, 6, 5), line)
        self.assertIsNone(fence, out)
        self.assertIn("<code>a&#124;b&#96;c&#92;d</code>", out)
        self.assertIn("# a heading", out)  # it is told, in a block
        self.assertTrue(info["errors"])

    def test_it_fits_into_a_comment(self):
        long = "é" * 60 + "|" * 60
        for i in range(3):
            self.fault("throw", "--id", f"{i}{long}", message=("`" * 9 + "word ") * 2000)
        self.ostler("wait", "--kind", "train", code=6)
        result = self.ostler("report", "-n", 0)
        self.assertLess(len(result.raw), 64_000)
        self.assertLess(max(map(len, result.out.splitlines())), 3_000)
        result.raw.decode("utf-8")

    def test_what_found_no_room_is_said(self):
        for i in range(8):
            self.fault("throw", "--id", f"job{i}", message="word\n" * 800)
        self.ostler("wait", "--kind", "train", code=6)
        out = self.ostler("report").out
        self.assertEqual(out.count("❌"), 8)
        left = int(re.search(r"(\d) more jobs that did not complete are left out", out)[1])
        self.assertEqual(out.count("### Training"), 8 - left)
        self.assertGreater(left, 0)

    def test_a_cut_list_says_so(self):
        for _ in range(3):
            self.ended()
        self.assertIn("These are 1 of 3 jobs; `-n 0` reports on all.", self.ostler("report", "-n", 1).out)
        self.assertNotIn("These are", self.ostler("report", "-n", 0).out)


class ChooseTest(ReportBase):
    def test_the_selectors(self):
        self.ended("COMPLETED", "--tag", "night=1", "--group", "one")
        self.ended("ERRORED", "--group", "one", do="throw", message="no")
        self.ended()
        for words, jobs in (((), 3), (("--group", "one"), 2), (("--status", "errored"), 1), (("--tag", "night=1"), 1),
                            (("--module", "fault"), 3), (("--module", "linear"), 0), (("--kind", "predict"), 0), (("-n", 2), 2),
                            (("--since", "1h"), 3), (("--until", "1h"), 0), (("--group", "one", "--status", "COMPLETED"), 1)):
            with self.subTest(words=words):
                result = self.ostler("report", *words)
                self.assertEqual(len(re.findall(r"^\| .*(?:✅|❌).*`fault`", result.out, re.M)), jobs, result)
                self.assertEqual("no jobs" in result.err, jobs == 0)
                self.assertEqual(len([name for name in self.page(*words)[0].ids if name.startswith("job-")]), jobs)

    def test_what_is_not_there(self):
        self.refused(3, "report", "no-such-job", says="no-such-job")
        self.refused(2, "report", "", says="empty")
        job = self.ended()["id"]
        self.refused(2, "report", job, "--kind", "train", says="not both")
        self.refused(3, "report", job, "other", "-o", "r.md", says="other")

    def test_an_empty_store_is_no_error_and_is_not_made(self):
        self.assertEqual(self.ostler("report").out.splitlines()[0], "## ostler: no jobs")
        self.assertIn("no jobs", self.page()[0].text)
        self.assertFalse(self.store.exists())

    def test_forms(self):
        self.ended()
        for name in ("a.html", "a.HTM"):
            self.ostler("report", "-o", name)
            self.assertTrue((self.work / name).read_text().startswith("<!DOCTYPE html>"))
        for name in ("a.md", "a.markdown"):
            self.assertEqual(self.ostler("report", "-o", name).out, "")
            self.assertTrue((self.work / name).read_text().startswith("## ostler: 1 job"))
        self.ostler("report", "--html", "-o", "page")
        self.assertTrue((self.work / "page").read_text().startswith("<!DOCTYPE html>"))
        self.refused(2, "report", "-o", "r.txt", says=("r.txt", ".md", "--html"))
        self.refused(2, "report", "--html", "-o", "r.md", says="contradict")
        self.refused(2, "report", "--json", "--html", says="add -o")
        self.refused(2, "report", "--format", "html", says="--html")
        self.refused(1, "report", "-o", "none/r.md", says="none")
        (self.work / "d.md").mkdir()
        self.refused(2, "report", "-o", "d.md", says="directory")

    def test_a_file_is_replaced_whole_or_not_at_all(self):
        self.ended()
        disk = self.mount_disk("64k")
        place = disk / "r.html"
        place.write_text("before")
        (disk / "full").write_bytes(b"x" * (60 << 10))
        result = self.ostler("report", "-o", place, code=1)
        self.assertIn("space", result.err)
        self.assertEqual(place.read_text(), "before")
        self.assertEqual(sorted(os.listdir(disk)), ["full", "r.html"])
        (disk / "full").unlink()
        os.umask(0o027)
        self.addCleanup(os.umask, 0o022)
        self.ostler("report", "-o", place)
        self.assertTrue(place.read_text().endswith("</html>\n"))
        self.assertEqual(stat.S_IMODE(place.stat().st_mode), 0o640)

    def test_on_finish(self):
        elsewhere = self.directory / "elsewhere"
        done = self.work / "done"
        command = f'{OSTLER} report "$OSTLER_JOB_ID" > r.md; {OSTLER} report "$OSTLER_JOB_ID" -o r.html; touch {done}'
        self.ostler("train", "fault", IRIS, "-p", "do=throw", "-p", "message=no pen", "--on-finish", command, "--home", elsewhere)
        self.until(done.exists, "the command of --on-finish")
        self.wait_for_silence()
        text = (self.work / "r.md").read_text()
        self.assertTrue(text.startswith("## ostler: 1 job: 1 errored"), text)
        self.assertIn("no pen", text)
        self.assertIn("no pen", Page((self.work / "r.html").read_text()).text)
        self.assertFalse(self.store.exists())


class PageTest(ReportBase):
    def test_a_page(self):
        info = self.ended("COMPLETED", "--save-path", "models/m", metric=0.75)
        failed = self.ended("ERRORED", do="throw", message="no pen")
        running = self.fault_waiting()
        page, _ = self.page()
        self.assertIn("3 jobs: 1 errored, 1 running, 1 completed", page.text)
        for text in (info["short_id"], str(self.work / "models/m"), "ERRORED (module)", "no pen", "0.75"):
            self.assertIn(text, page.text)
        # A link for each job, to its part.
        self.assertEqual(sorted(page.ids), sorted(f"job-{self.job(job)['uuid']}" for job in (info["id"], failed["id"], running)))
        self.assertEqual(sorted(page.links), sorted("#" + name for name in page.ids))
        self.release()
        self.wait_for(running)

    def test_it_asks_for_nothing(self):
        self.ended()
        out = self.ostler("report", "--html").out
        self.assertIn("Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\"", out)
        self.assertEqual(set(re.findall(r"https?://[^\"]*", out)) - {"http://www.w3.org/2000/svg"}, set())
        page = Page(out)
        self.assertEqual({"script", "link", "img", "iframe", "object", "a"} & set(page.elements), {"a"})
        self.assertNotIn("url(", out)
        self.assertNotIn("@import", out)

    def test_nothing_from_outside_is_markup(self):
        plain = self.ended("COMPLETED", "--save-path", "m")
        elements = self.page(plain["id"])[0].elements
        script = self.write("train.sh", b"#!/bin/sh\nprintf '%s\\n' \"$TEXT\" '\xff\xfe\x01 bytes'; exit 1\n")
        script.chmod(0o755)
        job = self.train(script, IRIS, "--id", HOSTILE.replace("/", ""), "-p", f"text={HOSTILE}", "--env", f"TEXT={HOSTILE}",
                         "--save-path", "a<b>&\"'")
        self.wait_for(job, "ERRORED")
        page, _ = self.page(job)
        self.assertEqual(page.text.count("<script>alert(1)</script>"), 3, page.text)  # log, parameters, command
        self.assertIn("a<b>&\"'", page.text)
        self.assertIn("\ufffd\ufffd\\x01 bytes", page.text)
        self.assertEqual(set(page.elements) - set(elements), {"pre", "br"})

    def test_large_texts_make_no_large_page(self):
        message = "<&>'" * 20_000
        for _ in range(3):
            self.fault("throw", message=message, metric=1)
        self.ostler("wait", "--kind", "train", code=6)
        self.assertLess(len(self.ostler("report", "--html").raw), 120_000)


class ChartTest(ReportBase):
    def points(self, svg):
        return [(float(point.get("cx")), float(point.get("cy"))) for point in svg.iter(f"{SVG}circle")]

    def curve_of(self, metrics):
        """A training whose program tells these metrics, one after the other; its id."""
        events = "".join(json.dumps({"event": "progress", "done": i + 1, "total": len(metrics), "unit": "epochs", "metrics": one}) + "\n"
                         for i, one in enumerate(metrics))
        self.write("events", events)
        script = self.write("train.sh", f"#!/bin/sh\ncat {self.work}/events >> \"$OSTLER_EVENTS\"\ntouch \"$OSTLER_MODEL_DIR/m\"\n")
        script.chmod(0o755)
        job = self.train(script, IRIS)
        self.wait_for(job)
        return job

    def test_learning_curves(self):
        job = self.curve_of([{"loss": 1 / i, "train_loss": 0.5 / i, "accuracy": 1 - 0.5 / i} for i in range(1, 11)])
        page, tree = self.page(job)
        charts = list(tree.iter(f"{SVG}svg"))
        self.assertEqual([chart.get("aria-label") for chart in charts], ["loss", "accuracy"])
        self.assertEqual(len(self.points(charts[0])), 20)  # with that of the training data
        self.assertEqual(len(self.points(charts[1])), 10)
        # Loss falls: further down, further right.
        falling = self.points(charts[0])[:10]
        self.assertEqual(falling, sorted(falling))
        self.assertTrue(all(a[1] < b[1] for a, b in zip(falling, falling[1:])), falling)
        texts = [text.text for text in charts[0].iter(f"{SVG}text")]
        for text in ("loss", "train_loss", "epochs", "2", "10", "0.0", "1.0"):
            self.assertIn(text, texts)
        self.assertIn("10: loss 0.1", [title.text for title in charts[0].iter(f"{SVG}title")])
        out = self.ostler("report", job).out
        self.assertIn("| `loss` | 1 | █", out)
        self.assertIn("▁ | 0.1 |", out)

    def test_curves_that_are_hard_to_draw(self):
        for metrics in ([{"a": 1, "b": i} for i in range(5)], [{"a": 0, "b": i} for i in range(2)], [{"a": 1e300}, {"a": -1e300}, {"a": 1}, {"a": 2}], [{"a": 1e-320}, {"a": 0}],
                        [{"a": 1e15}, {"a": 1e15 + 1}], [{"a": -5}, {"b": 5}], [{"a": 1e99}, {"a": -1e99}],
                        [{f"m{i}": i + j for i in range(60)} for j in range(3)], [{"<b>": 1}, {"<b>": 2}]):
            with self.subTest(metrics=metrics[0]):
                job = self.curve_of(metrics)
                _, tree = self.page(job)
                charts = list(tree.iter(f"{SVG}svg"))
                self.assertLessEqual(len(charts), 12)
                self.assertGreater(len(charts), 0)
                for chart in charts:
                    for x, y in self.points(chart):
                        self.assertTrue(50 <= x <= 400 and 20 <= y <= 200, (x, y))
                    self.assertNotRegex(xml.tostring(chart, "unicode"), r"nan|inf\b")
                self.ostler("report", job)

    def test_what_differs_by_rounding_alone_is_flat(self):
        out = self.ostler("report", self.curve_of([{"a": 1}, {"a": 1 + 2**-52}, {"a": 1}])).out
        self.assertIn("▅▅▅", out)

    def test_a_long_curve_is_thinned_out(self):
        job = self.curve_of([{"loss": 1 / i, "train_loss": 2 / i} for i in range(1, 3001)])
        result = self.ostler("report", "--html", job)
        tree = xml.fromstring(result.raw.partition(b"\n")[2])
        [chart] = tree.iter(f"{SVG}svg")
        self.assertLessEqual(len(self.points(chart)), 802)
        self.assertGreater(len(self.points(chart)), 200)
        titles = [title.text.split(":")[0] for title in chart.iter(f"{SVG}title")]
        self.assertEqual((titles[0], titles[-1]), ("1", "3000"))
        self.assertLess(len(result.raw), 250_000)

    def test_the_history_of_a_save_path(self):
        for value in (0.5, 0.75, 0.625):
            last = self.ended("COMPLETED", "--save-path", "m", metric=value)
        self.ended("COMPLETED", "--save-path", "other", metric=1)
        self.ended("ERRORED", "--save-path", "m", do="throw", message="no metrics")
        page, tree = self.page(last["id"])
        self.assertIn(f"Trainings to {self.work}/m", page.text)
        self.assertIn("3 trainings", page.text)
        self.assertNotIn("other", page.text)
        [chart] = tree.iter(f"{SVG}svg")
        points = self.points(chart)
        self.assertEqual(len(points), 3)
        self.assertEqual([x for x, _ in points], sorted(x for x, _ in points))
        # The second is the best: the highest.
        self.assertEqual(min(points, key=lambda point: point[1]), points[1])
        out = self.ostler("report", last["id"]).out
        self.assertIn(f"### Trainings to `{self.work}/m`", out)
        self.assertIn(" ▁█▅\n", out)  # half-way is the fifth of eight steps, as on the terminal
        # One alone is no history.
        self.assertNotIn("Trainings to", self.page("--limit", 1, "--status", "completed")[0].text)


if __name__ == "__main__":
    main()
