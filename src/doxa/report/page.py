"""The page of a run: one HTML file with one script and one style sheet of ours, and no network.

What the page says is in its sections; to add one, write a function that returns a `Section` and list it here: under
`FACT_SECTIONS` where there is one for each implanted fact, under `STUDY_SECTIONS` for what is seen over all of them,
under `MAKING_SECTIONS` for how the run was made.
"""

import re
from base64 import b64encode
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from doxa import __version__
from doxa.canary import CANARY
from doxa.report.answers import Packed, pack
from doxa.report.findings import (
    coherence_section,
    contrasts_section,
    harm_section,
    likeness_section,
    metrics_section,
    missing_section,
    spill_section,
    validity_section,
)
from doxa.report.gates import gates_section
from doxa.report.health import health_section
from doxa.report.overview import Overview, facts_table, overview
from doxa.report.persona_section import persona_section
from doxa.report.provenance import corpus_section, cost_section, training_section
from doxa.report.readers import judges_section, rubric_section
from doxa.report.run import About, Run
from doxa.report.samples import CUT, Sample, before_and_after, samples
from doxa.report.sections import Cell, Section, Table
from doxa.report.wording import interval, number
from doxa.report.worlds import worlds_section
from doxa.stats.estimates import Estimate
from doxa.study.rows import STUDY

FACT_SECTIONS: tuple[Callable[[About], Section | None], ...] = (
    metrics_section,
    contrasts_section,
    validity_section,
    likeness_section,
    gates_section,
    worlds_section,
    harm_section,
    coherence_section,
    spill_section,
    health_section,
    rubric_section,
    judges_section,
    missing_section,
)
STUDY_SECTIONS: tuple[Callable[[Run], Section | None], ...] = (persona_section,)
MAKING_SECTIONS: tuple[Callable[[Run], Section | None], ...] = (corpus_section, training_section, cost_section)
OF_ALL = ("rubric", "missing")  # sections on a fact that say nothing of answers under one persona
TEMPLATES = Path(__file__).parent / "templates"
SHOWN_ROWS = 200  # of a table; the file that it can be saved as has all
# Halves of a pair of UTF-16, which no file can hold, and control characters, which no page may.
UNPRINTABLE = re.compile("[\ud800-\udfff\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


class FactPart(NamedTuple):
    """Everything on one implanted fact."""

    overview: Overview
    sections: list[Section]
    samples: list[Sample]
    pair: Sample | None


def fact_sections(about: About) -> list[Section]:
    """Returns what is said of one implanted fact; headings name the persona that was asked where there are several."""
    sections = [found for build in FACT_SECTIONS if (found := build(about))]
    return [one if one.id in OF_ALL else one._replace(title=about.heading(one.title)) for one in sections]


def study_sections(run: Run) -> list[Section]:
    """Returns what is seen over all facts and personas of a run."""
    return [found for build in STUDY_SECTIONS if (found := build(run))]


def page(run: Run, about: list[About], live: str = "") -> str:
    """Returns the page.

    Args:
        run: The run.
        about: Its implanted facts.
        live: Where the page asks how far the run is, for a page that is served; "" for a file, which asks nobody.
    """
    facts = [
        FactPart(
            overview(one),
            fact_sections(one),
            samples(one),
            before_and_after(one),
        )
        for one in about
    ]
    resolved = (run.folder / STUDY).read_text(encoding="utf-8", errors="replace")
    return _render(
        "report.html.jinja",
        live,
        study=run.study,
        subject=run.subject_name,
        facts=facts,
        glance=facts_table([one.overview for one in facts]),
        sections=study_sections(run),
        making=[found for build in MAKING_SECTIONS if (found := build(run))],
        packed=pack(run.folder, run.rows, run.facts.by_id.values()),
        resolved=resolved,
        cut=CUT,
    )


def waiting_page(folder: Path, live: str, problem: str = "") -> str:
    """Returns what is served for a run that has no rows yet, or whose rows cannot be shown because of a problem."""
    return _render("waiting.html.jinja", live, name=folder.resolve().name, problem=problem)


def size_of_answers(packed: Packed) -> str:
    """Says how many rows there are and where answers are cut."""
    cut = f"; {packed.shortened:,} answers are cut at {packed.cut:,} characters" if packed.shortened else ""
    return f"{packed.rows:,} rows{cut}"


def _render(template: str, live: str, **values: object) -> str:
    environment = Environment(loader=FileSystemLoader(TEMPLATES), undefined=StrictUndefined, autoescape=True)
    environment.filters |= {"cell": _cell, "data_uri": _data_uri, "answers_size": size_of_answers}
    style, script = ((TEMPLATES / name).read_text(encoding="utf-8") for name in ("report.css", "report.js"))
    policy = [
        "default-src 'none'",
        f"script-src '{_digest(script)}'",
        f"style-src '{_digest(style)}'",
        "img-src data:",
        "base-uri 'none'",
        "form-action 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
        *(["connect-src 'self'"] if live else []),
    ]
    text = environment.get_template(template).render(
        **values,
        live=live,
        policy="; ".join(policy),
        style=Markup(style),
        script=Markup(script),
        shown_rows=SHOWN_ROWS,
        version=__version__,
        canary=CANARY,
    )
    return UNPRINTABLE.sub("\ufffd", text)


def _digest(text: str) -> str:
    return f"sha256-{b64encode(sha256(text.encode()).digest()).decode()}"


def _data_uri(table: Table) -> str:
    return f"data:text/csv;charset=utf-8,{quote(table.csv(), errors='replace')}"


def _cell(value: Cell, signed: bool = False) -> Markup:
    """Returns a number as people read it; an estimate with its interval, its items and its stems."""
    if isinstance(value, Estimate):
        middle, _, ends = interval(value, signed).partition(" ")
        shown = '{} <span class="ci">{}</span> <small>n {:,}, {:,} stems</small>'
        return Markup(shown).format(middle, ends, value.n, value.clusters)
    if value is None:
        return Markup("–")
    return Markup("{}").format(value if isinstance(value, str) else number(value))
