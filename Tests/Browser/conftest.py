"""Hands journeys their site, and closes it: see harness.py."""

import contextlib
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


@contextlib.contextmanager
def sites_of(browser, databases, name, has_failed):
    """Makes sites, and closes all of them; where nothing had failed, every page must have been quiet."""
    made = []

    def make(**settings):
        site = harness.Site(browser, databases, f"{name}{len(made) or ''}", **settings)
        made.append(site)
        return site

    yield make
    failed = has_failed()
    faults = [fault for site in made for fault in site.close(failed)]
    assert failed or not faults, "the journey arrived, but not in peace:\n" + "\n".join(faults)


@pytest.fixture
def sites(browser, databases, request):
    """Makes sites with settings of the journey's own: sites(TURN_SECRET="…"). All are closed at the end."""
    with sites_of(browser, databases, request.node.name, lambda: getattr(request.node, "failed_in_call", True)) as make:
        yield make


@pytest.fixture
def site(sites):
    """A site as `bin/run` makes it, with mail."""
    return sites()


@pytest.fixture(scope="module")
def shared(browser, databases, request):
    """The same, but one for all journeys of a file: for those that look, and change nothing another would see."""
    before = request.session.testsfailed
    with sites_of(browser, databases, request.node.path.stem, lambda: request.session.testsfailed > before) as make:
        yield make()
