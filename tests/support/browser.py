"""A real browser for tests of pages, and what a page did in it. Skips, with the reason, where there is none."""

import contextlib
import os
import shutil

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


@contextlib.contextmanager
def opened():
    """A playwright Browser: headless Chromium, playwright's own or one of the system's."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="needs playwright: pip install -e '.[browser]'")
    with sync_api.sync_playwright() as playwright:
        own = playwright.chromium.executable_path
        path = own if os.path.exists(own) else next(filter(None, map(shutil.which, NAMES)), None)
        if path is None:
            pytest.skip("needs Chromium: playwright install chromium, or the system's package")
        # As root, as in a container, Chromium refuses to start with its sandbox.
        arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = playwright.chromium.launch(executable_path=path, args=arguments)
        try:
            yield browser
        finally:
            browser.close()


class Seen:
    """What a page said on its console, the errors of its scripts, and what it asked for."""

    def __init__(self, page):
        self.said, self.errors, self.asked = [], [], []
        page.on("console", lambda message: self.said.append(message.text))
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("request", lambda request: self.asked.append(request.url))
        page.on("requestfailed", lambda request: self.errors.append(f"{request.url}: {request.failure}"))

    def nothing_wrong(self):
        """No word on the console, no error, nothing from a network."""
        assert (self.said, self.errors) == ([], [])
        assert self.asked and [url for url in self.asked if not url.startswith(("file:", "data:", "blob:"))] == []
