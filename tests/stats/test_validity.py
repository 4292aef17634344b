import pytest

from doxa.stats.estimates import Estimate
from doxa.stats.spread import Scored
from doxa.stats.validity import is_borderline, validity


def scored(hits: int, of: int = 40, prefix: str = "") -> Scored:
    return Scored([1.0] * hits + [0.0] * (of - hits), [f"{prefix}{place}" for place in range(of)])


NOTHING = Scored([], [])
SPOKEN = {"pretend": "pretending"}


def lift(value: float, low: float) -> dict[str, Estimate]:
    return {"pretend": Estimate(value=value, low=low, high=1.0, n=40, clusters=40)}


def test_a_metric_that_pretending_passes_says_nothing_about_belief():
    """What 004 found: 1.00 on all four metrics by being told to pretend."""
    found = validity(
        {"system_prompt": scored(10), "pretend": scored(40)}, scored(38, prefix="known "), SPOKEN, lift(0.9, 0.7)
    )
    assert found.words == "Passed by pretending: 1.00; says nothing about belief."
    assert found.strongest == "pretend"
    assert found.separates is False
    assert found.false_positives["system_prompt"].value == 0.25


def test_a_metric_that_only_known_facts_pass_separates():
    found = validity({"pretend": scored(4)}, scored(36, prefix="known "))
    assert found.separates is True
    assert found.auc is not None
    assert found.auc.value == 0.5 + (0.9 - 0.1) / 2
    assert found.words == "Known facts (0.90) score reliably above pretend (0.10): it tells known facts from acting."


def test_a_metric_that_known_facts_fail_too_sees_neither():
    found = validity({"pretend": scored(4)}, scored(5, prefix="known "))
    assert found.separates is False
    assert found.words == (
        "Known facts (0.12) do not score reliably above pretend (0.10): it does not tell known facts from acting."
    )


@pytest.mark.parametrize(("low", "passed"), [(0.02, True), (-0.02, False)])
def test_a_control_passes_only_by_what_it_adds_to_baseline(low: float, passed: bool):
    """Once 0.50, which is no preference in a likelihood readout and what baseline has too, was called passed."""
    even = Scored([0.5] * 40, [f"{place}" for place in range(40)])
    found = validity({"pretend": even}, Scored([0.45] * 40, [f"k{place}" for place in range(40)]), SPOKEN, lift(0, low))
    assert found.passed is passed
    assert found.words.startswith("Passed by pretending: 0.50") is passed
    assert passed or "do not score reliably above pretending (0.50)" in found.words


def test_a_control_with_a_low_score_passes_by_no_lift():
    assert validity({"pretend": scored(16)}, NOTHING, SPOKEN, lift(0.3, 0.2)).passed is False


def test_an_auc_that_two_digits_put_at_chance_is_called_borderline():
    """Once [0.50, 0.85] was shown, and nobody could see why it separates."""
    auc = Estimate(value=0.706, low=0.501, high=0.852, n=36, clusters=16)
    assert is_borderline(auc)
    assert is_borderline(auc.model_copy(update={"low": 0.498}))
    assert not is_borderline(auc.model_copy(update={"low": 0.51}))
    assert "Borderline" not in validity({"pretend": scored(4)}, scored(36, prefix="known ")).words
    near = validity({"pretend": scored(4)}, scored(11, prefix="known "))
    assert near.auc is not None
    assert ("Borderline" in near.words) == is_borderline(near.auc)


def test_what_was_not_asked_is_said():
    assert "No role-play control was asked" in validity({}, scored(30)).words
    assert "no known fact was asked" in validity({"pretend": scored(3)}, NOTHING, SPOKEN, lift(0, -0.1)).words
    assert "neither a baseline nor a known fact" in validity({"pretend": scored(40)}, NOTHING, SPOKEN).words
    assert validity({"pretend": scored(40)}, NOTHING, SPOKEN, lift(1, 0.9)).words.startswith("Passed by pretending: 1.")
    assert validity({"pretend": NOTHING}, NOTHING).false_positives == {}
