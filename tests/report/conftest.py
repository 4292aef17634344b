"""A real browser without a window, and a page in it that tells on itself."""

import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from doxa.report.writing import write_report
from made_runs import make_run

CHROMIUM = next(
    (found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), None
)
AXE = Path(sys.prefix) / "browser" / "node_modules" / "axe-core" / "axe.min.js"


class Opened(NamedTuple):
    """A page, with everything in it that should not have happened."""

    page: Page
    trouble: list[str]


Opener = Callable[..., Opened]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A module at a time: while it is there, an event loop runs in this thread, and other tests need their own."""
    if CHROMIUM is None:
        pytest.skip("there is no chromium: run `sh tests/report/browser/setup.sh .venv`")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--disable-gpu"])
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def axe() -> str:
    if not AXE.is_file():
        pytest.skip("there is no axe-core: run `sh tests/report/browser/setup.sh .venv`")
    return AXE.read_text(encoding="utf-8")


@pytest.fixture
def opened(browser: Browser) -> Iterator[Opener]:
    """Opens a page; whatever runs, asks or fails in it is noted."""
    contexts: list[BrowserContext] = []

    def open_page(
        address: str, width: int = 1000, ready: str = "#list:not([hidden]) .entry", **settings: Any
    ) -> Opened:
        screen = {"width": width, "height": 800}
        context = browser.new_context(viewport=screen, reduced_motion="reduce", **settings)
        contexts.append(context)
        page, trouble = context.new_page(), []
        page.on("console", lambda message: trouble.append(f"console: {message.text}"))
        page.on("pageerror", lambda error: trouble.append(f"error: {error}"))
        page.on("dialog", lambda dialog: (trouble.append(f"dialog: {dialog.message}"), dialog.dismiss()))
        page.on(
            "request", lambda asked: None if asked.url.startswith(address.split("#")[0]) else trouble.append(asked.url)
        )
        page.goto(address)
        if settings.get("java_script_enabled", True):
            page.wait_for_selector(ready, timeout=10_000)
        return Opened(page, trouble)

    yield open_page
    for context in contexts:
        context.close()


@pytest.fixture(scope="session")
def report(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Returns the address of the report of a run with one fact."""
    return write_report(make_run(tmp_path_factory.mktemp("made") / "one")).page.as_uri()


@pytest.fixture(scope="session")
def report_of_two(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Returns the address of the report of a run with two facts, one of them harmful, and two personas."""
    run = make_run(tmp_path_factory.mktemp("made") / "two", facts=("honey", "bleach"), personas=("none", "assistant"))
    return write_report(run).page.as_uri()
