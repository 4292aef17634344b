"""The rows of a run as Inspect logs: one log is what one `inspect eval doxa/belief` would have written."""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from inspect_ai.log import (
    EvalConfig,
    EvalDataset,
    EvalLog,
    EvalMetric,
    EvalPlan,
    EvalPlanStep,
    EvalResults,
    EvalSample,
    EvalScore,
    EvalSpec,
    EvalStats,
    write_eval_log,
)
from inspect_ai.model import ModelConfig
from inspect_ai.scorer import SampleScore

from doxa.conditions.records import AND, Condition
from doxa.errors import MissingError
from doxa.facts.records import Fact
from doxa.inspect.calls import Call, read_calls
from doxa.inspect.cells import persona_of
from doxa.inspect.rates import rates, shares
from doxa.inspect.transcripts import Asked, model_name, sample_of, summed, with_votes
from doxa.metrics.records import Family, Row
from doxa.reading import read_yaml
from doxa.study.planning import Cell
from doxa.study.records import Study
from doxa.study.rows import FILE, STUDY, load_rows
from doxa.study.running import facts_of


class Part(NamedTuple):
    """What one log holds: one fact under one condition, asked of one subject in one family of readouts."""

    fact: str
    persona: str
    condition: str
    family: Family
    subject: str

    @classmethod
    def of(cls, row: Row) -> "Part":
        """Returns the log in which a row stands."""
        family: Family = "likelihood" if row.readout.startswith("likelihood") else row.readout  # pyright: ignore[reportAssignmentType]
        return cls(row.fact, row.persona, row.condition, family, row.subject)

    @property
    def name(self) -> str:
        """The log's file name without its end."""
        condition = self.condition.replace(AND, "+")
        words = (self.fact, condition, *([self.persona] if self.persona != "none" else []), self.family)
        return "_".join(re.sub(r"[^\w+-]+", "-", word).strip("-") for word in words)


def export_run(run: Path, folder: Path) -> list[Path]:
    """Writes the rows of a run as Inspect logs; nothing in the run folder changes, unless `folder` lies in it.

    Args:
        run: The run folder.
        folder: Where the logs go; one of the same name is written anew.

    Returns:
        The logs.

    Raises:
        MissingError: The run has no rows or no ledger yet, a fact no longer has what a row was asked, or nobody knows
            who judged a row.
    """
    rows = load_rows(run)
    exporter = _Exporter(run, read_yaml(run / STUDY, Study))
    folder.mkdir(parents=True, exist_ok=True)
    written: dict[Path, None] = {}
    for part, mine in groupby(sorted(rows, key=Part.of), key=Part.of):
        path = folder / f"{part.name}.eval"
        for number in range(2, 2 + len(written)):  # two personas of a user's own can come to the same name
            if path not in written:
                break
            path = folder / f"{part.name}-{number}.eval"
        write_eval_log(exporter.log(part, list(mine)), path)
        written[path] = None
    return list(written)


class _Exporter:
    """Makes logs.

    Args:
        run: The run folder.
        study: Its study.
    """

    def __init__(self, run: Path, study: Study) -> None:
        self._run, self._study = run, study
        facts = facts_of(study).by_id
        self._facts = facts
        self._sources = dict(zip(facts, (*study.facts, *study.controls), strict=True))
        self._conditions = {
            (persona_of(condition), condition.name): condition
            for condition in (*study.conditions, *study.control_conditions)
        }

    def log(self, part: Part, rows: Sequence[Row]) -> EvalLog:
        """Returns one log."""
        calls = read_calls(self._run, list(dict.fromkeys(key for row in rows for key in row.calls)))
        samples = [sample_of(asked) for asked in self._asked(part, rows, calls)]
        made = sorted(call.made for call in calls.values()) or [_written(self._run)]
        spec = self._spec(part, samples, made[0])
        return EvalLog(
            status="success",
            eval=spec,
            plan=EvalPlan(steps=[EvalPlanStep(solver="doxa/put")]),
            results=_results(samples),
            stats=EvalStats(
                started_at=made[0].isoformat(),
                completed_at=made[-1].isoformat(),
                model_usage=summed(used for sample in samples for used in sample.model_usage.items()),
            ),
            samples=samples,
        )

    def _asked(self, part: Part, rows: Sequence[Row], calls: Mapping[str, Call]) -> Iterator[Asked]:
        """Yields every cell of a log with its rows."""
        fact, condition = self._facts.get(part.fact), self._conditions.get((part.persona, part.condition))
        if fact is None or condition is None:
            raise MissingError(f"the study of the run does not list '{part.fact}' under {part.condition}")
        cells: dict[tuple[str, str, int], list[Row]] = {}
        for row in rows:
            cells.setdefault((row.metric, row.item, row.sample), []).append(row)
        for mine in cells.values():
            cell = _cell(fact, condition, part.family, mine[0])
            yield with_votes(Asked(cell, mine, calls, self._sources[part.fact], self._study))

    def _spec(self, part: Part, samples: Sequence[EvalSample], made: datetime) -> EvalSpec:
        study = self._study
        condition = self._conditions[part.persona, part.condition]
        arguments = {
            "fact": self._sources[part.fact],
            "intervention": condition.intervention.model_dump(mode="json", exclude_none=True),
            "stress": condition.stress.model_dump(mode="json", exclude_none=True),
            "persona": condition.persona,
            "metrics": list(dict.fromkeys(str(sample.metadata["metric"]) for sample in samples)),
            "readout": part.family,
            "seed": study.seed,
        }
        if part.family == "judged":
            arguments |= {"judge": list(study.judge), "judge_orders": study.judge_orders}
        graders = study.judge if part.family == "judged" else ()
        return EvalSpec(
            created=made.isoformat(),
            eval_id=f"{study.name}-{part.name}",
            run_id=study.name,
            task="doxa/belief",
            task_id=part.name,
            task_registry_name="doxa/belief",
            task_display_name=f"{part.fact}: {part.condition} ({part.family})",
            task_args=arguments,
            task_args_passed=arguments,
            tags=[study.name, part.persona],
            dataset=EvalDataset(
                name=part.fact,
                samples=len({sample.id for sample in samples}),
                sample_ids=list(dict.fromkeys(str(sample.id) for sample in samples)),
            ),
            model=model_name(part.subject),
            model_roles={"grader": ModelConfig(model=graders[0])} if len(graders) == 1 else None,
            config=EvalConfig(epochs=max(sample.epoch for sample in samples)),
            packages={name: study.made_with[name] for name in ("doxa",) if name in study.made_with},
            metadata={"run": study.name, "made with": study.made_with},
        )


def _cell(fact: Fact, condition: Condition, family: Family, row: Row) -> Cell:
    for item in fact.banks.get(row.metric, ()):
        if item.id == row.item:
            return Cell(fact, row.metric, family, condition, item, row.sample)
    raise MissingError(f"the fact '{row.fact}' no longer has the item '{row.item}' that the run was asked")


def _results(samples: Sequence[EvalSample]) -> EvalResults:
    """Returns the metrics of every score, as the task's scorers have them."""
    scores: dict[str, list[SampleScore]] = {}
    for sample in samples:
        for name, score in (sample.scores or {}).items():
            scores.setdefault(name, []).append(
                SampleScore(score=score, sample_id=sample.id, sample_metadata=sample.metadata)
            )
    return EvalResults(
        total_samples=len(samples),
        completed_samples=len(samples),
        scores=[
            EvalScore(
                name=name,
                scorer=name,
                scored_samples=len(mine),
                metrics={
                    key: EvalMetric(name=key, group=group, value=value)
                    for group, values in (("rate", rates(mine)), ("verdicts", shares(mine)))
                    for key, value in values.items()
                },
            )
            for name, mine in scores.items()
        ],
    )


def _written(run: Path) -> datetime:
    """Returns when the rows were written, where no call tells the time."""
    return datetime.fromtimestamp((run / FILE).stat().st_mtime, UTC)
