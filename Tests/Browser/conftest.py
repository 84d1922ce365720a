"""Hands journeys their site, and closes it: see harness.py."""

import pathlib
import sys

import pytest
from playwright.sync_api import sync_playwright

sys.path[:0] = [str(pathlib.Path(__file__).parent), str(pathlib.Path(__file__).parents[1])]
import harness  # noqa: E402


@pytest.fixture(scope="session")
def databases():
    databases = harness.Databases()
    yield databases
    databases.close()


@pytest.fixture(scope="session")
def playwright():
    with sync_playwright() as playwright:
        yield playwright


@pytest.fixture(scope="session")
def browser(playwright):
    browser = harness.Chromium(playwright)
    yield browser
    browser.close()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    if report.when == "call":
        item.failed_in_call = report.failed
    return report


@pytest.fixture
def sites(browser, databases, request):
    """Makes sites with settings of the journey's own: sites(TURN_SECRET="…"). All are closed at the end."""
    made = []

    def make(**settings):
        site = harness.Site(browser, databases, f"{request.node.name}{len(made) or ''}", **settings)
        made.append(site)
        return site

    yield make
    failed = getattr(request.node, "failed_in_call", True)
    faults = [fault for site in made for fault in site.close(failed)]
    assert failed or not faults, "the journey arrived, but not in peace:\n" + "\n".join(faults)


@pytest.fixture
def site(sites):
    """A site as `bin/run` makes it, with mail."""
    return sites()
