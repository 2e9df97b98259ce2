"""A Chromium without a window, and the report of a fabricated benchmark."""

import shutil
import sys
from pathlib import Path

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests" / "unit"))

from fabricated_report import build  # noqa: E402

REFERENCE = [ROOT / "reports" / "reference" / name for name in ("summary.csv", "claims.csv", "trials.csv")]


@pytest.fixture(scope="session")
def report(tmp_path_factory):
    """The report.html of a benchmark that has every section."""
    root = tmp_path_factory.mktemp("browser")
    build(root, reference=REFERENCE)
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

    def open_page(fragment="", width=1280, height=900, scheme="light"):
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500}
        chromium.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        media = {"media": "", "features": [{"name": "prefers-color-scheme", "value": scheme}]}
        chromium.execute_cdp_cmd("Emulation.setEmulatedMedia", media)
        chromium.get("about:blank")
        for kind in ("browser", "performance"):
            chromium.get_log(kind)
        chromium.get(report.as_uri() + fragment)
        return chromium

    return open_page
