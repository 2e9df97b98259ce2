"""The report in a real Chromium: filter, order, comparison, downloads, keyboard, dark mode, narrow screens."""

import csv
import json
from pathlib import Path

import axe_core_python
import numpy as np
import pytest
from fabricated_report import experiments
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select, WebDriverWait

from lookbook.results.tables import read_table
from lookbook.statistics.comparisons import paired
from lookbook.statistics.intervals import welch_interval

AXE = Path(axe_core_python.__file__).with_name("axe.min.js")
VIOLATIONS = "const done = arguments[0]; axe.run().then((found) => done(found.violations.map((one) => one.id)));"


def names(page):
    """Return the experiments that the leaderboard shows, from above."""
    return [cell.text for cell in page.find_elements(By.CSS_SELECTOR, "#board .tabulator-row [tabulator-field=name] a")]


def tick(page, *experiments):
    for name in experiments:
        box = page.find_element(By.CSS_SELECTOR, f"#board input[aria-label='Compare {name}']")
        page.execute_script("arguments[0].click()", box)


def field(page, name):
    return page.find_element(By.CSS_SELECTOR, f"#filters [name={name}]")


def header(page, name):
    return page.find_element(By.CSS_SELECTOR, f"#board .tabulator-col[tabulator-field={name}] .tabulator-col-title")


def downloaded(page, name):
    path = page.downloads / name
    WebDriverWait(page, 10).until(lambda _: path.is_file() and path.stat().st_size)
    return path.read_text(encoding="utf-8")


def test_nothing_is_logged_and_nothing_requested(page, report):
    opened = page()
    tick(opened, "network", "network_seeds")
    assert opened.get_log("browser") == []
    sent = [json.loads(entry["message"])["message"] for entry in opened.get_log("performance")]
    urls = [message["params"]["request"]["url"] for message in sent if message["method"] == "Network.requestWillBeSent"]
    # Images that are part of the page are no requests.
    assert [url for url in urls if not url.startswith("data:")] == [report.as_uri()]


def test_the_leaderboard_has_every_experiment_best_first(page):
    shown = names(page())
    assert sorted(shown) == sorted(experiments())
    last = {"range_test", "class_0", "class_1", "class_2"}
    assert set(shown[-len(last) :]) == last
    assert shown.index("network") < shown.index("absent_a")


def test_filters_and_their_state_in_the_address(page):
    opened = page()
    Select(field(opened, "document")).select_by_value("zoo")
    field(opened, "text").send_keys("network")
    assert set(names(opened)) == {"network", "network_seeds"}
    assert opened.find_element(By.CSS_SELECTOR, "#filters output").text.startswith("2 of ")
    address = opened.current_url.partition("#")[2]
    assert set(names(page(f"#{address}"))) == {"network", "network_seeds"}
    field(opened, "text").send_keys(" nothing of this name")
    assert names(opened) == []
    assert "No experiment matches" in opened.find_element(By.ID, "board").text
    opened.find_element(By.CSS_SELECTOR, "#filters [type=reset]").click()
    WebDriverWait(opened, 5).until(lambda _: len(names(opened)) == len(experiments()))
    assert "?" not in opened.current_url


def test_a_header_sorts_best_first_then_worst_first_then_as_before(page):
    opened = page()
    before = names(opened)

    def accuracies():
        cells = opened.find_elements(By.CSS_SELECTOR, "#board .tabulator-row [tabulator-field=mean] > div")
        # Classifiers of one class stand below the others.
        return [float(c.text.split()[0]) for c in cells if c.text[0].isdigit() and "one class" not in c.text]

    header(opened, "mean").click()
    assert accuracies() == sorted(accuracies(), reverse=True)
    header(opened, "mean").click()
    assert accuracies() == sorted(accuracies())
    assert "sort=mean" in opened.current_url
    header(opened, "mean").click()
    WebDriverWait(opened, 5).until(lambda _: names(opened) == before)
    assert "?" not in opened.current_url


def test_a_comparison_has_the_interval_that_the_statistics_give(page, report):
    opened = page()
    tick(opened, "unstable", "changed", "network")
    rows = opened.find_elements(By.CSS_SELECTOR, "#compare [aria-label='Differences in accuracy'] tbody tr")
    cells = [[cell.text for cell in row.find_elements(By.CSS_SELECTOR, "th, td")] for row in rows]
    trials = read_table(report.parents[1] / "trials.csv")
    values = {name: own.set_index("seed")["test_accuracy"].dropna() for name, own in trials.groupby("experiment")}
    difference = (values["changed"] - values["unstable"]).dropna().to_numpy()
    expected = paired(difference)
    shown = {row[0]: row[1:] for row in cells}
    low, high = (float(text.replace("−", "-")) for text in shown["changed"][1].split(" to "))  # noqa: RUF001
    assert (low, high) == pytest.approx((expected["ci_low"], expected["ci_high"]), abs=6e-5)
    assert shown["changed"][2] == f"{len(difference)} pairs of equal seeds"
    assert "3 pairs" in shown["network"][2]
    assert "optimizer" not in opened.find_element(By.ID, "compare").text  # the fabricated specifications have none
    assert len(opened.find_elements(By.CSS_SELECTOR, "#compare .uplot")) == 3
    assert opened.find_element(By.CSS_SELECTOR, "#filters [data-jump]").text == "Comparison of 3"


def test_independent_trials_are_compared_by_welchs_interval(page, report):
    opened = page()
    trials = read_table(report.parents[1] / "trials.csv")
    a, b = (
        trials.loc[trials["experiment"] == name, "test_accuracy"].dropna().to_numpy()
        for name in ("unstable", "network")
    )
    found = opened.execute_script("return difference('unstable', 'network', ['split.seed'])")
    low, high = welch_interval(a.mean(), a.std(ddof=1), len(a), b.mean(), b.std(ddof=1), len(b))
    # Between whole degrees of freedom the page interpolates Student's t.
    assert np.subtract([found["low"], found["high"]], [low, high]) == pytest.approx(0, abs=2e-4)
    assert found["note"] == f"{len(a)} and {len(b)} independent trials"


def test_at_most_six_are_compared_and_the_address_restores_them(page):
    opened = page()
    tick(opened, *(chosen := [name for name in names(opened) if "class" not in name][:7]))
    boxes = opened.find_elements(By.CSS_SELECTOR, "#board input:checked")
    assert len(boxes) == 6
    again = page("#" + opened.current_url.partition("#")[2])
    assert {
        box.get_attribute("aria-label") for box in again.find_elements(By.CSS_SELECTOR, "#board input:checked")
    } == {f"Compare {name}" for name in chosen[:6]}


def test_tables_are_downloaded_as_csv_and_json(page):
    opened = page()
    Select(field(opened, "document")).select_by_value("zoo")
    for form in ("csv", "json"):
        opened.find_element(By.CSS_SELECTOR, f"#filters [data-format={form}]").click()
    rows = list(csv.DictReader(downloaded(opened, "leaderboard.csv").splitlines()))
    assert [row["name"] for row in rows] == names(opened)
    assert [row["name"] for row in json.loads(downloaded(opened, "leaderboard.json"))] == names(opened)
    opened.find_element(By.CSS_SELECTOR, "[aria-label='CSV: download Claims of the documents']").click()
    claims = list(csv.DictReader(downloaded(opened, "claims-of-the-documents.csv").splitlines()))
    assert {claim["Verdict"] for claim in claims} <= {"supported", "contradicted", "undecided"}
    assert any("a network is good | or <bad>" in claim["Claim"].lower() for claim in claims)


def test_a_card_opens_by_its_link_and_leads_back_to_its_row(page):
    opened = page("#changed")
    card = opened.find_element(By.ID, "changed")
    assert card.get_attribute("open")
    card.find_element(By.LINK_TEXT, "in the leaderboard").click()
    assert names(opened) == ["changed"]


def test_figures_are_copied_as_svg(page):
    opened = page()
    text = opened.execute_async_script(
        "const done = arguments[0]; navigator.clipboard.writeText = async (text) => done(text);"
        "document.querySelector('figure .buttons button').click();"
    )
    assert text.startswith("<svg")
    assert "prefers-color-scheme: dark" in text
    assert 'xmlns="http://www.w3.org/2000/svg"' in text


def test_the_keyboard_reaches_filter_order_and_comparison(page):
    opened = page()
    field(opened, "text").send_keys("network" + Keys.TAB)
    assert opened.switch_to.active_element.get_attribute("name") == "document"
    sortable = opened.find_element(By.CSS_SELECTOR, "#board .tabulator-col[tabulator-field=name]")
    opened.execute_script("arguments[0].focus()", sortable)
    assert opened.switch_to.active_element == sortable
    sortable.send_keys(Keys.ENTER)
    assert names(opened) == ["network", "network_seeds"]
    opened.find_element(By.CSS_SELECTOR, "#board input[aria-label='Compare network']").send_keys(Keys.SPACE)
    assert "Tick one more" in opened.find_element(By.ID, "compare").text


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (1280, "dark"), (390, "light")])
def test_no_violation_of_accessibility_and_no_sideways_scrolling(page, width, scheme):
    opened = page("#changed", width=width, scheme=scheme)
    tick(opened, "network", "network_seeds")
    assert opened.execute_script("return document.documentElement.scrollWidth") <= width
    opened.execute_script(AXE.read_text(encoding="utf-8"))
    assert opened.execute_async_script(VIOLATIONS) == []


def test_dark_mode_changes_page_and_table(page):
    def colors(scheme):
        parts = "[document.body, document.querySelector('#board .tabulator-row')]"
        script = f"return {parts}.map((part) => getComputedStyle(part).backgroundColor)"
        return page(scheme=scheme).execute_script(script)

    light, dark = colors("light"), colors("dark")
    assert set(light) == {"rgb(255, 255, 255)"}
    assert set(dark) == {"rgb(20, 24, 29)"}


def test_print_shows_what_is_folded_and_all_rows(page):
    opened = page()
    opened.execute_cdp_cmd("Page.printToPDF", {})
    assert opened.execute_script("return document.querySelectorAll('details:not([open])').length") == 0
