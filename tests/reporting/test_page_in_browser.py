"""results/index.html in a real browser, from its file: sorting, the explorer, curves, narrow and wide, light and dark."""

import base64
import io

import numpy as np
import pytest
import support
from PIL import Image
from support import browser

PAGE = support.ROOT / "results" / "index.html"
SIZES = [(400, 800), (1400, 900)]
IN_BOTH_SIZES = pytest.mark.parametrize("page", SIZES, indirect=True, ids=lambda size: f"{size[0]}px")

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def chromium():
    with browser.opened() as opened:
        yield opened


@pytest.fixture
def page(chromium, request):
    """The page, loaded, in the size that a test asks for; what it did wrong until the end of the test fails the test."""
    width, height = getattr(request, "param", SIZES[-1])
    found = chromium.new_page(viewport={"width": width, "height": height}, reduced_motion="reduce")
    seen = browser.Seen(found)
    found.goto(PAGE.as_uri())
    found.wait_for_selector("[data-shown]")
    yield found
    seen.nothing_wrong()
    found.close()


# ---- the page ---------------------------------------------------------------------------------------------------------


@IN_BOTH_SIZES
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_is_wider_than_the_window(page, scheme):
    page.emulate_media(color_scheme=scheme)
    width = page.viewport_size["width"]
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    reach = """() => [...document.querySelectorAll('body *')].filter((each) => !each.closest('.scroll, .skip, svg') &&
        each.getBoundingClientRect().right > innerWidth + 1).map((each) => each.outerHTML.slice(0, 80))"""
    assert page.evaluate(reach) == []


@IN_BOTH_SIZES
def test_every_figure_is_there(page):
    images = page.locator(".figures img")
    assert images.count() > 5
    for index in range(images.count()):
        images.nth(index).scroll_into_view_if_needed()
    page.wait_for_function("[...document.querySelectorAll('.figures img')].every((each) => each.complete)")
    assert page.evaluate("[...document.querySelectorAll('.figures img')].every((each) => each.naturalWidth > 100)")


def contrast(page):
    """The least ratio of luminances (WCAG 2) between words and what is behind them, over the colours of the page."""
    return page.evaluate("""() => {
        const channels = (colour) => colour.match(/[\\d.]+/g).map(Number);
        const part = (value) => (value / 255 <= 0.03928 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4);
        const light = ([r, g, b]) => 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b);
        const behind = (each) => {
            for (; each; each = each.parentElement) {
                const found = channels(getComputedStyle(each).backgroundColor);
                if (found.length < 4 || found[3] > 0) return found;
            }
        };
        const words = [...document.querySelectorAll('p, a, td, th, button, li, h1, h2, h3, figcaption, output, span, code')]
            .filter((each) => each.textContent.trim() && each.getClientRects().length);
        return Math.min(...words.map((each) => {
            const [a, b] = [light(channels(getComputedStyle(each).color)), light(behind(each))].sort((a, b) => b - a);
            return (a + 0.05) / (b + 0.05);
        }));
    }""")


@IN_BOTH_SIZES
def test_words_can_be_read_in_light_and_dark(page):
    colours = {}
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        colours[scheme] = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert contrast(page) >= 4.5  # WCAG 2, level AA
    assert colours["light"] != colours["dark"]


# ---- the table --------------------------------------------------------------------------------------------------------


def column(page, place):
    cells = f"#verdict-table tbody tr td:nth-child({place})"
    return page.eval_on_selector_all(cells, "(all) => all.map((each) => each.dataset.value ?? each.textContent)")


def test_a_heading_sorts_by_numbers_up_and_down_and_what_has_none_comes_last(page):
    heading = page.locator("#verdict-table th").nth(3)  # ours
    before = column(page, 4)
    for order, way in (("ascending", 1), ("descending", -1)):
        heading.locator("button").click()
        assert heading.get_attribute("aria-sort") == order
        found = column(page, 4)
        numbers = [float(text) for text in found if text]
        assert numbers == sorted(numbers, key=lambda value: way * value) and len(numbers) > 5
        assert sorted(found) == sorted(before) and "" not in found[: len(numbers)]
    others = page.eval_on_selector_all("#verdict-table th", "(all) => all.map((each) => each.getAttribute('aria-sort'))")
    assert others.count("none") == len(others) - 1


def test_a_heading_sorts_by_words_from_the_keyboard(page):
    page.locator("#verdict-table th button").nth(0).focus()
    page.keyboard.press("Enter")
    papers = column(page, 1)
    assert papers == sorted(papers, key=str.casefold) and len(set(papers)) > 3


@IN_BOTH_SIZES
def test_what_was_not_run_can_be_left_out(page):
    rows = page.locator("#verdict-table tbody tr")
    run = page.locator('#verdict-table tbody tr[data-run="yes"]').count()
    assert 0 < run < rows.count()
    page.locator("#only-run").focus()
    page.keyboard.press("Space")
    assert page.locator("#verdict-table tbody tr:visible").count() == run
    assert page.locator(".count").inner_text() == f"{run} of {rows.count()} rows"


# ---- through z --------------------------------------------------------------------------------------------------------


def picture(page):
    return page.eval_on_selector(".found canvas", "(canvas) => canvas.toDataURL()")


def place(page):
    return page.locator(".found output").inner_text()


def over(page, x, y):
    """Where a share of the map's width and height is."""
    box = page.locator(".map canvas").bounding_box()
    return box["x"] + x * box["width"], box["y"] + y * box["height"]


@IN_BOTH_SIZES
def test_dragging_changes_the_picture(page):
    page.locator(".map canvas").scroll_into_view_if_needed()
    page.mouse.move(*over(page, 0.02, 0.02))
    before = picture(page), place(page)
    page.mouse.move(*over(page, 0.5, 0.3))
    assert (picture(page), place(page)) == before  # a pointer that is not pressed moves nothing
    page.mouse.down()
    found = {}
    for share in (0.1, 0.4, 0.7, 0.97):
        page.mouse.move(*over(page, share, share))
        found[place(page)] = picture(page)
    page.mouse.up()
    assert len(found) == len(set(found.values())) == 4
    last = place(page)
    page.mouse.move(*over(page, 0.2, 0.2))
    assert place(page) == last


def test_arrow_keys_move_and_stay_on_the_map(page):
    canvas = page.locator(".map canvas")
    canvas.focus()
    before = place(page), picture(page)
    page.keyboard.press("ArrowRight")
    assert place(page) != before[0] and picture(page) != before[1]
    page.keyboard.press("ArrowLeft")
    assert (place(page), picture(page)) == before
    for _ in range(40):
        page.keyboard.press("Shift+ArrowUp")
        page.keyboard.press("Shift+ArrowLeft")
    assert place(page).startswith("row 1, column 1 of")


def pixels(url):
    """float (height, width) of a picture's first channel."""
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(url.partition("base64,")[2]))).convert("RGB"), float)[..., 0]


def test_at_an_image_stands_that_image_and_between_images_their_mean(page):
    sheet = page.locator("img[data-name]").first
    height, width = (int(sheet.get_attribute(f"data-{side}")) for side in ("height", "width"))
    whole = pixels(sheet.get_attribute("src"))
    first, second = whole[:height, :width], whole[:height, width : 2 * width]
    page.locator(".map canvas").focus()
    for _ in range(40):
        page.keyboard.press("Shift+ArrowUp")
        page.keyboard.press("Shift+ArrowLeft")
    assert (pixels(picture(page)) == first).all() and (first != second).any()
    for _ in range(2):
        page.keyboard.press("ArrowRight")
    assert np.abs(pixels(picture(page)) - (first + second) / 2).max() <= 0.5
    page.locator('[name="nearest"]').check()
    assert (pixels(picture(page)) == second).all()


def test_every_generator_and_label_has_pictures_of_its_own(page):
    found = []
    generators = page.locator('[name="generator"]')
    for index in range(generators.count()):
        generators.nth(index).check(force=True)
        name = page.locator("img[data-name]").nth(index).get_attribute("data-name")
        page.wait_for_selector(f'[data-shown="{name}"]')
        labels = page.locator('[name="label"]')
        for label in range(labels.count()):
            labels.nth(label).check(force=True)
            found.append(picture(page))
        found += [] if labels.count() else [picture(page)]
    assert generators.count() >= 4 and len(found) == len(set(found)) > generators.count()


# ---- curves -----------------------------------------------------------------------------------------------------------


def values(plot):
    return plot.locator("td").all_inner_texts()


def test_the_pointer_and_the_keys_say_the_values_at_an_epoch(page):
    plot = page.locator(".plot").nth(1)
    area = plot.locator(".area")
    area.scroll_into_view_if_needed()
    before, heading = values(plot), plot.locator("output")
    box = area.bounding_box()
    page.mouse.move(box["x"] + 0.2 * box["width"], box["y"] + 40)
    pointed = values(plot), heading.inner_text()
    assert pointed[0] != before and pointed[1].startswith("epoch ")
    assert plot.locator(".dots path").count() > 0
    area.focus()
    page.keyboard.press("Home")
    first = values(plot), heading.inner_text(), area.get_attribute("aria-valuetext")
    page.keyboard.press("ArrowRight")
    assert (values(plot), heading.inner_text()) != first[:2] != pointed
    page.keyboard.press("ArrowLeft")
    assert (values(plot), heading.inner_text(), area.get_attribute("aria-valuetext")) == first
    assert first[1] in first[2] and all(text in first[2] for text in first[0] if text)


def test_the_values_are_the_records(page):
    from gan_repro.reporting import records

    (record,) = (each for each in records.read_folder(support.ROOT / "results" / "records") if each.experiment == "cgan")
    plot = page.locator("#curves-cgan-mnist")
    plot.locator(".area").focus()
    page.keyboard.press("Home")
    for index in range(3):
        expected = [curve.value[index] for curve in record.curves.validation.values()]
        assert [float(text.replace(",", "")) for text in values(plot)] == pytest.approx(expected, abs=0.06)
        page.keyboard.press("ArrowRight")
