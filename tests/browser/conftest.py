"""A Chromium without a window, and the report of a fabricated benchmark."""

import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests" / "unit"))

from fabricated_report import build, entry, render_both, write_manifests  # noqa: E402

from lookbook.config.digests import digest  # noqa: E402
from lookbook.figures.contact_sheets import DRAWS, garments, sheet  # noqa: E402
from lookbook.results.figures import write_figure  # noqa: E402

REFERENCE = [ROOT / "reports" / "reference" / name for name in ("summary.csv", "claims.csv", "trials.csv")]


@pytest.fixture(scope="session")
def report(tmp_path_factory):
    """The report.html of a benchmark that has every section."""
    root = tmp_path_factory.mktemp("browser")
    build(root, reference=REFERENCE)
    identity = digest({"sheet": "mixup", "arguments": {}})
    write_figure(root / "figures" / "contact_sheets" / "mixup.svg", mixed_sheet(), identity)
    render_both(root, write_manifests(root), REFERENCE)
    return root / "report" / "report.html"


def mixed_sheet():
    """Return a contact sheet whose captions all name every class."""
    images, classes = garments()
    labels = np.full((DRAWS, len(classes), len(classes)), 1 / len(classes))
    draws = [f"draw {number}" for number in range(DRAWS)]
    return sheet("mixup", "alpha=0.3, " * 9, images, classes, draws, np.stack([images] * DRAWS), labels)


@pytest.fixture(scope="session")
def large(tmp_path_factory):
    """The report.html of a quick run of 125 experiments, most of them with 30 trials."""

    def edit(content):
        for number in range(125 - len(content["experiments"])):
            name = f"exp{100 + number}"
            content["experiments"][name] = entry(name, "zoo", 30, base=f"exp{99 + number}" if number else None)

    root = tmp_path_factory.mktemp("large")
    build(root, comparable=False, edit=edit, reference=REFERENCE)
    return root / "report" / "report.html"


@pytest.fixture(scope="session")
def chromium(tmp_path_factory):
    """A Chromium that stores downloads in its attribute ``downloads`` and records what it logs and requests."""
    browser, driver = (shutil.which(name) for name in ("chromium", "chromedriver"))
    if not (browser and driver):
        pytest.skip("chromium and chromedriver are missing; install the packages chromium and chromium-driver")
    options = webdriver.ChromeOptions()
    options.binary_location = browser
    for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    folder = tmp_path_factory.mktemp("downloads")
    options.add_experimental_option("prefs", {"download.default_directory": str(folder)})
    found = webdriver.Chrome(options=options, service=Service(driver))
    found.set_script_timeout(120)
    found.downloads = folder
    yield found
    found.quit()


@pytest.fixture
def page(chromium, report):
    """A function that opens the report: with a fragment, of a width and height in pixels, light or dark."""

    def open_page(fragment="", width=1280, height=900, scheme="light", path=report):
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500}
        chromium.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        media = {"media": "", "features": [{"name": "prefers-color-scheme", "value": scheme}]}
        chromium.execute_cdp_cmd("Emulation.setEmulatedMedia", media)
        chromium.get("about:blank")
        for kind in ("browser", "performance"):
            chromium.get_log(kind)
        chromium.get(path.as_uri() + fragment)
        return chromium

    return open_page
