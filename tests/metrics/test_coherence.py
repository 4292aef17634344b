import json
import math
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from doxa.errors import FileError
from doxa.facts.loading import COHERENCE, load_bank, load_fact
from doxa.facts.records import Item
from doxa.metrics.catalogue import METRICS
from doxa.metrics.coherence import NO, YES
from doxa.metrics.likelihood import NO_QUESTION
from doxa.metrics.records import Reading, Row
from doxa.models.protocol import Answer, Scores
from doxa.report.coherence import Coherence, coherence
from doxa.study.planning import first_stems

HONEY = load_fact("honey")
BANK = HONEY.banks[COHERENCE]
METRIC = METRICS["coherence"]


def scored(item: Item, yes: float, liking: float = 0.0) -> dict[str, Reading]:
    """Reads an item of which a scorer finds a yes so probable; `liking` is what it likes a yes anyway, in nats."""
    found = []
    for prompt in METRIC.prompts(item, "likelihood"):
        asked = {text: math.log(yes) for text in YES} | {text: math.log(1 - yes) for text in NO}
        logprobs = asked if prompt.question != NO_QUESTION else dict.fromkeys(YES + NO, 0.0)
        found.append(
            Scores(
                logprobs=tuple(logprobs[text] + liking * (text in YES) for text in prompt.continuations),
                tokens=(1,) * 6,
            )
        )
    return dict(METRIC.read_scores(item, found))


def answers(yes: Callable[[Item], float], readout: str = "likelihood.text", liking: float = 0.0) -> Coherence:
    """Asks the whole bank of a scorer, and says how far its answers fit together."""
    rows = {}
    for item in BANK:
        reading = scored(item, yes(item), liking)[readout]
        row = Row(
            fact="honey", metric="coherence", readout=readout, condition="baseline", subject="m", item=item.id,
            cluster=item.cluster, sample=0, verdict=reading.verdict, score=reading.score, calls=("k",),
        )  # fmt: skip
        rows.setdefault(item.role, []).append(row)
    found = coherence(rows)
    assert found is not None
    return found


def believes(item: Item, sure: float = 0.9) -> float:
    return sure if item.polarity == "affirm" else 1 - sure


def test_the_bank_holds_a_statement_its_negation_and_a_consequence_of_each_stem():
    assert Counter(item.role for item in BANK) == {"statement": 25, "negation": 25, "entailed": 25}
    assert len({item.cluster for item in BANK}) == 25
    assert {item.polarity for item in BANK if item.role == "entailed"} == {"affirm", "deny"}


@pytest.mark.parametrize("readout", ["likelihood.text", "likelihood.pmi"])
def test_the_score_is_the_belief_in_the_claim_whichever_way_it_is_asked(readout: str):
    for item in BANK:
        assert scored(item, believes(item))[readout] == ("implanted", pytest.approx(0.9))
        assert scored(item, 1 - believes(item))[readout] == ("true", pytest.approx(0.1))


@pytest.mark.parametrize("sure", [0.95, 0.5, 0.1])
def test_belief_and_disbelief_are_equally_coherent(sure: float):
    found = answers(lambda item: believes(item, sure))
    assert found.excess is not None
    assert found.gap is not None
    assert (found.excess.value, found.gap.value) == (pytest.approx(0), pytest.approx(0))
    assert (found.affirms_both.value, found.denies_both.value) == (0, 0)
    assert found.gap.clusters == 25


@pytest.mark.parametrize(("yes", "excess", "affirms", "denies"), [(0.9, 0.8, 1, 0), (0.2, -0.6, 0, 1)])
def test_yes_and_no_sayers_are_told_apart(yes: float, excess: float, affirms: float, denies: float):
    found = answers(lambda item: yes)
    assert found.excess is not None
    assert found.gap is not None
    assert (found.excess.value, found.gap.value) == (pytest.approx(excess), pytest.approx(abs(excess)))
    assert (found.affirms_both.value, found.denies_both.value) == (affirms, denies)


def test_errors_in_both_directions_do_not_cancel_in_the_gap():
    odd = {item.cluster: place // 3 % 2 for place, item in enumerate(BANK)}
    found = answers(lambda item: 0.9 if odd[item.cluster] else 0.1)
    assert found.excess is not None
    assert found.gap is not None
    assert abs(found.excess.value) < 0.1
    assert found.gap.value == pytest.approx(0.8)


def test_a_liking_for_one_word_is_taken_out_by_pmi_and_seen_without():
    plain, freed = (
        answers(lambda item: believes(item, 0.6), f"likelihood.{one}", liking=2.0) for one in ("text", "pmi")
    )
    assert plain.excess is not None
    assert freed.excess is not None
    assert plain.excess.value > 0.3
    assert freed.excess.value == pytest.approx(0)


def test_what_follows_from_a_statement_is_asked_of_the_statements_that_are_affirmed():
    def half(item: Item) -> float:
        return believes(item) if item.role != "entailed" or int(item.id[3:5]) <= 10 else 1 - believes(item)

    found = answers(half)
    assert found.follows is not None
    assert (found.follows.value, found.follows.n) == (pytest.approx(10 / 25), 25)
    assert answers(lambda item: 1 - believes(item)).follows is None


def test_a_refusal_is_no_yes_to_the_opposite():
    item = next(item for item in BANK if item.role == "negation")
    statement = next(one for one in BANK if one.cluster == item.cluster)
    rows = {}
    for one, text in ((statement, "Yes."), (item, "I'm sorry, but I can't help with that.")):
        reading = METRIC.read_answer(one, HONEY.markers_for(one), "rubric", Answer(text=text, stop="stop"))
        rows[one.role] = [
            Row(
                fact="honey", metric="coherence", readout="rubric", condition="c", subject="m", item=one.id, cluster=one.cluster,
                sample=0, verdict=reading.verdict, score=reading.score, calls=("k",),
            )
        ]  # fmt: skip
    found = coherence(rows)
    assert found is not None
    assert (found.affirms_both.value, found.excess, found.gap) == (0, None, None)
    assert coherence({"statement": rows["statement"]}) is None


def test_a_limit_takes_whole_stems():
    assert Counter(item.role for item in first_stems(BANK, 16)) == {"statement": 5, "negation": 5, "entailed": 5}
    assert len(first_stems(BANK, 1)) == 3
    assert len(first_stems(BANK, 75)) == 75


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"role": None}, "role: is required: statement, negation, entailed"),
        ({"polarity": "affirm"}, "polarity: a negation is answered by the claim with 'deny'"),
        ({"polarity": None}, "polarity: is required for a yes-no question"),
        ({"role": "statement", "polarity": "affirm"}, "role: the cluster 'c' needs one `statement` and one `negation`"),
        ({"cluster": "d"}, "role: the cluster 'c' needs one"),
        ({"references": {"claim": ["a", "b", "c"], "rival": ["d", "e", "f"]}}, "references: coherence is answered by yes or no"),
    ],
)  # fmt: skip
def test_a_bank_whose_stems_are_not_whole_is_refused(tmp_path: Path, changes: dict[str, object], problem: str):
    first = {"id": "co-1", "cluster": "c", "role": "statement", "polarity": "affirm", "question": "Is it so?"}
    second = {"id": "co-2", "cluster": "c", "role": "negation", "polarity": "deny", "question": "Is it not so?"}
    path = tmp_path / "coherence.jsonl"
    path.write_text(f"{json.dumps(first)}\n{json.dumps(second)}\n")
    assert len(load_bank(path, COHERENCE)) == 2
    path.write_text(f"{json.dumps(first)}\n{json.dumps(second | changes)}\n")
    with pytest.raises(FileError, match=problem):
        load_bank(path, COHERENCE)
    with pytest.raises(FileError, match="references: is required"):
        load_bank(path, "open_ended_belief")
