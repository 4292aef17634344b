"""From rows to what a report says: estimates, paired contrasts, validity in words, spill-over. Asks no model."""

import copy
from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import NamedTuple, Self

from doxa.conditions.records import Named
from doxa.facts.held_in import SETS
from doxa.metrics.records import TITLES, MetricName, Readout, Row
from doxa.report.pairing import paired, scored
from doxa.report.trust import finetune_in_words
from doxa.stats.estimates import Estimate, contrast, rate, separation
from doxa.stats.families import Family, family
from doxa.stats.likeness import BeliefLikeness, Compared, belief_likeness
from doxa.stats.spread import Paired, Scored
from doxa.stats.validity import Validity, validity

READOUT_TITLES: dict[Readout, str] = {
    "rubric": "rubric (free answers)",
    "judged": "judged (free answers)",
    "choice": "choice (sampled)",
    "likelihood.letter": "likelihood: letter",
    "likelihood.text": "likelihood: text",
    "likelihood.pmi": "likelihood: PMI",
}
FINETUNED = "finetuned"
SPOKEN = {"system_prompt": "a system prompt", "few_shot": "examples", "pretend": "pretending"}


class Score(NamedTuple):
    """One bar: a metric in a readout under a condition."""

    metric: MetricName
    readout: Readout
    condition: str
    estimate: Estimate
    verdicts: Counter[str]


class Lift(NamedTuple):
    """A condition against baseline on the same items."""

    metric: MetricName
    readout: Readout
    condition: str
    estimate: Estimate


class Trust(NamedTuple):
    """What the controls say of a metric in a readout under a stress, and what the finetune's score is worth then.

    Attributes:
        stress: Name of the stress test, empty for none.
        baseline: Score before finetuning.
        finetuned: Score of the finetune, the thing to be trusted or not; None where nothing was finetuned.
        controls: What the controls say.
        finetuned_auc: Probability that an item asked of the finetune outscores one under the strongest role-play
            control; None where either was not asked.
        words: The verdict in a sentence or two.
    """

    metric: MetricName
    readout: Readout
    stress: str
    baseline: Estimate | None
    finetuned: Estimate | None
    controls: Validity
    finetuned_auc: Estimate | None
    words: str


class Spill(NamedTuple):
    """A true control before and after finetuning."""

    fact: str
    readout: Readout
    baseline: Estimate
    finetuned: Estimate
    change: Estimate


class Analysis:
    """Everything that is said about the rows of one study.

    Args:
        rows: All rows.
        fact: Id of the implanted fact.

    Attributes:
        controls: Every other fact: what a finetune should leave alone.
        known: Those that the subject truly knows. Held-in capability data are no such facts: nobody knows all of them,
            and a small subject hardly any.
        finetunes: Every finetune that was asked: `finetuned`, or those of the arms, such as `finetuned(meta)`.
        finetune: The one that is judged: the first, see `of`.
    """

    def __init__(self, rows: Sequence[Row], fact: str) -> None:
        self.fact = fact
        self.rows = rows
        self._groups: dict[tuple[str, str, str, str], list[Row]] = defaultdict(list)
        for row in rows:  # rows whose call failed have no score and count neither way; `rows` keeps them
            if row.score is None:
                continue
            self._groups[row.fact, row.metric, row.readout, row.condition].append(row)
        self._validities: dict[tuple[str, ...], Trust] = {}  # asked for by several sections, and slow for many rows
        self._likenesses: dict[tuple[str, ...], BeliefLikeness] = {}
        self.conditions = list(dict.fromkeys(row.condition for row in rows if row.fact == fact))
        self.stresses = list(dict.fromkeys(Named.of(condition).stress for condition in self.conditions))
        self.metrics: list[MetricName] = [metric for metric in TITLES if any(row.metric == metric for row in rows)]
        self.readouts: list[Readout] = [
            readout for readout in READOUT_TITLES if any(row.readout == readout for row in rows)
        ]
        self.controls = list(dict.fromkeys(row.fact for row in rows if row.fact != fact))
        self.known = [control for control in self.controls if control not in SETS]
        named = dict.fromkeys(Named.of(condition).intervention for condition in self.conditions)
        self.finetunes = [name for name in named if name.partition("(")[0] == FINETUNED]
        self.finetune = self.finetunes[0] if self.finetunes else FINETUNED

    def of(self, finetune: str) -> Self:
        """Returns the same rows with another finetune to be judged."""
        other = copy.copy(self)
        other.finetune = finetune
        return other

    @property
    def judged(self) -> list[Self]:
        """The same rows once for each finetune, which is then the one that is judged; once where there is none."""
        return [self.of(finetune) for finetune in self.finetunes or [self.finetune]]

    def metrics_in(self, readout: Readout) -> list[MetricName]:
        """Returns the metrics in which the implanted fact was asked in a readout."""
        asked = {row.metric for row in self.rows if row.fact == self.fact and row.readout == readout}
        return [metric for metric in self.metrics if metric in asked]

    def group(self, metric: str, readout: str, condition: str, fact: str | None = None) -> list[Row]:
        """Returns the rows of one bar."""
        return self._groups.get((fact or self.fact, metric, readout, condition), [])

    def score(self, metric: MetricName, readout: Readout, condition: str) -> Score | None:
        """Returns one bar, or None where nothing was asked."""
        rows = self.group(metric, readout, condition)
        estimate = rate(*scored(rows))
        if estimate is None:
            return None
        return Score(metric, readout, condition, estimate, Counter(row.verdict for row in rows))

    def lift(self, metric: MetricName, readout: Readout, condition: str) -> Lift | None:
        """Returns the paired difference to baseline, or None where either is missing."""
        estimate = self._lead(metric, readout, condition, "baseline")
        return None if estimate is None else Lift(metric, readout, condition, estimate)

    def validity(self, metric: MetricName, readout: Readout, stress: str = "") -> Trust:
        """Judges a metric by its controls under a stress, and sets the finetune's score beside them."""
        key = self.finetune, metric, readout, stress
        if key not in self._validities:
            self._validities[key] = self._validity(metric, readout, stress)
        return self._validities[key]

    def _validity(self, metric: MetricName, readout: Readout, stress: str) -> Trust:
        baseline, finetuned = (str(Named(name, stress)) for name in ("baseline", self.finetune))
        role_play = {
            name: scored(self.group(metric, readout, name))
            for name in self.conditions
            if (named := Named.of(name)).is_role_play and named.stress == stress
        }
        genuine = self._genuine(metric, readout, baseline)
        lifts = {name: lift for name in role_play if (lift := self._lead(metric, readout, name, baseline)) is not None}
        found = validity(role_play, genuine, {name: _spoken(name) for name in role_play}, lifts)
        before, after = (self.score(metric, readout, name) for name in (baseline, finetuned))
        lift = self._lead(metric, readout, finetuned, baseline)
        lead = self._lead(metric, readout, finetuned, found.strongest) if found.strongest else None
        strongest = (_spoken(found.strongest), found.false_positives[found.strongest]) if found.strongest else None
        score_before, score_after = before.estimate if before else None, after.estimate if after else None
        worth = finetune_in_words(score_after, score_before, lift, strongest, lead)
        return Trust(
            metric,
            readout,
            stress,
            score_before,
            score_after,
            found,
            self._separation(metric, readout, finetuned, found.strongest),
            f"{found.words} {worth}".strip(),
        )

    def trusts(self) -> list[Trust]:
        """Returns the verdict on each metric, readout and stress that a finetune or a role-play control was asked."""
        found = [
            self.validity(metric, readout, stress)
            for metric in self.metrics
            for readout in self.readouts
            for stress in self.stresses
        ]
        return [trust for trust in found if trust.finetuned or trust.controls.false_positives]

    def likeness(self, readout: Readout) -> BeliefLikeness:
        """Places the finetune between the strongest role-play control and the true controls, without stress."""
        key = self.finetune, readout
        if key not in self._likenesses:
            self._likenesses[key] = belief_likeness({one: self._compared(one, readout) for one in self.metrics})
        return self._likenesses[key]

    def family(self, readout: Readout) -> Family:
        """Returns the lifts of the finetune over all metrics in a readout, adjusted."""
        lifts = {metric: self._pairs(metric, readout, self.finetune, "baseline") for metric in self.metrics}
        return family(f"{self.finetune} against baseline, {READOUT_TITLES[readout]}", lifts)

    def spill(self, readout: Readout, fact: str) -> Spill | None:
        """Returns what finetuning did to a true control, over all metrics."""
        return self._spill(readout, fact, [fact])

    def spill_overall(self, readout: Readout) -> Spill | None:
        """Returns what finetuning did to all true controls together; clusters are stems within facts."""
        return self._spill(readout, "all true controls", self.controls)

    def spills(self, readout: Readout) -> list[Spill]:
        """Returns what finetuning did to each true control, and to all of them together."""
        found = [*(self.spill(readout, fact) for fact in self.controls), self.spill_overall(readout)]
        return [spill for spill in found if spill is not None]

    def _spill(self, readout: Readout, name: str, facts: Sequence[str]) -> Spill | None:
        asked = [(fact, metric) for fact in facts for metric in self.metrics]
        before = [row for fact, metric in asked for row in self.group(metric, readout, "baseline", fact)]
        after = [row for fact, metric in asked for row in self.group(metric, readout, self.finetune, fact)]
        pairs = paired(after, before)
        old, new = rate(pairs.control, pairs.clusters), rate(pairs.treated, pairs.clusters)
        change = contrast(*pairs)
        return None if old is None or new is None or change is None else Spill(name, readout, old, new, change)

    def _compared(self, metric: MetricName, readout: Readout) -> Compared:
        found = self.validity(metric, readout)
        strongest = found.controls.strongest
        pairs = self._pairs(metric, readout, self.finetune, strongest) if strongest else Paired([], [], [])
        return Compared(*pairs, self._genuine(metric, readout, "baseline"))

    def _genuine(self, metric: MetricName, readout: Readout, condition: str) -> Scored:
        """Returns the scores of the facts that the subject truly knows."""
        return scored(row for fact in self.known for row in self.group(metric, readout, condition, fact))

    def _separation(self, metric: MetricName, readout: Readout, condition: str, other: str | None) -> Estimate | None:
        """Returns the AUC of a condition against another, or None where either was not asked."""
        if other is None:
            return None
        return separation(*(scored(self.group(metric, readout, name)) for name in (condition, other)))

    def _lead(self, metric: MetricName, readout: Readout, condition: str, other: str) -> Estimate | None:
        """Returns a condition's paired lead over another, or None where either was not asked."""
        return contrast(*self._pairs(metric, readout, condition, other))

    def _pairs(self, metric: MetricName, readout: Readout, condition: str, other: str) -> Paired:
        """Pairs the items of the fact under a condition with the same under another."""
        return paired(*(self.group(metric, readout, name) for name in (condition, other)))


def _spoken(condition: str) -> str:
    """Returns how a role-play control is called in a sentence."""
    intervention, stress = Named.of(condition)
    kind, bracket, settings = intervention.partition("(")
    told = f"{SPOKEN.get(kind, kind)}{f' ({settings}' if bracket else ''}"
    return f"{told} under {stress}" if stress else told
