"""What a reader of the report sees in Chromium: legible figures, references first, and no wait with many trials."""

import time

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

EXPERIMENTS = 125
# The sizes in which the texts of a figure are shown, and the pairs of texts that overlap.
TEXTS = """
  document.querySelectorAll("details").forEach((details) => { details.open = true; });
  const svg = document.querySelector("svg[aria-label*=mixup]"), scale = svg.getScreenCTM().a;
  const texts = [...svg.querySelectorAll("text")], boxes = texts.map((text) => text.getBoundingClientRect());
  const apart = (a, b) => a.right <= b.left || b.right <= a.left || a.bottom - b.top < 3 || b.bottom - a.top < 3;
  const clipped = boxes.filter((box) => box.right > svg.getBoundingClientRect().right + 1);
  return [texts.map((text) => scale * parseFloat(getComputedStyle(text).fontSize)), clipped.length,
    boxes.flatMap((a, i) => boxes.slice(i + 1).filter((b) => !apart(a, b))).length];
"""
KEYSTROKE = """
  const done = arguments[0], text = document.querySelector("#filters [name=text]"), start = performance.now();
  text.value = "exp1";
  text.dispatchEvent(new Event("input", { bubbles: true }));
  requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now() - start)));
"""


def count(page):
    return page.find_element(By.CSS_SELECTOR, "#filters output").text


@pytest.mark.parametrize("width", [1280, 390])
def test_labels_of_contact_sheets_are_legible_and_apart(page, width):
    sizes, clipped, overlapping = page(width=width).execute_script(TEXTS)
    assert len(sizes) > 100
    assert min(sizes) >= 9
    assert (clipped, overlapping) == (0, 0)


def test_trials_of_one_epoch_are_compared_without_curves(page):
    opened = page("#leaderboard?compare=single%20range_test")
    text = opened.find_element(By.ID, "compare").text
    assert "No trial trained for more than one epoch, so there are no learning curves." in text
    assert len(opened.find_elements(By.CSS_SELECTOR, "#compare .uplot")) == 1


def test_the_trials_of_an_experiment_have_the_color_of_its_curves(page):
    opened = page("#leaderboard?compare=network%20network_seeds", width=390)
    script = """return charts.map((chart) => chart.series.slice(1).map((one) => [one.label, one._stroke,
      chart.data[chart.series.indexOf(one)].filter((value) => value != null).length]))"""
    trials, curve, _ = opened.execute_script(script)
    assert [own[2] for own in trials] == [3, 4]
    assert [own[:2] for own in trials] == [own[:2] for own in curve]


def test_a_quick_run_has_the_reference_results_before_its_own(page, large):
    opened = page(path=large)
    titles = opened.execute_script(
        "return [...document.querySelectorAll('#board .tabulator-col-title')].map((title) => title.textContent)"
    )
    assert titles[1:4] == ["Experiment", "Reference", "Published"]
    assert titles.index("Verdict") < titles.index("This run")
    assert opened.find_element(By.CSS_SELECTOR, "#board .tabulator-row [tabulator-field=reference]").text[:2] == "0."


def test_links_lead_to_sources(page):
    opened = page()
    links = opened.find_elements(By.LINK_TEXT, "about zoo")
    assert [link.get_attribute("href") for link in links] == ["https://example.org/zoo?a=1&b=2"]


def test_many_experiments_of_many_trials_are_shown_and_filtered_without_a_wait(page, large):
    start = time.perf_counter()
    opened = page(path=large)
    WebDriverWait(opened, 20).until(lambda _: count(opened) == f"{EXPERIMENTS} of {EXPERIMENTS} experiments")
    assert time.perf_counter() - start < 15
    assert opened.execute_async_script(KEYSTROKE) < 2000
    assert 0 < int(count(opened).split()[0]) < EXPERIMENTS
    assert large.stat().st_size < 6_000_000


def test_the_printed_leaderboard_fits_on_a_page(page, large):
    opened = page(path=large)
    opened.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    size = {"width": 703, "height": 1032, "deviceScaleFactor": 1, "mobile": False}
    opened.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    script = """
      const cells = document.querySelectorAll("#board .tabulator-row:first-child .tabulator-cell");
      return Math.max(...[...cells].map((cell) => cell.getBoundingClientRect().right));
    """
    assert opened.execute_script(script) <= 703
