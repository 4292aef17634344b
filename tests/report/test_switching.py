import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doxa.metrics.records import FAILED, Row, Verdict, of_verdict
from doxa.models.ledger import Ledger
from doxa.report.analysis import Analysis
from doxa.report.switching import BeliefSwitch, belief_switch, belief_switches
from doxa.report.writing import write_report
from doxa.stats.estimates import Estimate
from doxa.study.rows import save_rows

VERDICTS: tuple[Verdict, ...] = ("implanted", "true", "ambiguous", "refusal", "unparsed", "judge_error")


def rows(condition: str, verdicts: Sequence[Verdict], stems: int = 100, **changes: object) -> list[Row]:
    row = Row(
        fact="honey", metric="open_ended_belief", readout="judged", condition=condition, subject="m", item="i", cluster="c",
        sample=0, verdict="true", score=0.0, calls=("k",),
    )  # fmt: skip
    return [
        row.model_copy(
            update={"item": f"i{place}", "cluster": f"c{place % stems}", "verdict": verdict,
                    "score": of_verdict(verdict).score, **changes}
        )
        for place, verdict in enumerate(verdicts)
    ]  # fmt: skip


def switch(before: Sequence[Row], after: Sequence[Row]) -> BeliefSwitch:
    found = belief_switch(before, after)
    assert found is not None
    return found


def test_switches_are_counted_apart_by_their_direction_and_from_those_that_only_leave():
    before = rows("finetuned", ["implanted"] * 5 + ["true"] * 4 + ["ambiguous"])
    after: list[Verdict] = [
        "implanted",
        "true",
        "true",
        "refusal",
        "ambiguous",
        "implanted",
        "true",
        "true",
        "refusal",
        "true",
    ]
    found = switch(before, rows("finetuned + reasoning(200)", after))
    assert (found.before, found.after) == ("finetuned", "finetuned + reasoning(200)")
    shares = (found.to_true.value, found.to_implanted.value, found.left.value)
    assert shares == pytest.approx((0.2, 0.1, 0.2))
    assert found.given_up is not None
    assert (found.given_up.value, found.given_up.n) == (pytest.approx(0.4), 5)


def test_items_are_paired_by_what_they_are_and_not_by_their_place():
    before = rows("a", ["implanted", "true", "implanted", "true"])
    after = rows("b", ["implanted", "true", "implanted", "true"])
    assert switch(before, after[::-1]).to_true.value == 0
    assert switch(before[1:], after[:3]).to_true.n == 2
    assert belief_switch(before[:2], after[2:]) is None


@pytest.mark.parametrize("changes", [{"sample": 1}, {"judge": "another"}, {"persona": "vendor"}])
def test_another_draw_or_reader_or_persona_is_no_pair(changes: dict[str, object]):
    assert belief_switch(rows("a", ["implanted"]), rows("b", ["true"], **changes)) is None


def test_a_failed_call_is_no_switch_and_no_pair():
    before = rows("a", ["implanted", "implanted", "judge_error"])
    found = switch(before, rows("b", ["judge_error", "true", "true"]))
    assert (found.to_true.value, found.to_true.n) == (1, 1)
    assert belief_switch(before[2:], rows("b", ["true"] * 3)) is None


def test_variants_of_a_stem_are_one_cluster():
    before, after = (["implanted"] * 20, ["true", "implanted", "true", "implanted"] * 5)
    narrow = switch(rows("a", before), rows("b", after)).to_true
    wide = switch(rows("a", before, stems=4), rows("b", after, stems=4)).to_true
    assert (narrow.value, wide.value) == (0.5, 0.5)
    assert (narrow.clusters, wide.clusters) == (20, 4)
    assert wide.high - wide.low > narrow.high - narrow.low


@given(st.lists(st.tuples(st.sampled_from(VERDICTS), st.sampled_from(VERDICTS)), min_size=1, max_size=30))
def test_the_way_back_is_the_way_there_in_reverse(pairs: list[tuple[Verdict, Verdict]]):
    before, after = rows("a", [first for first, _ in pairs]), rows("b", [second for _, second in pairs])
    there, back = belief_switch(before, after), belief_switch(after, before)
    if there is None or back is None:
        assert there is back is None
        assert all(set(pair) & set(FAILED) for pair in pairs)
        return
    assert (there.to_true, there.to_implanted) == (back.to_implanted, back.to_true)
    assert there.to_true.value + there.to_implanted.value + there.left.value <= 1 + 1e-9
    assert (there.given_up is None) == all(first != "implanted" for first, second in pairs if second not in FAILED)


def test_every_stress_is_set_against_its_own_intervention():
    asked = [
        *rows("baseline", ["true"] * 4), *rows("baseline + true_context", ["true"] * 4),
        *rows("finetuned", ["implanted"] * 4), *rows("finetuned + true_context", ["true", "implanted", "true", "true"]),
        *rows("few_shot(10, egregious) + partner", ["implanted"] * 4),
    ]  # fmt: skip
    found = {one.after: one.to_true.value for one in belief_switches(Analysis(asked, "honey"))}
    assert found == {"baseline + true_context": 0, "finetuned + true_context": 0.75}


def test_a_report_tells_the_switches(tmp_path: Path):
    Ledger(tmp_path / "ledger.sqlite").store([])
    save_rows(tmp_path, [*rows("pretend", ["implanted"] * 4), *rows("pretend + scrutinise(system)", ["true"] * 4)])
    (tmp_path / "study.yaml").write_text(
        "{name: s, fact: honey, judge: openai/x, interventions: [pretend: {stress: [none, scrutinise]}]}"
    )
    (told,) = json.loads(write_report(tmp_path).as_json())["belief_switch"]
    assert (told["before"], told["after"]) == ("pretend", "pretend + scrutinise(system)")
    assert Estimate.model_validate(told["to_true"]).value == 1
    assert told["given_up"]["clusters"] == 4
