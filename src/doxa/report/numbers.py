"""Everything that a report says of one fact as plain numbers, for programs."""

from collections.abc import Sequence
from typing import Any

from doxa.metrics.records import MetricName, Readout
from doxa.report.analysis import Analysis
from doxa.report.coherence import Coherence
from doxa.report.gates import gates
from doxa.report.judges import Judges
from doxa.report.outcomes import Outcome
from doxa.report.switching import belief_switches
from doxa.report.worlds import worlds
from doxa.stats.estimates import Estimate


def as_numbers(
    analysis: Analysis,
    outcomes: Sequence[Outcome],
    missing: Sequence[str],
    judges: Judges | None,
    coherence: Sequence[Coherence],
) -> dict[str, Any]:
    """Returns every estimate, contrast, validity, item gate, world, outcome, belief switch, coherence, spill-over."""
    grid: list[tuple[MetricName, Readout]] = [
        (metric, readout) for metric in analysis.metrics for readout in analysis.readouts
    ]
    return {
        "scores": [
            {"metric": m, "readout": r, "condition": c, **score.estimate.model_dump(), "verdicts": dict(score.verdicts)}
            for m, r in grid
            for c in analysis.conditions
            if (score := analysis.score(m, r, c))
        ],
        "lifts": [
            {"metric": m, "readout": r, "condition": c, **lift.estimate.model_dump()}
            for m, r in grid
            for c in analysis.conditions
            if c != "baseline" and (lift := analysis.lift(m, r, c))
        ],
        "families": [
            found.model_dump()
            for one in analysis.judged
            for readout in one.readouts
            if (found := one.family(readout)).contrasts
        ],
        "validity": [
            {
                "finetune": one.finetune,
                "metric": found.metric,
                "readout": found.readout,
                "stress": found.stress,
                **found.controls.model_dump(exclude={"words"}),
                "finetuned_auc": found.finetuned_auc and found.finetuned_auc.model_dump(),
                "words": found.words,
            }
            for one in analysis.judged
            for found in one.trusts()
        ],
        "item_gates": [found.model_dump() for found in gates(analysis)],
        "worlds": [found.model_dump() for found in worlds(analysis)],
        "harm_conflict": [plain(found) for found in outcomes],
        "belief_likeness": [
            {"finetune": finetune, "readout": readout, **analysis.of(finetune).likeness(readout).model_dump()}
            for finetune in analysis.finetunes
            for readout in analysis.readouts
        ],
        "belief_switch": [found.model_dump() for found in belief_switches(analysis)],
        "coherence": [found.model_dump() for found in coherence],
        "spill_over": [
            {
                "finetune": one.finetune,
                "fact": found.fact,
                "readout": found.readout,
                "change": found.change.model_dump(),
            }
            for one in analysis.judged
            for readout in one.readouts
            if (found := one.spill_overall(readout))
        ],
        "judges": judges and judges.model_dump(),
        "not_asked": missing,
    }


def plain(found: tuple[object, ...]) -> dict[str, object]:
    """Returns a named tuple as JSON has it, its estimates with all of their fields."""
    fields: dict[str, object] = found._asdict()  # pyright: ignore[reportAttributeAccessIssue]
    return {name: part.model_dump() if isinstance(part, Estimate) else part for name, part in fields.items()}
