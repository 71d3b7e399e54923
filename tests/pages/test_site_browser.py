"""The site in a real browser: nothing is asked of another host, and what readers click on works."""

from __future__ import annotations

import functools
import http.server
import json
import threading
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from minisite import two_guides
from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

from pypi_runbook.pages.site import build_site
from pypi_runbook.tools import find

pytestmark = pytest.mark.needs("chromium", "chromedriver")
FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--window-size=1280,900",
)
PAGE = """
# The page

```bash title="Two lines"
echo "one   two"
    echo three
```

```console
$ echo shown
shown
$ echo again
again
```

=== "uv"

    First by uv

=== "pip"

    First by pip

## Further down

=== "uv"

    Second by uv

=== "pip"

    Second by pip

{{ workflow_picture() }}

{{ jobs_table() }}

{{ metadata_excerpt() }}

An unmistakableword to find.
"""


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Serve files and say nothing."""

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (the name is the library's)
        """Drop the line."""


@pytest.fixture(name="address", scope="module")
def _address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Build a site of two guides and serve it."""
    site = two_guides(tmp_path_factory.mktemp("browser"))
    site.write("page.md", PAGE, title="Page")
    folder = build_site(site.root, lambda _: None)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()


@pytest.fixture(name="started", scope="module")
def _started(tmp_path_factory: pytest.TempPathFactory, address: str) -> Iterator[webdriver.Chrome]:
    """Start a browser which may read its clipboard and logs what it asks for."""
    options = Options()
    options.binary_location = str(find("chromium"))
    for flag in (*FLAGS, f"--user-data-dir={tmp_path_factory.mktemp('profile')}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"performance": "ALL", "browser": "ALL"})
    browser = webdriver.Chrome(options=options, service=Service(str(find("chromedriver"))))
    permissions = {"origin": address.rstrip("/"), "permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"]}
    browser.execute_cdp_cmd("Browser.grantPermissions", permissions)
    yield browser
    browser.quit()


@pytest.fixture(name="browser")
def _browser(started: webdriver.Chrome, address: str) -> webdriver.Chrome:
    """Give each test the browser without what an earlier one left in it: choices, size, logs."""
    started.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    started.execute_cdp_cmd("Storage.clearDataForOrigin", {"origin": address.rstrip("/"), "storageTypes": "all"})
    started.get("about:blank")
    for kind in ("performance", "browser"):
        started.get_log(kind)  # type: ignore[no-untyped-call]
    return started


def wait(browser: webdriver.Chrome, script: str) -> Any:
    """Return what SCRIPT returns once that is true."""
    return WebDriverWait(browser, 20).until(lambda driver: driver.execute_script(f"return {script}"))


def click(browser: webdriver.Chrome, selector: str) -> None:
    """Click on the first element that SELECTOR names."""
    browser.execute_script("arguments[0].click()", browser.find_element(By.CSS_SELECTOR, selector))


def asked(browser: webdriver.Chrome) -> set[str]:
    """Return the hosts that the browser has asked for anything."""
    messages = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]  # type: ignore[no-untyped-call]
    urls = [message["params"]["request"]["url"] for message in messages if message["method"] == "Network.requestWillBeSent"]
    return {urlsplit(url).hostname or "" for url in urls if urlsplit(url).scheme in ("http", "https", "ws", "wss")}


def test_nothing_is_asked_of_another_host(browser: webdriver.Chrome, address: str) -> None:
    """Not by a page, not by the search, not by the dark scheme, and not by the second guide."""
    for page in ("index.html", "page.html", "deep/page.html", "runbook-tiny/page.html"):
        browser.get(address + page)
        wait(browser, "document.querySelector('.md-header') !== null")
        click(browser, "[data-md-component=palette] label:not([hidden])")
    search(browser, "unmistakableword")
    assert asked(browser) == {"127.0.0.1"}
    assert not [entry for entry in browser.get_log("browser") if entry["level"] == "SEVERE"]  # type: ignore[no-untyped-call]


def search(browser: webdriver.Chrome, word: str) -> str:
    """Type WORD into the search and return the first result."""
    click(browser, "label[for=__search]")
    browser.execute_script("document.querySelector('.md-search__input').focus()")
    browser.switch_to.active_element.send_keys(word)
    text: str = wait(browser, "document.querySelector('.md-search-result__item')?.innerText")
    return text


def test_search_finds_a_word_of_a_page(browser: webdriver.Chrome, address: str) -> None:
    """The index is part of the site."""
    browser.get(address)
    assert "Further down" in search(browser, "unmistakableword")


@pytest.mark.parametrize(("block", "text"), [(1, 'echo "one   two"\n    echo three'), (2, "echo shown\necho again")])
def test_copy_button_copies_what_is_to_be_run(browser: webdriver.Chrome, address: str, block: int, text: str) -> None:
    """A bash block as it stands; of a console block its commands, without prompts and output."""
    browser.get(address + "page.html")
    button = f"[data-snippet='{block}'] button"
    wait(browser, f'document.querySelector("{button}") !== null')
    # A click by script is no gesture of a person, and browsers let only those write the clipboard.
    browser.find_element(By.CSS_SELECTOR, button).click()
    WebDriverWait(browser, 20).until(lambda driver: driver.execute_async_script("navigator.clipboard.readText().then(arguments[0])") == text)


def test_tabs_with_one_label_are_chosen_together(browser: webdriver.Chrome, address: str) -> None:
    """Choosing pip in one place chooses it on the whole page, as the paths of the tests do."""
    browser.get(address + "page.html")
    checked = "[...document.querySelectorAll('.tabbed-set')].map(set => [...set.querySelectorAll('input')].findIndex(input => input.checked))"
    assert wait(browser, checked) == [0, 0]
    browser.find_element(By.XPATH, "//label[normalize-space()='pip']").click()
    assert wait(browser, f"(all => all.every(one => one === 1) && all)({checked})") == [1, 1]


def test_dark_and_light_can_be_chosen(browser: webdriver.Chrome, address: str) -> None:
    """The button changes the scheme, and the choice holds on the next page."""
    browser.get(address + "page.html")
    first = wait(browser, "document.body.getAttribute('data-md-color-scheme')")
    click(browser, "[data-md-component=palette] label:not([hidden])")
    second = wait(browser, "document.body.getAttribute('data-md-color-scheme')")
    assert {first, second} == {"default", "slate"}
    browser.get(address)
    assert wait(browser, "document.body.getAttribute('data-md-color-scheme')") == second


@pytest.mark.parametrize("width", [360, 1280])
def test_no_page_is_wider_than_the_screen(browser: webdriver.Chrome, address: str, width: int) -> None:
    """Tables and blocks scroll by themselves; the drawing shrinks to the width and stays readable."""
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": width < 500})
    for page in ("index.html", "page.html"):
        browser.get(address + page)
        assert wait(browser, "document.documentElement.scrollWidth") <= width
    sizes = "(svg => [svg.getBoundingClientRect().width, svg.getBoundingClientRect().width / svg.viewBox.baseVal.width * 12])"
    drawn, letters = wait(browser, f"{sizes}(document.querySelector('.workflow-picture svg'))")
    assert drawn <= width
    assert letters >= 9
