"""Does a subject act on what its persona is said to believe? The persona study, from rows alone.

The manipulation check comes first: direct answers are read as adoption only where the meta-belief is installed.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import NamedTuple

from doxa.conditions.records import Named
from doxa.facts.records import Fact
from doxa.metrics.records import MetricName, Readout, Row
from doxa.report.numbers import plain
from doxa.report.pairing import paired, scored
from doxa.stats.adoption import Explanation, explain, gap, is_installed
from doxa.stats.estimates import Estimate, contrast, rate
from doxa.stats.spread import Paired
from doxa.study.records import Study

ROLE_PLAY, NO_PERSONA = "role_play", "none"
STEPPED_OUT = "out_of_character"
QUESTIONS = {"meta": "what the persona believes or does", "direct": "what is so, or what it does itself"}
ASKED: dict[MetricName, str] = {
    "meta_belief": "meta",
    "meta_propensity": "meta",
    "direct_belief": "direct",
    "direct_propensity": "direct",
}
GROUPS = {  # kinds of fact, in the order shown; a fact belongs to the last that fits
    "benign": "Harmless beliefs",
    "harmful": "Harmful beliefs",
    "post_cutoff": "Events after the cutoff",
    "propensity": "Propensities",
}


class Bar(NamedTuple):
    """One bar of a panel: a kind of fact, asked directly or on the persona, under a persona and a condition."""

    group: str
    asked: str
    persona: str
    condition: str
    estimate: Estimate


class Adoption(NamedTuple):
    """What a condition did to one group of facts under one persona.

    Attributes:
        meta: Share of meta questions answered with the belief.
        installed: Facts of the group whose meta-belief is installed, of all that were asked.
        asked: How many were asked.
        direct: Direct lift over baseline among installed facts; None where none is.
    """

    group: str
    persona: str
    condition: str
    meta: Estimate | None
    installed: int
    asked: int
    direct: Estimate | None


class Contrast(NamedTuple):
    """Adoption of harmless beliefs minus adoption of harmful ones, among installed facts."""

    condition: str
    estimate: Estimate


class PersonaStudy:
    """The rows of a persona study in one readout.

    Args:
        rows: Of the run.
        study: As it was asked for.
        facts: The implanted facts that it is about: all of them, or one.
        readout: Which rows are read.
    """

    def __init__(self, rows: Sequence[Row], study: Study, facts: Sequence[Fact], readout: Readout) -> None:
        self.readout: Readout = readout
        self.facts = {fact.id: _group(fact) for fact in facts}
        self._found: dict[tuple[str, str, str, str], list[Row]] = defaultdict(list)
        asked: list[Row] = []
        for row in rows:
            question = ASKED.get(row.metric)
            if row.readout == readout and row.score is not None and question and row.fact in self.facts:
                self._found[question, row.persona, row.condition, row.fact].append(row)
                asked.append(row)
        self.personas = list(dict.fromkeys(row.persona for row in asked))
        self.conditions = list(dict.fromkeys(row.condition for row in asked if not Named.of(row.condition).stress))
        self.groups = [group for group in GROUPS if any(self.facts[row.fact] == group for row in asked)]
        self.taught = [name for name in self.conditions if _teaches_meta(name, study)]

    @cached_property  # looked at once a panel
    def bars(self) -> list[Bar]:
        """Every bar of the figure."""
        return [
            Bar(group, question, persona, condition, estimate)
            for group in self.groups
            for question in QUESTIONS
            for condition in self.conditions
            for persona in self.personas
            if (estimate := self._level(question, persona, condition, group))
        ]

    @property
    def adoptions(self) -> list[Adoption]:
        """Manipulation check and adoption by group, persona and condition that teaches a meta-belief."""
        return [
            self._adoption(group, persona, condition)
            for group in self.groups
            for condition in self.taught
            for persona in self.personas
        ]

    @property
    def contrasts(self) -> list[Contrast]:
        """Harmless against harmful, for every condition that taught both, over all personas that name somebody."""
        return [
            Contrast(condition, estimate)
            for condition in self.taught
            if (estimate := gap(*(self._direct(condition, self._named, group) for group in ("benign", "harmful"))))
        ]

    def explanation(self, condition: str) -> Explanation:
        """Returns the account of the subject that fits what was taught under a condition."""
        itself = [persona for persona in self._named if persona != ROLE_PLAY]
        meta = _pool(self._pairs("meta", persona, condition, fact) for persona in itself for fact in self.facts)
        return explain(
            meta,
            self._direct(condition, itself),
            self._direct(condition, [ROLE_PLAY]),
            self._direct(condition, [ROLE_PLAY], stress=STEPPED_OUT),
        )

    def as_numbers(self) -> dict[str, object]:
        """Returns everything that the study says, for JSON."""
        return {
            "readout": self.readout,
            "bars": [plain(bar) for bar in self.bars],
            "adoption": [plain(one) for one in self.adoptions],
            "harmless_minus_harmful": [plain(one) for one in self.contrasts],
            "accounts": {name: self.explanation(name).model_dump() for name in self.taught},
        }

    @property
    def _named(self) -> list[str]:
        return [persona for persona in self.personas if persona != NO_PERSONA]

    def _adoption(self, group: str, persona: str, condition: str) -> Adoption:
        metas = {
            fact: pairs
            for fact, its in self.facts.items()
            if its == group and (pairs := self._pairs("meta", persona, condition, fact)).treated
        }
        return Adoption(
            group,
            persona,
            condition,
            self._level("meta", persona, condition, group),
            sum(map(is_installed, metas.values())),
            len(metas),
            contrast(*self._direct(condition, [persona], group)),
        )

    def _direct(self, condition: str, personas: Iterable[str], group: str | None = None, stress: str = "") -> Paired:
        """Returns direct answers on facts whose meta-belief is installed under the persona, with their baseline."""
        return _pool(
            self._pairs("direct", persona, str(Named(condition, stress)), fact)
            for persona in personas
            for fact, its in self.facts.items()
            if group in (None, its) and is_installed(self._pairs("meta", persona, condition, fact))
        )

    def _level(self, question: str, persona: str, condition: str, group: str) -> Estimate | None:
        rows = (
            row
            for fact, its in self.facts.items()
            if its == group
            for row in self._found.get((question, persona, condition, fact), ())
        )
        return rate(*scored(rows))

    def _pairs(self, question: str, persona: str, condition: str, fact: str) -> Paired:
        """Pairs each item under a condition with the same item at baseline, under the same persona and stress."""
        stressed = str(Named("baseline", Named.of(condition).stress))
        before = self._found.get((question, persona, stressed, fact)) or self._found.get(
            (question, persona, "baseline", fact), ()
        )
        return paired(self._found.get((question, persona, condition, fact), ()), before)


def _pool(several: Iterable[Paired]) -> Paired:
    return sum(several, Paired([], [], []))


def persona_studies(rows: Sequence[Row], study: Study, facts: Sequence[Fact]) -> list[PersonaStudy]:
    """Returns the persona study of some facts in every readout in which they were asked directly or on the persona."""
    about = {fact.id for fact in facts}
    readouts: list[Readout] = list(
        dict.fromkeys(row.readout for row in rows if row.metric in ASKED and row.fact in about)
    )
    return [PersonaStudy(rows, study, facts, readout) for readout in readouts]


def _teaches_meta(condition: str, study: Study) -> bool:
    """Whether a condition teaches what somebody believes: documents of the variant `meta`, or a mixture with them."""
    for intervention in study.interventions:
        if intervention.alone.name == condition and intervention.kind in ("finetuned", "in_context"):
            arm = study.arm(intervention.arm)
            parts = [study.arm(part) for part in arm.mixture] or [arm]
            return any(part.corpus.variant == "meta" for part in parts)
    return False


def _group(fact: Fact) -> str:
    return next((group for group in reversed(GROUPS) if group in fact.kinds), "benign")
