# SPDX-License-Identifier: MIT
"""A Chromium without a display, in which the tests open films as a user does."""

import atexit
import contextlib
import functools
import os
import shutil
import tempfile

try:
    from selenium import webdriver
    from selenium.webdriver.common.action_chains import ActionChains
    from selenium.webdriver.common.actions.action_builder import ActionBuilder
    from selenium.webdriver.common.keys import Keys
    from selenium.webdriver.support.ui import Select
except ImportError:
    webdriver = ActionChains = ActionBuilder = Keys = Select = None

from lib.tap import equal

PATIENCE = int(os.environ.get("FAULTLINE_PATIENCE", "300"))  # seconds, for what never comes: this machine may be busy
WIDTH, HEIGHT = 1400, 1000
SCRATCH = tempfile.TemporaryDirectory(prefix="faultline-browser-")
DOWNLOADS = os.path.join(SCRATCH.name, "downloads")
FLAGS = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-extensions", "--disable-sync", "--no-first-run",
         "--disable-background-networking", "--disable-component-update", "--disable-default-apps", "--host-resolver-rules=MAP * ~NOTFOUND",
         "--force-prefers-reduced-motion", "--force-device-scale-factor=1", "--lang=en-US", "--hide-scrollbars", "--mute-audio",
         f"--window-size={WIDTH},{HEIGHT}"]

OPENED = []
# What the tests ask the page, as functions of the page's.
HELPERS = """
window.seen = {
    text: css => [...document.querySelectorAll(css)].map(one => one.textContent),
    /** The colour of a canvas at a place of the screen. */
    pixel: (canvas, x, y) => {
        const box = canvas.getBoundingClientRect();
        return [...canvas.getContext("2d").getImageData(Math.round(x - box.left), Math.round(y - box.top), 1, 1).data];
    },
    /** How many pixels of a canvas are painted within some pixels of a place. */
    painted: (canvas, x, y, around) => {
        const box = canvas.getBoundingClientRect();
        const data = canvas.getContext("2d").getImageData(x - box.left - around, y - box.top - around, 2 * around + 1, 2 * around + 1).data;
        let count = 0;
        for (let at = 3; at < data.length; at += 4)
            count += data[at] > 0;
        return count;
    },
    paint: name => {
        const probe = document.createElement("span");
        probe.style.color = `var(--${name})`;
        document.body.append(probe);
        const found = getComputedStyle(probe).color.match(/[0-9.]+/g).map(Number).slice(0, 3);
        probe.remove();
        return found;
    },
    until: (test, done) => { const look = () => test() ? done(true) : requestAnimationFrame(look); look(); },
};
"""


def missing():
    """Says what is not installed, or None."""
    names = [name for name, found in (("python3-selenium", webdriver), ("chromium", shutil.which("chromium")),
                                      ("chromium-driver", shutil.which("chromedriver"))) if not found]
    return f"not installed: {', '.join(names)}" if names else None


@functools.lru_cache(maxsize=None)
def driver():
    """Starts the browser, once."""
    from selenium.webdriver.chrome.service import Service  # only where it is installed

    os.makedirs(DOWNLOADS, exist_ok=True)
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium")
    for flag in (*FLAGS, "--user-data-dir=" + os.path.join(SCRATCH.name, "profile")):
        options.add_argument(flag)
    options.add_experimental_option("prefs", {"intl.accept_languages": "en-US", "download.default_directory": DOWNLOADS})
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    os.environ["HOME"] = SCRATCH.name
    os.environ.pop("DISPLAY", None)
    found = webdriver.Chrome(service=Service(shutil.which("chromedriver")), options=options)
    atexit.register(found.quit)
    found.set_script_timeout(PATIENCE)
    found.set_page_load_timeout(PATIENCE)
    found.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": HELPERS})
    return found


def js(script, *words):
    """Runs a script in the page; gives what it returns."""
    return driver().execute_script(script, *words)


def until(test):
    """Waits until an expression is true in the page."""
    driver().execute_async_script(f"window.seen.until(() => {test}, arguments[0])")


def complaints():
    """The errors that the browser's console has got since the last time."""
    return [line["message"] for line in driver().get_log("browser") if line["level"] == "SEVERE"]


def no_complaint():
    """Fails if the page has an error, or has asked the network for something."""
    equal([], complaints(), "errors in the console")
    asked = js("return performance.getEntriesByType('resource').map(one => one.name).filter(name => !/^(data|blob):/.test(name))")
    equal([], asked, "what it has loaded")


def loads():
    """How many pages have been opened."""
    return len(OPENED)


def load(path, place="", language="en"):
    """Opens a page, and waits until its films are read. Without a language it is the one that the browser has kept."""
    if language:
        if not driver().current_url.startswith("file:"):
            driver().get("file://" + path)
        js("localStorage.setItem('faultline-film-language', arguments[0])", language)
    OPENED.append(path)
    driver().get(f"file://{path}?{loads()}{place}")  # another address, so that it is loaded even if it is there
    until("window.film || /cannot be shown/.test(document.body.textContent)")


def text(css):
    """The text of the first element that fits, or None."""
    return js("return document.querySelector(arguments[0])?.textContent ?? null", css)


def texts(css):
    """The texts of all."""
    return js("return window.seen.text(arguments[0])", css)


def attribute(css, name):
    """An attribute of the first element that fits."""
    return js("return document.querySelector(arguments[0])?.getAttribute(arguments[1]) ?? null", css, name)


def find(css):
    """The first element that fits."""
    return driver().find_element("css selector", css)


def click(css):
    """Clicks on it."""
    find(css).click()


def press(*keys, shift=False):
    """Presses keys, one after the other."""
    chain = ActionChains(driver(), duration=0)
    if shift:
        chain.key_down(Keys.SHIFT)
    for key in keys:
        chain.send_keys(key)
    if shift:
        chain.key_up(Keys.SHIFT)
    chain.perform()


def mouse(*steps):
    """Moves the mouse to places of the window, and uses its button: steps are (x, y), "down", "up" and "click"."""
    builder = ActionBuilder(driver(), duration=0)
    pointer = builder.pointer_action
    for step in steps:
        if isinstance(step, str):
            {"down": pointer.pointer_down, "up": pointer.pointer_up, "click": pointer.click, "twice": pointer.double_click}[step]()
        else:
            pointer.move_to_location(round(step[0]), round(step[1]))
    builder.perform()


def settle():
    """Waits until the page has heard of what has changed around it, and has been drawn."""
    driver().execute_async_script("const done = arguments[0]; requestAnimationFrame(() => requestAnimationFrame(() => done()))")


@contextlib.contextmanager
def device(width=WIDTH, height=HEIGHT, theme="light", touch=False):
    """The browser is on a device with such a screen meanwhile."""
    tell = driver().execute_cdp_cmd
    tell("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": theme}]})
    tell("Emulation.setDeviceMetricsOverride", {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": touch})
    tell("Emulation.setTouchEmulationEnabled", {"enabled": touch})
    try:
        settle()
        yield
    finally:
        tell("Emulation.setTouchEmulationEnabled", {"enabled": False})
        tell("Emulation.clearDeviceMetricsOverride", {})
        tell("Emulation.setEmulatedMedia", {"features": []})
        settle()


def touch(kind, *place):
    """Tells the browser of a finger."""
    points = [{"x": round(place[0]), "y": round(place[1])}] if place else []
    driver().execute_cdp_cmd("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})


def tap(place):
    """Taps on a place of the window."""
    touch("touchStart", *place)
    touch("touchEnd")


def drag(start, end):
    """Moves a finger over the window."""
    touch("touchStart", *start)
    for share in (0.3, 0.6, 1):
        touch("touchMove", *(one + (other - one) * share for one, other in zip(start, end)))
    touch("touchEnd")


def choose(css, value):
    """Chooses in a list."""
    Select(find(css)).select_by_visible_text(value)
