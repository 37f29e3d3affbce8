"""One page holds a run, by itself: what was measured, what was stored, and what the decoder says."""

from __future__ import annotations

import base64
import io
import json
import re
import shutil
import zlib
from collections import Counter
from dataclasses import replace

import html5lib
import numpy as np
import pytest
from PIL import Image
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

from helpers.reports import chromium, reported, write_digit_run
from helpers.runs import refusal
from spikeseg.analysis.decoding.decoder import decode
from spikeseg.analysis.report.page import TEMPLATES
from spikeseg.analysis.report.showcase import OTHERS, OutcomeRow, choose
from spikeseg.boxes import Box
from spikeseg.errors import SpikeSegError
from spikeseg.recording import load_recording
from spikeseg.runners.evaluation import reporting
from spikeseg.runners.evaluation.recording import record
from spikeseg.runners.evaluation.report import write_report
from spikeseg.runners.evaluation.selection import select
from spikeseg.spikes import SILENT, Recorded

NUMPY = ("--device", "numpy")


class Reported:
    """A run's page beside its stored spikes, by name of the stimulus."""

    def __init__(self, run, part, count):
        self.selection = reported(run, part, count)
        self.path = run / "report.html"
        self.text = self.path.read_text(encoding="utf-8")
        self.contents = json.loads(re.search(r'id="contents">(.*?)</script>', self.text, re.DOTALL)[1])
        record(self.selection, run / "spikes.npz", "numpy")
        spikes, header = load_recording(run / "spikes.npz")
        self.stored = dict(zip(header["names"], Recorded(spikes), strict=True))
        self.names = re.findall(r'<option value="\d+">(.*?): ', self.text)


@pytest.fixture(scope="module")
def pictures(trained, tmp_path_factory):
    return Reported(shutil.copytree(trained, tmp_path_factory.mktemp("pictures") / "run"), "test", 4)


@pytest.fixture(scope="module")
def digits(tmp_path_factory):
    return Reported(write_digit_run(tmp_path_factory.mktemp("digits")), "all", 20)


@pytest.fixture(params=["pictures", "digits"])
def page(request):
    return request.getfixturevalue(request.param)


# ---- The command -----------------------------------------------------------------------------------


class TestCommand:
    @pytest.fixture(autouse=True)
    def _without_figures(self, monkeypatch):
        monkeypatch.setattr(reporting, "draw_evaluation", lambda *_: None)  # which take seconds, and are not looked at

    def test_a_run_that_was_not_evaluated_is_evaluated(self, spikeseg, run):
        told = spikeseg("report", run, "--stimuli", 1, *NUMPY)
        assert (told.code, told.err) == (0, "")
        assert {"metrics.json", "outcomes.csv", "report.html"} <= {path.name for path in run.iterdir()}
        assert f"{run / 'report.html'}: 4 stimuli" in told.out  # the gallery is always whole

    def test_the_part_that_was_evaluated_is_shown(self, spikeseg, run, tmp_path):
        assert spikeseg("evaluate", run, "--split", "validation", *NUMPY).code == 0
        before = (run / "metrics.json").read_bytes()
        told = spikeseg("report", run, "--out", tmp_path / "page.html", *NUMPY)
        assert (told.code, told.err) == (0, "")
        assert "part “validation”" in (tmp_path / "page.html").read_text()
        assert (run / "metrics.json").read_bytes() == before

    def test_another_part_is_measured_and_the_results_that_were_there_stay(self, spikeseg, run):
        assert spikeseg("evaluate", run, *NUMPY).code == 0
        before = (run / "metrics.json").read_bytes()
        told = spikeseg("report", run, "--split", "validation", *NUMPY)
        assert (told.code, told.err) == (0, "")
        assert "part “validation”" in (run / "validation" / "report.html").read_text()
        assert (run / "metrics.json").read_bytes() == before
        assert not (run / "report.html").exists()

    def test_a_point_of_a_sweep_is_shown_on_the_part_that_it_was_measured_on(self, spikeseg, run):
        (run / "metrics-validation.json").write_text("{}")
        told = spikeseg("report", run, *NUMPY)
        assert (told.code, told.err) == (0, "")
        assert "part “validation”" in (run / "report.html").read_text()

    def test_results_of_another_kind_are_refused(self, spikeseg, run):
        (run / "metrics.json").write_text('{"objects": 2}')
        line = refusal(spikeseg("report", run, *NUMPY))
        assert line.startswith(f"{run / 'metrics.json'}: n: Field required; ")

    @pytest.mark.parametrize(
        ("old", "new", "reason"),
        [
            (r",orange,orange,", ",orange,panda,", "is answered differently"),
            (r"single/", "twofold/", "the data have no "),
            (r"name,", "title,", "cannot be read"),
        ],
    )
    def test_results_of_something_else_are_refused(self, spikeseg, pictures, tmp_path, old, new, reason):
        run = shutil.copytree(pictures.path.parent, tmp_path / "run")
        (run / "report.html").unlink()
        outcomes = run / "outcomes.csv"
        changed = re.sub(old, new, outcomes.read_text())
        assert changed != outcomes.read_text()
        outcomes.write_text(changed)
        line = refusal(spikeseg("report", run, *NUMPY))
        assert line.startswith(str(outcomes))
        assert reason in line
        assert "run `spikeseg evaluate" in line
        assert not (run / "report.html").exists()

    def test_more_steps_than_a_page_can_show_are_refused(self, pictures, tmp_path):
        network = pictures.selection.network
        inputs = network.config.input.model_copy(update={"flush_steps": 246})
        slow = replace(network, config=network.config.model_copy(update={"input": inputs}))
        with pytest.raises(SpikeSegError, match="has 256 steps per stimulus: a page shows at most 255"):
            write_report(replace(pictures.selection, network=slow), tmp_path, tmp_path / "page.html", 1, "numpy")


def rows(count, classes=2, boxed=True):
    """Outcomes of every class in turn, the later the worse; every fifth is wrong."""
    box = Box(0, 0, 100, 100) if boxed else None
    return [
        OutcomeRow(f"{n}", f"{n % classes}", f"{n % classes}" if n % 5 else "none", box, Box(0, 0, 100 - n, 100))
        for n in range(count)
    ]


class TestChoice:
    def test_of_each_class_the_best_typical_and_worst_are_shown(self):
        chosen = choose(rows(60), 20)
        kinds = Counter((kind, number % 2) for number, kind in chosen.items())
        assert kinds == {(kind, label): 2 for kind in ("Best", "Typical", "Worst") for label in (0, 1)} | {
            (OTHERS, 0): kinds[OTHERS, 0],
            (OTHERS, 1): kinds[OTHERS, 1],
        }
        assert len(chosen) == 20
        assert [n for n, kind in chosen.items() if kind == "Best"] == [2, 4, 1, 3]
        assert {n for n, kind in chosen.items() if kind == "Worst"} == {40, 50, 45, 55}  # wrong, and least overlap

    def test_without_boxes_right_and_wrong_answers_are_shown(self):
        chosen = choose(rows(100, classes=10, boxed=False), 0)
        kinds = {kind: [n for n, of in chosen.items() if of == kind] for kind in set(chosen.values())}
        assert kinds.keys() == {"Right", "Wrong"}
        assert all(n % 5 for n in kinds["Right"])
        assert not any(n % 5 for n in kinds["Wrong"])
        assert len(kinds["Right"]) == 8  # of two classes all are wrong
        assert len(kinds["Wrong"]) == 2

    @pytest.mark.parametrize("count", [1, 5, 100])
    def test_there_are_no_more_than_there_are(self, count):
        assert set(choose(rows(count), 50)) <= set(range(count))
        assert len(choose(rows(count), 50)) == min(count, 50)


# ---- The page --------------------------------------------------------------------------------------


class TestPage:
    def test_it_is_valid_html(self, page):
        html5lib.HTMLParser(strict=True).parse(page.text)
        ids = re.findall(r'\sid="([^"]+)"', page.text)
        assert len(ids) == len(set(ids))
        references = re.findall(r'(?:\sfor|aria-labelledby|aria-describedby|href)="#?([\w-]+)"', page.text)
        assert len(references) > 10
        assert set(references) <= set(ids)
        assert all(re.search(r'\salt="[^"]+"', image) for image in re.findall(r"<img[^>]*>", page.text))

    def test_it_needs_nothing_else(self, page):
        addresses = re.findall(r'\s(?:src|href)="([^"]*)"', page.text)
        assert len(addresses) > 10
        assert {re.match(r"#|data:", address)[0] for address in addresses} == {"#", "data:"}
        code = "".join((TEMPLATES / f"report.{kind}").read_text() for kind in ("css", "js", "html"))
        assert not re.search(r"https?:|url\(|@import|fetch\(|XMLHttpRequest|import ", code)
        assert "default-src 'none'" in page.text

    def test_50_stimuli_would_stay_below_15_mb(self, page):
        """As large as they are here; docs/report.md has the sizes of real ones."""
        assert page.path.stat().st_size / len(page.names) * 50 < 15e6

    def test_the_embedded_spikes_are_the_stored_ones(self, page):
        packed = re.findall(r'<script type="application/octet-stream" id="spikes-\d+">(.*?)</script>', page.text)
        assert len(packed) == len(page.names) == len(page.contents["stimuli"])
        for name, content in zip(page.names, packed, strict=True):
            values = np.frombuffer(zlib.decompress(base64.b64decode(content)), np.uint8)
            stored = page.stored[name]
            for layer, shape in zip(stored, page.contents["layers"], strict=True):
                assert (shape["features"], shape["rows"], shape["columns"]) == stored[layer].shape
                fired, values = np.split(values, [stored[layer].size])
                np.testing.assert_array_equal(fired, stored[layer].ravel() % 256)  # SILENT, -1, is 255
        assert any((steps["conv3"] != SILENT).any() for steps in page.stored.values())

    def test_it_tells_how_it_came_about(self, pictures):
        for said in ("numpy", "split_seed", "brian2", "digest", "paper: NVS-OrangePanda", "0.81"):
            assert said in pictures.text

    def test_figures_of_an_analysis_are_shown(self, pictures, tmp_path):
        assert 'id="analysis"' not in pictures.text
        run = shutil.copytree(pictures.path.parent, tmp_path / "run")
        figure = b"any bytes"
        (run / "analysis").mkdir()
        (run / "analysis" / "latencies.png").write_bytes(figure)
        write_report(select(run, None, "test"), run, run / "report.html", 1, "numpy")
        assert f'src="data:image/png;base64,{base64.b64encode(figure).decode()}"' in (run / "report.html").read_text()

    def test_without_boxes_there_is_no_iou(self, digits):
        assert "IoU 0" not in digits.text
        assert "strict" not in digits.text.split('id="gallery"')[0].split("<body>")[1]
        assert "The paper has no row for these data." in digits.text
        assert "9 taken for nothing" in digits.text


def luminance(hex_colour):
    parts = [int(hex_colour[k : k + 2], 16) / 255 for k in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return float(np.dot([0.2126, 0.7152, 0.0722], linear))


def test_text_stands_out_from_its_ground_in_light_dark_and_print():
    """WCAG 2.2, contrast of at least 4.5 : 1."""
    style = re.sub(r"#(\w)(\w)(\w);", r"#\1\1\2\2\3\3;", (TEMPLATES / "report.css").read_text())
    blocks = re.findall(r":root \{.*?\}", style, re.DOTALL)
    themes = [dict(re.findall(r"--(\w+): (#\w{6});", block)) for block in blocks]
    assert len(themes) == 3
    for theme in themes:
        for text in ("ink", "muted", "accent"):
            for ground in ("ground", "panel"):
                low, high = sorted((luminance(theme[text]), luminance(theme[ground])))
                assert (high + 0.05) / (low + 0.05) >= 4.5, (theme, text, ground)


# ---- In a browser ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def browser():
    with chromium() as opened:
        yield opened


def told_neuron(text):
    """Map, row and column in what is told of a latent pixel; None without them."""
    found = re.search(r"map (\d+), row (\d+), column (\d+)", text)
    return tuple(map(int, found.groups())) if found else None


class Reader:
    """Someone who reads the page."""

    def __init__(self, browser, page):
        self.browser, self.page = browser, page
        browser.get_log("browser")  # what an earlier page complained of
        self.resize(1200, 900)
        browser.get(page.path.as_uri())
        self.wait(lambda: self.text("time"))

    def wait(self, happened):
        WebDriverWait(self.browser, 20).until(lambda _: happened())

    def resize(self, width, height):
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500}
        self.browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)

    def find(self, name):
        return self.browser.find_element(By.ID, name)

    def text(self, name):
        return self.find(name).text

    def run(self, script, *arguments):
        return self.browser.execute_script(script, *arguments)

    def press(self, *keys):
        ActionChains(self.browser, duration=0).send_keys(*keys).perform()

    def focus(self, name):
        self.run("document.getElementById(arguments[0]).focus()", name)

    def tabbed(self):
        """The controls that the Tab key comes by, one after the other; each shows that it has the focus."""
        passed = []
        while True:
            self.press(Keys.TAB)
            active = self.browser.switch_to.active_element
            if active.tag_name == "body":
                return passed
            assert active.value_of_css_property("outline-style") != "none"
            passed.append(active.get_attribute("id") or active.get_attribute("class"))

    @property
    def steps(self):
        """Of the stimulus that is shown."""
        return self.page.stored[self.page.names[int(self.find("stimulus").get_attribute("value"))]]

    def click(self, name, down, right):
        """Click so many pixels from the middle."""
        chain = ActionChains(self.browser, duration=0)
        chain.move_to_element_with_offset(self.find(name), int(right), int(down)).click().perform()

    def drawn(self, name):
        """What is on a canvas, (rows, columns, 4) int."""
        address = self.run("return document.getElementById(arguments[0]).toDataURL()", name)
        image = Image.open(io.BytesIO(base64.b64decode(address.partition(",")[2])))
        return np.asarray(image.convert("RGBA")).astype(int)

    def lit(self):
        """The input pixels that are drawn as lit, (H, W) bool."""
        red, green, _, alpha = np.moveaxis(self.drawn("layer-0"), -1, 0)
        return (alpha == 255) & (red > green + 100)

    def chosen(self):
        """Map, row and column of the latent pixel that is told to be chosen; None without one."""
        return told_neuron(self.text("selection"))

    def assert_lit_as_decoded(self):
        network = self.page.selection.network
        expected = decode(network, self.steps, [self.chosen()], network.config.decoder.mode).mask
        np.testing.assert_array_equal(self.lit(), expected)
        assert f"caused by {np.count_nonzero(expected):,} input pixels" in self.text("selection")


@pytest.fixture
def reader(browser, page):
    reader = Reader(browser, page)
    yield reader
    assert not browser.get_log("browser")


def spiking(steps):
    return {tuple(neuron) for neuron in np.argwhere(steps["conv3"] != SILENT).tolist()}


of_pictures = pytest.mark.parametrize("page", ["pictures"], indirect=True)


class TestInABrowser:
    def test_a_click_on_a_latent_pixel_lights_what_the_decoder_says(self, reader):
        drawn = reader.drawn("latent")
        opaque = drawn[..., 3] == 255
        coloured = np.argwhere(opaque & (np.ptp(drawn[..., :3], axis=-1) > 30))  # tiles and rings are grey
        reached = set()
        for row, column in coloured[np.linspace(0, len(coloured) - 1, 8).astype(int)]:
            reader.click("latent", row - drawn.shape[0] // 2, column - drawn.shape[1] // 2)
            reader.assert_lit_as_decoded()
            reached.add(reader.chosen())
        assert len(reached) > 2
        reader.click("latent", 0, drawn.shape[1] // 2 - 2)  # nothing is near the right edge
        assert reader.chosen() is None
        assert not reader.lit().any()

    @of_pictures
    def test_the_keyboard_reaches_every_latent_spike(self, reader):
        expected = spiking(reader.steps)
        reader.focus("latent")
        for key in (Keys.HOME, Keys.ARROW_RIGHT, Keys.ARROW_DOWN, Keys.END, Keys.ARROW_LEFT, Keys.ARROW_UP):
            reader.press(key)
            assert reader.chosen() in expected
            reader.assert_lit_as_decoded()
        reader.press(Keys.ESCAPE)
        assert reader.chosen() is None
        script = "return arguments[0].map(() => (document.getElementById('spike-next').click(), selection.textContent))"
        visited = [told_neuron(told) for told in reader.run(script, [None] * len(expected))]
        assert set(visited) == expected
        order = [reader.steps["conv3"][neuron] for neuron in visited]
        assert order == sorted(order)

    @of_pictures
    def test_every_control_works_by_keyboard(self, reader):
        controls = ["previous", "stimulus", "next", "play", "step", "latent"]
        controls += ["spike-previous", "spike-next", "answer", "clear"]
        passed = reader.tabbed()
        assert [name for name in passed if name in controls] == controls
        assert passed.count("card") == len(reader.browser.find_elements(By.CLASS_NAME, "card"))
        last = reader.page.contents["steps"] - 1

        reader.focus("step")
        reader.press(Keys.HOME, Keys.ARROW_RIGHT)
        assert reader.text("time").startswith(f"1 of {last}")
        assert "1 of" in reader.find("step").get_attribute("aria-valuetext")

        reader.focus("play")
        reader.press(Keys.SPACE)
        assert reader.text("play") == "Pause"
        reader.wait(lambda: reader.text("time").startswith(("3 of", "4 of")))
        reader.press(Keys.SPACE)
        assert reader.text("play") == "Play"

        for control in ("spike-next", "spike-previous"):
            reader.focus(control)
            reader.press(Keys.ENTER)
            assert reader.chosen() in spiking(reader.steps)
        reader.focus("answer")
        reader.press(Keys.ENTER)
        reader.assert_lit_as_decoded()
        assert "; the answer" in reader.text("selection")
        reader.focus("clear")
        reader.press(Keys.ENTER)
        assert reader.chosen() is None

        def shown():
            return reader.find("stimulus").get_attribute("value")

        for control, key, value in (("next", Keys.ENTER, "1"), ("previous", Keys.SPACE, "0")):
            reader.focus(control)
            reader.press(key)
            reader.wait(lambda value=value: shown() == value)
        reader.focus("stimulus")
        reader.press(Keys.ARROW_DOWN)
        reader.wait(lambda: shown() == "1")

        reader.run("document.querySelectorAll('.card')[2].focus()")
        reader.press(Keys.ENTER)
        reader.wait(lambda: shown() == "2")
        assert reader.browser.switch_to.active_element.get_attribute("id") == "stimulus"

    def test_at_each_step_the_spikes_so_far_are_drawn_and_counted(self, reader):
        layers = list(reader.steps)[:-1]
        for step in (0, 4, 7, reader.page.contents["steps"] - 1):
            reader.run("step.value = arguments[0]; step.dispatchEvent(new Event('input'))", step)
            for number, layer in enumerate(layers):
                fired = reader.steps[layer]
                so_far, now = (np.count_nonzero(which) for which in ((fired >= 0) & (fired <= step), fired == step))
                told = reader.run(f"return document.getElementById('layer-{number}').nextElementSibling.textContent")
                assert told == f"{so_far:,} spikes, {now:,} now"

    def test_every_stimulus_can_be_shown(self, reader):
        """An all but empty one, too, which a map without a class answers."""
        for index, stimulus in enumerate(reader.page.contents["stimuli"]):
            reader.run(
                "stimulus.value = arguments[0]; stimulus.dispatchEvent(new Event('change')); answer.click()", index
            )
            told = f"{stimulus['label']}, answered {stimulus['answered']}{stimulus['overlap']}"
            reader.wait(lambda told=told: reader.text("picture-caption") == told)

    @pytest.mark.parametrize("width", [360, 800])
    def test_nothing_is_wider_than_the_screen(self, reader, width):
        reader.resize(width, 800)
        reader.run("document.getElementById('answer').click()")
        reader.wait(lambda: reader.run("return innerWidth") == width)
        assert reader.run("return document.documentElement.scrollWidth") <= width

    @of_pictures
    def test_it_prints(self, reader):
        printed = reader.browser.execute_cdp_cmd("Page.printToPDF", {"printBackground": True})
        assert base64.b64decode(printed["data"]).startswith(b"%PDF")
