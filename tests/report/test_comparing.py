from typing import Any

import pytest

from doxa.errors import InputError
from doxa.metrics.records import Row
from doxa.report.comparing import check_seeds, compare, over_seeds
from doxa.study.records import Study


def rows(hits: int, of: int = 20, condition: str = "finetuned", samples: int = 1) -> list[Row]:
    return [
        Row(
            fact="honey", metric="mcq_knowledge", readout="rubric", condition=condition, subject="m", item=f"i{n}",
            cluster=f"c{n // 2}", sample=sample, verdict="implanted" if n < hits else "true", score=float(n < hits),
            calls=("k",),
        )
        for n in range(of)
        for sample in range(samples)
    ]  # fmt: skip


def test_two_runs_are_paired_by_item_with_intervals_and_stems():
    found = compare("a", rows(4), "b", rows(14))
    (only,) = found.differences
    assert (only.first.value, only.second.value) == (0.2, 0.7)
    assert only.change.estimate.value == pytest.approx(0.5)
    assert 0 < only.change.estimate.low < 0.5 < only.change.estimate.high
    assert (only.change.estimate.n, only.change.estimate.clusters) == (20, 10)
    assert (found.size, found.unpaired) == (1, ())


def test_runs_with_different_numbers_of_samples_are_paired_by_item():
    found = compare("a", rows(4), "b", rows(4, samples=3))
    (only,) = found.differences
    assert only.change.estimate.n == 20
    assert only.change.estimate.value == 0


def test_the_order_of_rows_does_not_matter():
    assert compare("a", rows(4)[::-1], "b", rows(14)).differences == compare("a", rows(4), "b", rows(14)).differences


def test_what_could_not_be_paired_is_said_and_not_dropped():
    failed = rows(10)
    failed[0] = failed[0].model_copy(update={"score": None, "verdict": "call_error"})
    found = compare("a", [*rows(10), *rows(3, condition="pretend")], "b", failed[:15])
    (only,) = found.differences
    assert only.change.estimate.n == 14
    said = {(lone.run, lone.condition, lone.items, lone.reason) for lone in found.unpaired}
    assert said == {
        ("a", "finetuned", 5, "item not asked"),
        ("a", "finetuned", 1, "call failed"),
        ("a", "pretend", 20, "not asked at all"),
    }
    back = compare("b", failed[:15], "a", rows(10))
    assert {(lone.run, lone.items) for lone in back.unpaired} == {("a", 5), ("a", 1)}


def test_bars_are_compared_persona_by_persona():
    """Averaged over five personas, a bar would be held against one that was asked under a single one."""
    vendor = [row.model_copy(update={"persona": "vendor"}) for row in rows(20)]
    found = compare("a", [*rows(4), *vendor], "b", rows(14))
    (only,) = found.differences
    assert (only.persona, only.first.value, only.second.value) == ("none", 0.2, 0.7)
    assert [(lone.run, lone.persona, lone.items, lone.reason) for lone in found.unpaired] == [
        ("a", "vendor", 20, "not asked at all")
    ]
    assert only.named(found.personas) == "none, finetuned"
    alone = compare("a", rows(4), "b", rows(14))
    assert alone.differences[0].named(alone.personas) == "finetuned"
    assert "none" not in alone.differences[0].change.name
    assert "none" in only.change.name
    seeds = over_seeds({"a": [*rows(4), *vendor], "b": [*rows(14), *vendor]})
    assert [spread.persona for spread in seeds.spreads] == ["none", "vendor"]
    assert seeds.personas


def test_p_values_are_adjusted_over_all_bars():
    first = [row for number in range(5) for row in rows(8, condition=f"few_shot({number}, egregious)")]
    second = [row for number in range(5) for row in rows(12, condition=f"few_shot({number}, egregious)")]
    found = compare("a", first, "b", second)
    assert found.size == 5
    assert all(one.change.adjusted == pytest.approx(min(1, 5 * one.change.p)) for one in found.differences)


def test_seeds_are_shown_apart_on_the_items_that_all_runs_have():
    seeds = over_seeds({"a": rows(4), "b": rows(14), "c": rows(9, of=18)})
    (found,) = seeds.spreads
    assert list(found.spread.by_seed) == ["a", "b", "c"]
    assert found.spread.between is not None
    assert found.spread.between > 0
    assert {estimate.n for estimate in found.spread.by_seed.values()} == {18}
    assert [(lone.run, lone.condition, lone.items, lone.reason) for lone in seeds.left_out] == [
        ("c", "finetuned", 2, "item not asked")
    ]
    apart = over_seeds({"a": rows(4), "b": rows(4, condition="pretend")})
    assert apart.spreads == ()
    assert {(lone.run, lone.condition, lone.items) for lone in apart.left_out} == {
        ("b", "finetuned", 20),
        ("a", "pretend", 20),
    }


def study(seed: int = 0, digest: str = "", **fields: Any) -> Study:
    made_with = {"subject (finetuned)": f"local:m+{digest or seed}"}
    given = {"name": "s", "fact": "honey", "interventions": ["baseline", "finetuned"], "training": {"seed": seed}}
    return Study.model_validate({**given, "made_with": made_with, **fields})


def test_runs_of_one_recipe_with_a_seed_each_are_training_seeds():
    check_seeds({"a": study(0), "b": study(1, name="other"), "c": study(2)})
    check_seeds({name: study(digest=name, training=None, adapter=f"/adapters/{name}") for name in ("x", "y")})


@pytest.mark.parametrize(
    ("other", "problem"),
    [
        (study(0), "a and b have the same training seed"),
        (study(1, digest="0"), "a and b have the same adapter"),
        (study(1, answers={"samples": 2}), "differ in more than the training seed: answers"),
        (study(1, training={"seed": 1, "epochs": 5}), "differ in more than the training seed: training"),
    ],
)
def test_other_runs_are_no_training_seeds(other: Study, problem: str):
    with pytest.raises(InputError, match=problem):
        check_seeds({"a": study(0), "b": other})


def test_runs_without_a_finetune_have_no_training_seed():
    asked = {"interventions": ["baseline"], "training": None}
    with pytest.raises(InputError, match="a asks no finetuned subject"):
        check_seeds({"a": study(0, **asked), "b": study(1, **asked)})
