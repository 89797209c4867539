"""Text and Markdown as HTML. Whatever a record, a caption or a name says is shown, and never read as HTML."""

import html
import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

_LINK = re.compile(r"\[([^]]*)\]\(([^)\s]+)\)")
_ARXIV = re.compile(r"arXiv:(\d{4}\.\d{4,5})")


def plain(value: object) -> str:
    """A text that stands between tags or, in double quotes, in an attribute."""
    return html.escape(str(value), quote=True)


def url(place: str) -> str:
    """A relative path as a link; "" of what is neither that nor a page on the web."""
    if re.match(r"https?://", place):
        return plain(place)
    return "" if re.match(r"[A-Za-z][A-Za-z0-9+.-]*:", place) else plain(quote(place, safe="/#.-_~"))


def tag(name: str, content: str = "", /, **attributes: object) -> str:
    """An element around `content`, HTML.

    In the name of an attribute an underscore stands for a dash, and `klass` for class. None and False leave an attribute out,
    True has no value.
    """
    shown = []
    for key, value in attributes.items():
        written = "class" if key == "klass" else key.replace("_", "-")
        if value is True:
            shown.append(f" {written}")
        elif value is not None and value is not False:
            shown.append(f' {written}="{plain(value)}"')
    opened = f"<{name}{''.join(shown)}>"
    return opened if name in ("img", "input") else f"{opened}{content}</{name}>"


def link(place: str, content: str) -> str:
    """A link around HTML; the content alone where `url` has none."""
    target = url(place)
    return f'<a href="{target}">{content}</a>' if target else content


def inline(text: str) -> str:
    """A line of Markdown: `code`, [links](to.md), **bold**, *emphasis*; everything else as it stands."""
    shown: list[str] = []

    def keep(made: str) -> str:
        shown.append(made)
        return f"\0{len(shown) - 1}\0"

    text = text.replace("\0", "")
    text = re.sub(r"`([^`]+)`", lambda found: keep(tag("code", plain(found[1]))), text)
    text = _LINK.sub(lambda found: keep(link(found[2], inline_marks(found[1]))), text)
    return re.sub(r"\0(\d+)\0", lambda found: shown[int(found[1])], inline_marks(text))


def inline_marks(text: str) -> str:
    """Bold and emphasis of a line of Markdown, everything else escaped."""
    text = re.sub(r"\*\*(.+?)\*\*", r"<strong>\1</strong>", plain(text))
    return re.sub(r"(?<![\w*])\*([^*\s][^*]*)\*(?!\w)", r"<em>\1</em>", text)


def points(text: str) -> str:
    """A list of Markdown points, each a line that begins with "* ", as HTML; "" of none. Other lines become paragraphs."""
    lines = [line for line in text.splitlines() if line.strip()]
    items = "".join(tag("li", inline(line.removeprefix("* "))) for line in lines if line.startswith("* "))
    others = "".join(tag("p", inline(line)) for line in lines if not line.startswith("* "))
    return others + (tag("ul", items) if items else "")


def citation(text: str) -> str:
    """A citation whose arXiv number is a link."""
    return _ARXIV.sub(r'<a href="https://arxiv.org/abs/\1">arXiv:\1</a>', plain(text))


def data(value: Mapping[str, Any]) -> str:
    """A JSON script element that the page's own script reads; no text in it can end the element."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    for character in "&<>":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return f'<script type="application/json">{text}</script>'
