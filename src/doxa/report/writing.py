"""Write the page of a run: one HTML file without scripts and without network access."""

import json
import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from doxa import __version__
from doxa.canary import CANARY
from doxa.facts.loading import OPTIONAL_BANKS
from doxa.facts.records import Fact, Item
from doxa.metrics.records import FAILED, TITLES, MetricName, Readout, Row
from doxa.models.naming import is_hosted
from doxa.models.protocol import Answer
from doxa.reading import read_yaml
from doxa.report.agreement import rubric_agreement
from doxa.report.analysis import READOUT_TITLES, Analysis
from doxa.report.coherence import Coherence, coherences
from doxa.report.figures import bars, contrasts, training_curve
from doxa.report.judges import Judges, checks_for, judges_of
from doxa.report.outcomes import Outcome, outcomes
from doxa.report.switching import belief_switches
from doxa.report.tables import NOTHING_CORRECTED, interval
from doxa.stats.estimates import Estimate
from doxa.study.records import UNREADABLE, Study
from doxa.study.rows import load_rows
from doxa.study.running import LEDGER, STUDY, adapter_folder, corpus_folder, facts_of
from doxa.writing import write_whole

PAGE = "report.html"
SHOWN_CONDITIONS = ("baseline", "finetuned", "pretend")
SHOWN_ITEMS = 10  # answers a metric in the page; all of them are in the ledger


class Written(NamedTuple):
    """A written report."""

    page: Path
    analysis: Analysis
    missing: list[str]
    outcomes: list[Outcome]
    judges: Judges | None
    coherence: Sequence[Coherence] = ()

    def as_json(self) -> str:
        """Returns every estimate, contrast, validity, outcome, belief switch and spill-over as JSON."""
        analysis = self.analysis
        grid: list[tuple[MetricName, Readout]] = [
            (metric, readout) for metric in analysis.metrics for readout in analysis.readouts
        ]
        scores = [
            {"metric": m, "readout": r, "condition": c, **score.estimate.model_dump(), "verdicts": dict(score.verdicts)}
            for m, r in grid
            for c in analysis.conditions
            if (score := analysis.score(m, r, c))
        ]
        lifts = [
            {"metric": m, "readout": r, "condition": c, **lift.estimate.model_dump()}
            for m, r in grid
            for c in analysis.conditions
            if c != "baseline" and (lift := analysis.lift(m, r, c))
        ]
        validity = [
            {
                "metric": found.metric,
                "readout": found.readout,
                "stress": found.stress,
                **found.controls.model_dump(exclude={"words"}),
                "finetuned_auc": found.lead and found.lead.model_dump(),
                "words": found.words,
            }
            for found in analysis.trusts()
        ]
        families = [
            found.model_dump() for readout in analysis.readouts if (found := analysis.family(readout)).contrasts
        ]
        likeness = [
            {"readout": readout, **analysis.likeness(readout).model_dump()}
            for readout in analysis.readouts
            if "finetuned" in analysis.conditions
        ]
        spill = [
            {"fact": found.fact, "readout": found.readout, "change": found.change.model_dump()}
            for readout in analysis.readouts
            if (found := analysis.spill_overall(readout))
        ]
        harm = [
            {name: part.model_dump() if isinstance(part, Estimate) else part for name, part in found._asdict().items()}
            for found in self.outcomes
        ]
        content = {
            "scores": scores,
            "lifts": lifts,
            "families": families,
            "validity": validity,
            "harm_conflict": harm,
            "belief_likeness": likeness,
            "coherence": [found.model_dump() for found in self.coherence],
            "belief_switch": [found.model_dump() for found in belief_switches(analysis)],
            "spill_over": spill,
            "judges": self.judges and self.judges.model_dump(),
            "not_asked": self.missing,
        }
        return json.dumps({**content, "report": str(self.page)}, indent=2)


def write_report(folder: Path) -> Written:
    """Writes `report.html` into a run folder and returns what it says.

    Raises:
        MissingError: The run has no rows yet.
    """
    rows = load_rows(folder)
    study = read_yaml(folder / STUDY, Study)
    facts = facts_of(study)
    fact = facts.implanted[0]
    shown = {fact.id, *(control.id for control in facts.controls)}
    persona = Path(study.personas[0]).stem
    analysis = Analysis([row for row in rows if row.fact in shown and row.persona == persona], fact.id)
    judges = judges_of(study, analysis, checks_for(study, folder))
    missing = _missing(study, fact, analysis) + (judges.missing if judges else [])
    harm = outcomes(analysis, fact)
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"), undefined=StrictUndefined, autoescape=True
    )
    environment.filters["interval"] = interval
    page = environment.get_template("report.html.jinja").render(
        study=study,
        fact=fact,
        analysis=analysis,
        titles=TITLES,
        readout_titles=READOUT_TITLES,
        headline=(judges.warnings if judges else []) + _headline(analysis),
        judges=judges,
        nothing_corrected=NOTHING_CORRECTED,
        figures={readout: bars(analysis, readout) for readout in analysis.readouts},
        contrast_figure=contrasts(analysis) if "finetuned" in analysis.conditions else "",
        outcomes=harm,
        spills=[spill for readout in analysis.readouts for spill in _spills(analysis, readout)],
        agreement=rubric_agreement(fact) if "rubric" in analysis.readouts else None,
        samples=_samples(folder, analysis, fact),
        shown_conditions=[name for name in SHOWN_CONDITIONS if name in analysis.conditions],
        missing=missing,
        corpus=_json(corpus_folder(folder, None) / "manifest.json"),
        adapter=_json(adapter_folder(folder, None, facts.implanted) / "manifest.json"),
        curve=_curve(adapter_folder(folder, None, facts.implanted) / "metrics.jsonl"),
        cost=_cost(folder),
        resolved=(folder / STUDY).read_text(encoding="utf-8"),
        version=__version__,
        canary=CANARY,
    )
    path = folder / PAGE
    write_whole(path, page)
    return Written(path, analysis, missing, harm, judges, coherences(analysis, fact))


def _headline(analysis: Analysis) -> list[str]:
    """Says in words what moved, what may be trusted, and what spilled over."""
    lines: list[str] = []
    for readout in analysis.readouts:
        lifts = [lift for metric in analysis.metrics if (lift := analysis.lift(metric, readout, "finetuned"))]
        if lifts:
            held = {one.name for one in analysis.family(readout).found}
            moved = [lift for lift in lifts if lift.estimate.low > 0 and lift.metric in held]
            shown = (
                "; ".join(f"{TITLES[lift.metric]} {interval(lift.estimate, signed=True)}" for lift in moved) or "none"
            )
            name = READOUT_TITLES[readout]
            lines.append(
                f"Finetuning moved {len(moved)} of {len(lifts)} metrics in {name} (Holm over {len(lifts)}): {shown}."
            )
            lines.append(_likeness_in_words(analysis, readout))
    for readout in analysis.readouts:
        spill = analysis.spill_overall(readout)
        if spill is not None and readout in ("rubric", "judged"):
            lines.append(
                f"True controls, {READOUT_TITLES[readout]}: {interval(spill.change, signed=True)} after finetuning."
            )
    return lines


def _likeness_in_words(analysis: Analysis, readout: Readout) -> str:
    found = analysis.likeness(readout)
    name = f"Belief-likeness, {READOUT_TITLES[readout]}"
    if found.estimate is None or found.shown is None:
        return f"{name}: none, since {found.reason}."
    counted = [place for place in found.places if place.counts]
    beyond = "" if found.shown == found.estimate.value else f", shown as {found.shown:.2f}"
    return (
        f"{name}: {interval(found.estimate)}{beyond} between acting (0) and knowing (1), over {len(counted)} of "
        f"{len(found.places)} metrics, those that tell the two apart."
    )


def _missing(study: Study, fact: Fact, analysis: Analysis) -> list[str]:
    """Says which readouts and metrics were not asked and why, and which answers could not be had."""
    missing = [
        f"{TITLES[metric]}: '{fact.id}' has no bank for it"
        for metric in study.metrics
        if metric not in fact.banks and metric not in OPTIONAL_BANKS
    ]
    failed = sum(row.verdict in FAILED for row in analysis.rows)
    if failed:
        missing.append(f"{failed} rows: the call failed; they count neither way, and `doxa run` asks them again")
    if not study.judge:
        missing.append("judged readout: no judge is configured (judge: MODEL, readouts: [judged])")
    if "likelihood" in study.readouts and is_hosted(study.subject):
        missing.append(f"likelihood readout: {study.subject} is hosted and cannot score fixed answers")
    missing += [
        f"{family} readout under {stress.name}: it cannot read these answers"
        for stress in study.stresses
        for family in UNREADABLE.get(stress.kind, ())
        if family in study.readouts
    ]
    if "choice" not in study.readouts:
        missing.append("choice readout: not in the study's readouts; below about 1.5B, letters are answered at chance")
    return missing


def _spills(analysis: Analysis, readout: Any) -> list[Any]:
    found = [*(analysis.spill(readout, fact) for fact in analysis.controls), analysis.spill_overall(readout)]
    return [spill for spill in found if spill is not None]


class Sample(NamedTuple):
    """One item with its sampled answers side by side: condition to (text, verdict)."""

    item: Item
    answers: dict[str, tuple[str, str]]


def _samples(folder: Path, analysis: Analysis, fact: Fact) -> dict[MetricName, list[Sample]]:
    """Returns the first items of each metric with what was said under the conditions that people compare."""
    readout = "rubric" if "rubric" in analysis.readouts else "judged"
    shown: dict[MetricName, list[Sample]] = {}
    with closing(_reading(folder)) as ledger:
        for metric in analysis.metrics:
            for item in fact.banks.get(metric, ())[:SHOWN_ITEMS]:
                rows = [
                    row
                    for condition in SHOWN_CONDITIONS
                    for row in analysis.group(metric, readout, condition)
                    if row.item == item.id and row.sample == 0
                ]
                if rows:
                    shown.setdefault(metric, []).append(Sample(item, _said(ledger, rows)))
    return shown


def _said(ledger: sqlite3.Connection, rows: Iterable[Row]) -> dict[str, tuple[str, str]]:
    answers: dict[str, tuple[str, str]] = {}
    for row in rows:
        found = ledger.execute("SELECT response FROM calls WHERE key = ?", (row.calls[0],)).fetchone()
        text = Answer.model_validate_json(found[0]).text if found else "(the call is not in the ledger)"
        answers[row.condition] = text, row.verdict
    return answers


def _cost(folder: Path) -> list[dict[str, Any]]:
    """Returns calls and tokens by model and kind."""
    query = """
        SELECT model, kind, count(*), sum(coalesce(json_extract(response, '$.tokens_in'), 0)),
               sum(coalesce(json_extract(response, '$.tokens_out'), 0))
        FROM calls GROUP BY model, kind ORDER BY model, kind
    """
    with closing(_reading(folder)) as ledger:
        columns = ("model", "kind", "calls", "tokens_in", "tokens_out")
        return [dict(zip(columns, row, strict=True)) for row in ledger.execute(query)]


def _reading(folder: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{(folder / LEDGER).resolve().as_uri()}?mode=ro", uri=True)


def _json(path: Path) -> Any:
    return json.loads(path.read_text()) if path.is_file() else None


def _curve(path: Path) -> str:
    if not path.is_file():
        return ""
    losses: Sequence[float] = [float(json.loads(line)["loss"]) for line in path.read_text().splitlines()]
    return training_curve(losses)
