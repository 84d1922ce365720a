"""Hands faults their town: a site on two nodes and everything it stands on, each part of which can be broken. See town.py."""

import pathlib
import sys

import pytest
from playwright.sync_api import sync_playwright

TESTS = pathlib.Path(__file__).parents[1]
sys.path[:0] = [str(pathlib.Path(__file__).parent), str(TESTS / "Browser"), str(TESTS)]
import harness  # noqa: E402
import town as towns  # noqa: E402


@pytest.fixture(scope="session")
def databases():
    cluster = towns.Cluster()
    databases = towns.databases(cluster)
    yield databases
    databases.close()
    cluster.close()


@pytest.fixture(scope="session")
def browser():
    with sync_playwright() as playwright:
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
def town(browser, databases, request):
    settings = getattr(request, "param", {})
    town = towns.Town(browser, databases, request.node.name, **settings)
    yield town
    failed = getattr(request.node, "failed_in_call", True)
    faults = town.close(failed)
    for line in town.seen:
        print("   ", line)
    assert failed or not faults, "it was borne, but not in peace:\n" + "\n".join(faults)
