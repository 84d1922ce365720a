"""Firefox, driven from a journey that itself drives Chromium.

The Playwright that speaks to the distribution's Firefox is an older one, so it lives in an environment of its own
(.venv-firefox) and in a process of its own: this file is both ends. Told one JSON list a line, such as
["fill", "#name", "Ada"], it calls that method of its page and answers {"value": …} or {"error": …}.
"""

import json
import pathlib
import subprocess
import sys

PYTHON = pathlib.Path(__file__).resolve().parents[2] / ".venv-firefox/bin/python"
FIREFOX = pathlib.Path("/usr/bin/firefox-esr")


def is_there():
    """A journey skips itself where not, saying `bin/setup --firefox`."""
    return PYTHON.exists() and FIREFOX.exists()


class Firefox:
    """`with Firefox(site.url) as ben: ben.goto("/"); ben.fill("[name=email]", "…"); ben.evaluate("document.title")`.

    Every method of Playwright's page whose arguments and value are plain data; CSS selectors rather than locators.
    """

    def __init__(self, url):
        self.url = url

    def __enter__(self):
        self.process = subprocess.Popen(
            [PYTHON, __file__, self.url], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._answer()
        return self

    def __getattr__(self, method):
        def call(*arguments, **options):
            self.process.stdin.write(json.dumps([method, arguments, options]) + "\n")
            self.process.stdin.flush()
            return self._answer()

        return call

    def _answer(self):
        line = self.process.stdout.readline()
        assert line, "Firefox's driver ended"
        answer = json.loads(line)
        assert "error" not in answer, f"Firefox: {answer['error']}"
        return answer.get("value")

    def __exit__(self, *_):
        self.process.stdin.close()
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()


def drive(url):
    from playwright.sync_api import sync_playwright

    def answer(**what):
        print(json.dumps(what), flush=True)

    with sync_playwright() as playwright:
        browser = playwright.firefox.launch(
            channel="moz-firefox", executable_path=str(FIREFOX), headless=True, firefox_user_prefs={
                "media.navigator.streams.fake": True,
                "media.navigator.permission.disabled": True,
                "media.peerconnection.ice.obfuscate_host_addresses": False,
            })
        page = browser.new_context(base_url=url).new_page()
        answer(value=True)
        for line in sys.stdin:
            method, arguments, options = json.loads(line)
            try:
                value = page.url if method == "address" else getattr(page, method)(*arguments, **options)
                answer(value=value if isinstance(value, (str, int, float, bool, list, dict, type(None))) else None)
            except Exception as error:  # noqa: BLE001 whatever it is, the journey hears of it
                answer(error=str(error))
        browser.close()


if __name__ == "__main__":
    drive(sys.argv[1])
