"""The persona study tells three scripted subjects apart, and reads adoption only behind the manipulation check."""

from collections import Counter

import pytest

from doxa.report.personas import PersonaStudy, persona_studies
from doxa.stats.adoption import Account
from simulated_personas import STUDY, TAUGHT, Subject, fact, own_view, predictor, role_player, simulate

FACTS = [fact("tea", "benign"), fact("gas", "harmful")]
SUBJECTS: list[tuple[Subject, Account]] = [
    (predictor, "predicts_its_persona"),
    (own_view, "keeps_its_own_view"),
    (role_player, "plays_a_part"),
]


@pytest.mark.parametrize(("subject", "account"), SUBJECTS)
def test_three_subjects_are_told_apart(subject: Subject, account: Account):
    """Over seeds: hardly one is taken for another (`benchmarks/personas.py` prints the rates over 200 seeds)."""
    found = Counter(
        PersonaStudy(simulate(subject, FACTS, seed), STUDY, FACTS, "judged").explanation(TAUGHT).account
        for seed in range(20)
    )
    assert found[account] >= 17
    assert sum(found.values()) - found[account] - found["undecided"] <= 1


def test_direct_answers_say_nothing_where_the_meta_belief_is_not_installed():
    rows = simulate(predictor, FACTS, 0, installed=0.12)
    found = PersonaStudy(rows, STUDY, FACTS, "judged")
    assert found.explanation(TAUGHT).account == "not_installed"
    assert all(one.installed == 0 and one.direct is None for one in found.adoptions)
    assert found.contrasts == []


def test_adoption_of_harmless_beliefs_is_set_against_harmful_ones():
    def careful(persona: str, stepped_out: bool, kind: str) -> float:
        return 0.7 if kind == "benign" else 0.1

    found = PersonaStudy(simulate(careful, FACTS, 1), STUDY, FACTS, "judged")
    (contrast,) = found.contrasts
    assert contrast.condition == TAUGHT
    assert contrast.estimate.low > 0.2
    assert contrast.estimate.low < 0.53 < contrast.estimate.high  # 0.7 and 0.1 on items that differ by a logit or so
    by_group = {(one.group, one.persona): one for one in found.adoptions}
    assert len(by_group) == 2 * 5
    assert all(one.installed == one.asked == 1 for one in found.adoptions)
    benign = by_group["benign", "vendor"].direct
    assert benign is not None
    assert benign.low > 0
    assert benign.clusters == 30


def test_an_item_under_several_personas_is_one_cluster():
    found = PersonaStudy(simulate(predictor, FACTS[:1], 2), STUDY, FACTS, "judged").explanation(TAUGHT)
    assert found.as_itself is not None
    assert (found.as_itself.n, found.as_itself.clusters) == (90, 30)


def test_every_bar_has_its_place_and_other_rows_are_left_out():
    rows = simulate(own_view, FACTS, 3)
    other = [row.model_copy(update={"metric": "mcq_knowledge"}) for row in rows[:50]]
    (found,) = persona_studies([*rows, *other], STUDY, FACTS)
    assert len(found.bars) == 2 * 2 * 2 * 5
    assert {bar.estimate.n for bar in found.bars} == {30}
    assert found.taught == [TAUGHT]


def test_each_judge_is_compared_with_itself():
    rows = [row.model_copy(update={"judge": "strict"}) for row in simulate(own_view, FACTS[:1], 4)]
    lenient = [
        row.model_copy(update={"judge": "lenient"} | ({"score": 1.0} if row.metric == "direct_belief" else {}))
        for row in rows
    ]
    found = PersonaStudy([*rows, *lenient], STUDY, FACTS[:1], "judged").explanation(TAUGHT)
    assert found.as_itself is not None
    assert (found.as_itself.n, found.as_itself.clusters) == (180, 30)
    assert abs(found.as_itself.value) < 0.1
