"""Maps of z: a sheet of images of each generator that comes with the program (figures/sheets.py), embedded in the page."""

import base64
import dataclasses
from collections.abc import Sequence
from pathlib import Path

from gan_repro.figures import sheets
from gan_repro.reporting.page.words import inline, plain, tag
from gan_repro.system import files
from gan_repro.system.errors import RunError

AGAIN = "`python -m gan_repro.shipped` draws it."
WAYS = {"linear": "straight lines", "spherical": "arcs of great circles"}


@dataclasses.dataclass(frozen=True)
class Map:
    """A generator's: what it is called, the PNG of its sheet, and whether that is of the weights that the generator has."""

    title: str
    path: Path
    current: bool


def html(found: Sequence[Map]) -> str:
    """The section's content, the maps in their order.

    Raises:
      RunError: a sheet cannot be read.
    """
    old = [each for each in found if not each.current]
    stale = "".join(tag("p", inline(f"The map of {each.title} is of other weights. {AGAIN}"), klass="note") for each in old)
    read = [(each, sheet) for each in found if each.current and (sheet := sheets.read(each.path))]
    if not read:
        return stale or tag("p", inline(f"No map of a generator is here. {AGAIN}"), klass="note")
    choices = [_choice(each.title, str(index), checked=not index) for index, (each, _) in enumerate(read)]
    images = [_image(*each) for each in read]
    return _FRAME.format(choices="".join(choices), images="\n".join(images), stale=stale)


def _choice(shown: str, value: str, checked: bool) -> str:
    button = tag("input", type="radio", name="generator", value=value, checked=checked)
    return tag("label", f"{button}{tag('span', plain(shown))}", klass="choice")


def _image(shown: Map, sheet: sheets.Sheet) -> str:
    try:
        content = base64.b64encode(shown.path.read_bytes()).decode("ascii")
    except OSError as error:
        raise RunError(f"cannot read {shown.path}: {files.reason(error)}") from error
    labelled = f" with label 0 to {sheet.labels - 1}" if sheet.labels else ""
    nodes = (sheet.side - 1) // sheet.steps + 1
    told = (
        f"{sheet.title}. {sheet.side} × {sheet.side} images{labelled}: {nodes} × {nodes} draws of z, not selected, in the "
        f"frames, and {WAYS.get(sheet.path, sheet.path)} in z between them."
    )
    return tag(
        "img",
        hidden=True,
        alt=f"Images of {shown.title} on a surface of z",
        src=f"data:image/png;base64,{content}",
        data_name=shown.title,
        data_told=told,
        **{f"data_{key}": getattr(sheet, key) for key in ("side", "steps", "labels", "height", "width")},
    )


_FRAME = """<div class="explorer" id="explorer-app">
<fieldset class="choices"><legend>Generator</legend>{choices}</fieldset>
<fieldset class="choices labels" hidden><legend>Label</legend></fieldset>
<div class="views">
<div class="map"><canvas width="700" height="700" tabindex="0" role="application" aria-roledescription="map of z"
aria-label="Map of z. Drag the pointer over it, or press the arrow keys; with Shift they go from image to image."
aria-describedby="explorer-told"></canvas></div>
<figure class="found"><canvas width="28" height="28" role="img" aria-label="The image at this place"></canvas>
<figcaption><output></output></figcaption>
<label class="choice"><input type="checkbox" name="nearest"><span>nearest image alone</span></label></figure>
</div>
<p class="told" id="explorer-told"></p>
<p class="note">Every image on the map is the generator's own. Between four of them their pixels are mixed, not computed anew:
"nearest image alone" shows what was computed.</p>
<noscript><p class="note">Moving over the map needs JavaScript; the figures below do not.</p></noscript>
{stale}
{images}
</div>"""
