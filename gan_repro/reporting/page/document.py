"""The page as a whole: page.html with the sections in their places, the style and the script inside. One file, no network."""

import string
from collections.abc import Mapping, Sequence
from pathlib import Path

from gan_repro.reporting import comparison, densities, formats, overview, panels
from gan_repro.reporting.comparison import Table
from gan_repro.reporting.page import explorer, plots, table
from gan_repro.reporting.page.words import citation, inline, link, plain, points, tag, url
from gan_repro.reporting.validation import Validated

NAME = "index.html"
_FOLDER = Path(__file__).parent


def html(
    built: Sequence[Table],
    figures: Sequence[str],
    found: Mapping[str, tuple[str, str, str]],
    along: Mapping[str, Validated],
    maps: Sequence[explorer.Map],
    pages: Sequence[str] = (),
) -> str:
    """The text of the page; the same arguments and files give the same.

    Args:
      built: Tables; they are shown in the order of their papers.
      figures: names of the files in results/figures. Pictures are linked, not embedded.
      found: {name of a table: its findings in their parts, Markdown} (findings.apart).
      along: as validation.validated gives it.
      maps: of the generators that come with the program; these images are embedded.
      pages: those of overview.PAGES that there are.

    Raises:
      RunError: a sheet cannot be read.
    """
    built, figures = overview.by_date(built), sorted(figures)
    own = [name for name in (densities.GAMES,) if name in figures]
    beside = panels.opening(built, figures)
    curves = plots.html(along)
    others = [tag("li", f"{link(f'{name}.md', plain(name))}: {plain(overview.PAGES[name])}") for name in pages]
    others += [tag("li", link(f"figures/{name}", "games on points in the plane, side by side")) for name in own]
    return string.Template((_FOLDER / "page.html").read_text(encoding="utf-8")).substitute(
        generated=plain(comparison.GENERATED),
        style=(_FOLDER / "page.css").read_text(encoding="utf-8"),
        script=(_FOLDER / "page.js").read_text(encoding="utf-8"),
        opening=tag("div", "".join(_picture(*each[:2]) for each in beside), klass="figures wide") if beside else "",
        table=table.html(built),
        key="".join(tag("li", inline(line)) for line in overview.KEY),
        explorer=explorer.html(maps),
        curves=curves or tag("p", "No run here has a curve of log-likelihoods.", klass="note"),
        papers="\n".join(_paper(each, figures, *found.get(each.name, ("", "", ""))[1:]) for each in built),
        more=tag("ul", "".join(others)) if others else "",
    )


def _paper(shown: Table, figures: Sequence[str], found: str, further: str) -> str:
    """A section: the papers of a table, what came of them, their figures."""
    papers = ", ".join(each.short_name for each in shown.own()) or formats.title(shown)
    cited = "".join(tag("p", f"{plain(each.title)} ({citation(each.reference)})", klass="cited") for each in shown.own())
    more = f"{shown.name}.md#{formats.FURTHER.lower().replace(' ', '-')}" if further else f"{shown.name}.md"
    words = "Further findings, every run and the protocol" if further else "Every run and the protocol"
    content = tag("h3", plain(papers)) + cited + points(found) + tag("p", link(more, words))
    pictures = [_picture(name, f"{caption}{which}") for name, caption, which in overview.opening(shown, figures)]
    content += tag("div", "".join(pictures), klass="figures") if pictures else ""
    return tag("section", content, klass="paper", id=f"paper-{shown.name}")


def _picture(name: str, caption: str) -> str:
    place = url(f"figures/{name}")
    image = f'<a href="{place}"><img loading="lazy" decoding="async" src="{place}" alt="{plain(caption)}"></a>'
    return tag("figure", image + tag("figcaption", plain(caption)))
