#!/usr/bin/env python3
"""Drives the page of decant serve, and the report pages, in Chromium with the keyboard.

Scripts/page-check sets DECANT_PROGRAM and CHROMIUM. A small run is trained and served; everything is
done in windows of 390 and 1,280 pixels, light and dark, and each state is examined with axe-core.
"""
import ctypes
import json
import os
import pathlib
import re
import signal
import sqlite3
import subprocess
import tempfile
import unittest
import urllib.request

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect, sync_playwright

DECANT = os.environ["DECANT_PROGRAM"]
TOPICS = {
    "music": ["violin", "melody", "orchestra", "rhythm"],
    "cooking": ["recipe", "oven", "flour", "butter"],
    "הפלגה וים": ["harbour", "mast", "anchor", "rudder"],
    "garden 🌻👩🏽‍🌾": ["seed", "spade", "rose", "hedge"],
    "x" * 200: ["engine", "gear", "clutch", "brake"],
}
# Rules of WCAG 2.2 AA and of good practice; axe-core leaves target-size out unless asked.
RULES = {"rules": {"target-size": {"enabled": True}}, "resultTypes": ["violations"]}
WINDOWS = [(width, scheme) for width in (390, 1280) for scheme in ("light", "dark")]
# Names that a page must survive.
NAMES = ["y" * 200, "many words " * 18 + "!!", "ملصق جديد (x)", "🎻" * 60]

# The contrast of the edges of controls, and of the focus ring, with the page.
CONTRAST = """element => {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const over = (colour, ground) => {
    canvas.fillStyle = `rgb(${ground})`; canvas.fillRect(0, 0, 1, 1);
    canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3);
  };
  const light = colour => colour.map(v => v / 255).map(v => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [.2126, .7152, .0722][i], 0);
  const probe = document.body.appendChild(document.createElement("i"));
  probe.style.color = "Canvas";
  const paper = over(getComputedStyle(probe).color, [255, 255, 255]);
  probe.remove();
  const style = getComputedStyle(element);
  const ratio = colour => {
    const [a, b] = [light(over(colour, paper)), light(paper)].sort((a, b) => b - a);
    return (a + .05) / (b + .05);
  };
  return { edge: ratio(style.borderTopColor), ring: ratio(style.outlineColor),
    ringStyle: style.outlineStyle, ringWidth: parseFloat(style.outlineWidth) };
}"""
# Tab begins at an element that is removed again.
START = """() => {
  const first = document.createElement("span");
  first.tabIndex = -1;
  document.body.prepend(first);
  first.focus();
  first.remove();
}"""
# The focused element: its name, and whether it can be seen.
FOCUSED = """() => {
  const element = document.activeElement;
  if (!element || element === document.body) return null;
  const box = element.getBoundingClientRect();
  const [x, y] = [box.left + Math.min(box.width, 40) / 2, box.top + Math.min(box.height, 20) / 2];
  const top = document.elementFromPoint(x, y);
  return { name: element.id || element.getAttribute("aria-label") || element.textContent.trim(),
    seen: !!top && (top === element || element.contains(top) || top.contains(element)),
    inside: box.left >= 0 && box.right <= innerWidth + .5 };
}"""


def decant(*arguments):
    return subprocess.run([DECANT, *arguments], check=True, capture_output=True, text=True).stdout


def documents():
    for index in range(150):
        topic = list(TOPICS)[index % 5]
        words = TOPICS[topic]
        text = " ".join(words[(index // 5 + i) % 4] for i in range(3))
        yield {"id": f"document {index}", "text": f"{text} 🎈 number {index}", "labels": [topic]}


def end_with_parent():
    """Asks Linux to end this process with the tests, even if they are killed."""
    PR_SET_PDEATHSIG = 1
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


class Service:
    """A running service that can be stopped and started again at its port."""

    def __init__(self, root, name, token=None):
        self.root, self.token, self.port, self.process = root, token, 0, None
        self.store = root / f"{name}.sqlite"
        self.start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}/"

    def start(self):
        environment = {key: value for key, value in os.environ.items() if key != "DECANT_TOKEN"}
        if self.token:
            environment["DECANT_TOKEN"] = self.token
        with (self.root / "log").open("a") as log:
            self.process = subprocess.Popen(
                [DECANT, "serve", str(self.root / "run"), "--port", str(self.port), "--store", str(self.store),
                 "--documents", str(self.root / "data.jsonl"), "--timeout", "2", "--maximum-body", "16"],
                stdout=subprocess.PIPE, stderr=log, text=True, env=environment,
                preexec_fn=end_with_parent)
        found = re.search(r"http://[^ ]*:(\d+)", self.process.stdout.readline())
        assert found, (self.root / "log").read_text()
        self.port = int(found[1])

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.process.stdout.close()

    def feedback(self):
        with urllib.request.urlopen(self.url + "v1/feedback") as answer:
            return [json.loads(line) for line in answer.read().splitlines()]

    def rows(self, sql):
        with sqlite3.connect(self.store) as database:
            return database.execute(sql).fetchall()


def setUpModule():
    folder = tempfile.TemporaryDirectory()
    unittest.addModuleCleanup(folder.cleanup)
    root = Browser.root = pathlib.Path(folder.name)
    lines = [json.dumps(document) + "\n" for document in documents()]
    (root / "data.jsonl").write_text("".join(lines))
    decant("train", str(root / "data.jsonl"), "--output", str(root / "run"), "--dimension", "16", "--threads", "1",
           "--batch-size", "16", "--epochs", "20", "--patience", "5", "--quiet")
    decant("calibrate", str(root / "run"))
    Browser.service = Service(root, "open")
    unittest.addModuleCleanup(lambda: Browser.service.stop())
    Browser.guarded = Service(root, "guarded", token="geheim")
    unittest.addModuleCleanup(lambda: Browser.guarded.stop())
    expect.set_options(timeout=10_000)
    driver = sync_playwright().start()
    unittest.addModuleCleanup(driver.stop)
    # Chromium's own sandbox is not available to root.
    sandbox = [] if os.geteuid() else ["--no-sandbox"]
    Browser.browser = driver.chromium.launch(executable_path=os.environ["CHROMIUM"], args=sandbox)
    unittest.addModuleCleanup(Browser.browser.close)
    print(f"Chromium {Browser.browser.version}")


class Browser(unittest.TestCase):
    root = service = guarded = browser = None
    maxDiff = None

    def in_every_window(self, work):
        for width, scheme in WINDOWS:
            with self.subTest(width=width, scheme=scheme):
                context = self.browser.new_context(
                    viewport={"width": width, "height": 844}, color_scheme=scheme)
                context.set_default_timeout(10_000)
                page = context.new_page()
                faults = []
                page.on("pageerror", lambda error: faults.append(str(error)))
                page.on("console", lambda line: faults.append(line.text) if "Failed to load" not in line.text
                        and line.type in ("error", "warning") else None)
                try:
                    work(page)
                    self.assertEqual(faults, [])
                finally:
                    context.close()

    def examine(self, page, state):
        """No violation, nothing wider than the window, and edges of controls that can be seen."""
        found = Axe().run(page, options=RULES).response["violations"]
        self.assertEqual(
            [(rule["id"], node["html"][:200], node["failureSummary"]) for rule in found for node in rule["nodes"]],
            [], state)
        width = page.evaluate("document.documentElement.scrollWidth")
        self.assertLessEqual(width, page.viewport_size["width"], f"{state}: the page scrolls sideways")
        for control in page.locator("input:visible, textarea:visible, button:visible").all():
            self.assertGreaterEqual(control.evaluate(CONTRAST)["edge"], 3, f"{state}: {control}")

    def tabs(self, page, most=60):
        """The names of what Tab reaches, from the beginning, each of them visible with its ring."""
        page.evaluate(START)
        names = []
        for _ in range(most):
            page.keyboard.press("Tab")
            focused = page.evaluate(FOCUSED)
            if not focused:
                break
            self.assertTrue(focused["seen"] and focused["inside"], focused)
            ring = page.locator(":focus").evaluate(CONTRAST)
            self.assertTrue(ring["ringStyle"] != "none" and ring["ringWidth"] >= 2 and ring["ring"] >= 3,
                            f"{focused}: {ring}")
            names.append(focused["name"])
        return names

    def go_to(self, page, name):
        """Presses Tab, or Shift+Tab, until the element has the focus."""
        for key in ["Tab"] * 60 + ["Shift+Tab"] * 60:
            focused = page.evaluate(FOCUSED)
            if focused and focused["name"] == name:
                return
            page.keyboard.press(key)
        self.fail(f"the keyboard does not reach {name}")


class Page(Browser):
    def message(self, page, pattern, bad=False):
        """Waits for a message of that kind."""
        expect(page.locator("#message")).to_have_text(re.compile(pattern))
        expect(page.locator("#message")).to_have_class("bad" if bad else "")

    def open(self, page, url=None):
        page.goto(url or self.service.url)
        expect(page).to_have_title("run · Decant")

    def rank(self, page, text, pattern=r"^\d+ labels? in \d+ ms$", bad=False):
        page.locator("#text").focus()
        page.keyboard.press("Control+A")
        page.keyboard.insert_text(text)
        page.keyboard.press("Control+Enter")
        self.message(page, pattern, bad)

    def labels(self, page):
        buttons = page.locator("#labels .yes").all()
        return [button.get_attribute("aria-label").removeprefix("right: ") for button in buttons]

    def add(self, page, name, text):
        """Adds a label; the section is open."""
        self.go_to(page, "label-id")
        page.keyboard.insert_text(name)
        page.keyboard.press("Tab")
        page.keyboard.insert_text(text)
        page.keyboard.press("Enter")
        self.message(page, "added. It can be undone below.$")

    def test_ranks_and_shows_similar_documents(self):
        def work(page):
            page.goto(self.service.url)
            expect(page).to_have_title("run · Decant")
            self.assertEqual(page.evaluate(FOCUSED)["name"], "text")
            self.assertEqual(
                page.locator("#about").inner_text(), "5 labels, trained on data.jsonl, with probabilities")
            self.assertNotIn(str(self.root), page.content())
            self.examine(page, "empty page")
            self.assertEqual(
                self.tabs(page), ["text", "Rank labels", "k", "Add a new label", "Access", "openapi.json"])
            self.rank(page, "violin and melody")
            self.assertEqual(self.labels(page)[0], "music")
            self.assertRegex(page.locator("#labels .score").first.inner_text(), r"^\d+\.\d %$")
            expect(page.locator("#documents .document")).to_have_count(5)
            similar = page.locator("#documents .document").all_inner_texts()
            for text in similar:
                self.assertRegex(text, r"^\w+ \w+ \w+ 🎈 number \d+ document \d+$")
            self.assertIn("violin", similar[0])
            self.examine(page, "ranked")
            judges = [f"{word}: {name}" for name in self.labels(page) for word in ("right", "wrong")]
            self.assertEqual(
                self.tabs(page),
                ["text", "Rank labels", "k", *judges, "more", "Add it", "keep", "Add a new label", "Access",
                 "openapi.json"])
            # Enter in the number ranks, and a number out of range is corrected.
            self.go_to(page, "k")
            page.keyboard.press("Control+A")
            page.keyboard.type("-3")
            page.keyboard.press("Enter")
            expect(page.locator("#k")).to_have_value("1")
            expect(page.locator("#labels li")).to_have_count(1)
        self.in_every_window(work)

    def test_feedback(self):
        def work(page):
            self.open(page)
            text = f"violin {page.viewport_size['width']} {page.evaluate('matchMedia(`(prefers-color-scheme: dark)`).matches')}"
            self.rank(page, text)
            self.go_to(page, "keep")
            page.keyboard.press("Enter")
            self.message(page, "^Mark at least one", bad=True)
            self.go_to(page, "right: music")
            page.keyboard.press("Space")
            self.go_to(page, "wrong: cooking")
            page.keyboard.press("Enter")
            self.assertEqual(page.locator("[aria-pressed=true]").count(), 2)
            # A missing label, found by a part of its name.
            page.locator("#labels li", has_text="garden").evaluate("item => item.remove()")
            self.go_to(page, "more")
            page.keyboard.type("GARD")
            expect(page.locator("#known option")).to_have_count(1)
            page.keyboard.press("Escape")
            page.keyboard.press("Escape")
            self.assertEqual(page.locator("#more").input_value(), "")
            page.keyboard.insert_text("nothing of that name")
            page.keyboard.press("Enter")
            self.message(page, '^There is no label "nothing of that name".$', bad=True)
            self.examine(page, "refused")
            page.keyboard.press("Control+A")
            page.keyboard.insert_text("x" * 200)
            page.keyboard.press("Enter")
            self.message(page, "is marked as right")
            self.examine(page, "judged")
            self.go_to(page, "keep")
            page.keyboard.press("Enter")
            self.message(page, "^Thank you: 3 verdicts saved.$")
            self.assertIn(
                {"text": text, "labels": ["music", "x" * 200], "rejected": ["cooking"]}, self.service.feedback())
        self.in_every_window(work)

    def test_adds_and_removes_a_label(self):
        def work(page):
            self.open(page)
            self.go_to(page, "Add a new label")
            page.keyboard.press("Enter")
            self.go_to(page, "label-text")
            page.keyboard.press("Enter")
            self.message(page, "^Type a name first.$", bad=True)
            self.assertEqual(page.evaluate(FOCUSED)["name"], "label-id")
            page.keyboard.type("strings")
            page.keyboard.press("Enter")
            self.message(page, "^Type a description first.$", bad=True)
            page.keyboard.type("qqqq")
            page.keyboard.press("Enter")
            self.message(page, "knows no word of the text", bad=True)
            self.examine(page, "refused label")
            for field in ("label-id", "label-text"):
                page.locator(f"#{field}").fill("")
            self.add(page, "strings", "violin orchestra")
            self.assertEqual(self.service.rows("SELECT id FROM label"), [("strings",)])
            self.examine(page, "added label")
            self.rank(page, "violin")
            self.assertIn("strings", self.labels(page))
            self.go_to(page, "right: strings")
            page.keyboard.press("Space")
            self.go_to(page, "keep")
            page.keyboard.press("Enter")
            self.message(page, "^Thank you: 1 verdict saved.$")
            self.assertEqual(self.service.rows("SELECT label FROM verdict WHERE label = 'strings'"), [("strings",)])
            self.go_to(page, "Undo: strings")
            page.keyboard.press("Enter")
            self.message(page, "^Label strings removed with 1 verdict.$")
            self.assertEqual(self.service.rows("SELECT id FROM label"), [])
            self.assertEqual(self.service.rows("SELECT label FROM verdict WHERE label = 'strings'"), [])
            self.assertNotIn("strings", self.labels(page))
            self.assertEqual(page.evaluate(FOCUSED)["name"], "label-id")
            self.assertEqual(page.locator("#label-text").input_value(), "violin orchestra")
            self.examine(page, "removed label")
            page.keyboard.press("Escape")
            self.assertEqual(page.evaluate(FOCUSED)["name"], "Add a new label")
            self.assertFalse(page.locator("#new").is_visible())
            self.rank(page, "violin")
            self.assertNotIn("strings", self.labels(page))
        self.in_every_window(work)

    def test_long_and_foreign_names(self):
        def work(page):
            self.open(page)
            self.go_to(page, "Add a new label")
            page.keyboard.press("Enter")
            for name in NAMES:
                self.add(page, name, "violin melody orchestra")
                self.examine(page, name)
            self.rank(page, "violin שלום عالم " + "z" * 3000)
            self.examine(page, "ranked long names")
            self.assertLessEqual(set(NAMES), set(self.labels(page)))
            self.tabs(page, most=90)
            for count, name in enumerate(NAMES, 1):
                self.go_to(page, f"Undo: {name.strip()}")
                page.keyboard.press("Enter")
                expect(page.locator("#undo li")).to_have_count(len(NAMES) - count)
                self.message(page, "removed.$")
            self.assertFalse(page.locator("#added").is_visible())
        self.in_every_window(work)

    def test_texts_that_cannot_be_ranked(self):
        def work(page):
            self.open(page)
            self.go_to(page, "Rank labels")
            page.keyboard.press("Enter")
            self.message(page, "^Type a text first.$", bad=True)
            self.assertEqual(page.evaluate(FOCUSED)["name"], "text")
            self.examine(page, "empty text")
            self.rank(page, "qwertz asdfgh", "^Nothing known: ")
            self.assertEqual((self.labels(page), page.locator("#similar").is_visible()), ([], False))
            self.examine(page, "nothing known")
            self.rank(page, "violin " * 3000, "^The body is larger than 16384 bytes.$", bad=True)
            self.examine(page, "too long")
            # The refusal also arrives while the browser is still sending.
            self.assertEqual(
                page.evaluate("""() => call("POST", "/v1/predict", { text: "violin ".repeat(1e6) })
                  .catch(error => error.message)"""), "The body is larger than 16384 bytes.")
            self.rank(page, "violin")
        self.in_every_window(work)

    def test_unreachable_service(self):
        def work(page):
            self.open(page)
            self.rank(page, "violin")
            # The service closes connections that are idle for two seconds.
            page.wait_for_timeout(2500)
            self.rank(page, "butter")
            self.service.stop()
            try:
                page.locator("#text").fill("rose hedge")
                page.keyboard.press("Control+Enter")
                self.message(page, "^The service does not answer", bad=True)
                self.examine(page, "unreachable")
            finally:
                self.service.start()
            self.message(page, "^The service answers again.$")
            self.assertEqual(page.locator("#text").input_value(), "rose hedge")
            self.rank(page, "rose hedge")
            self.assertIn("garden", self.labels(page)[0])
        self.in_every_window(work)

    def test_token(self):
        def work(page):
            page.goto(self.guarded.url)
            self.message(page, "^The service needs a token", bad=True)
            self.examine(page, "without a token")
            for token in ("wrong", "töken 🎻"):
                self.go_to(page, "token")
                page.keyboard.press("Control+A")
                page.keyboard.insert_text(token)
                page.keyboard.press("Enter")
                self.message(page, "^The service does not accept the token", bad=True)
            self.examine(page, "with a wrong token")
            page.keyboard.press("Control+A")
            page.keyboard.insert_text("geheim")
            page.keyboard.press("Enter")
            self.message(page, "^The service accepts the token.$")
            page.keyboard.press("Escape")
            self.assertFalse(page.locator("#identity").is_visible())
            self.rank(page, "violin")
        self.in_every_window(work)


class Reports(Browser):
    def check(self, path):
        def work(page):
            page.goto(path.as_uri())
            self.examine(page, path.name)
            for details in page.locator("details").all():
                details.evaluate("details => details.open = true")
            self.examine(page, f"{path.name}, opened")
            self.assertGreater(len(self.tabs(page)), 3)
        self.in_every_window(work)

    def test_report(self):
        path = self.root / "report.html"
        decant("report", str(self.root / "run"), "--output", str(path))
        self.check(path)

    def test_inspection(self):
        path = self.root / "inspection.html"
        decant("inspect", str(self.root / "data.jsonl"), "--output", str(path))
        self.check(path)


if __name__ == "__main__":
    unittest.main()
