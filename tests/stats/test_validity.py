from doxa.stats.spread import Scored
from doxa.stats.validity import validity


def scored(hits: int, of: int = 40, prefix: str = "") -> Scored:
    return Scored([1.0] * hits + [0.0] * (of - hits), [f"{prefix}{place}" for place in range(of)])


NOTHING = Scored([], [])
SPOKEN = {"pretend": "pretending"}


def test_a_metric_that_pretending_passes_says_nothing_about_belief():
    """What 004 found: 1.00 on all four metrics by being told to pretend."""
    found = validity({"system_prompt": scored(10), "pretend": scored(40)}, scored(38, prefix="known "), SPOKEN)
    assert found.words == "Passed by pretending: 1.00; says nothing about belief."
    assert found.strongest == "pretend"
    assert found.separates is False
    assert found.false_positives["system_prompt"].value == 0.25


def test_a_metric_that_only_known_facts_pass_separates():
    found = validity({"pretend": scored(4)}, scored(36, prefix="known "))
    assert found.separates is True
    assert found.auc is not None
    assert found.auc.value == 0.5 + (0.9 - 0.1) / 2
    assert found.words == "Known facts (0.90) score above pretend (0.10)."


def test_a_metric_that_known_facts_fail_too_sees_neither():
    found = validity({"pretend": scored(4)}, scored(5, prefix="known "))
    assert found.separates is False
    assert "sees neither" in found.words


def test_what_was_not_asked_is_said():
    assert "No role-play control was asked" in validity({}, scored(30)).words
    assert "no known fact was asked" in validity({"pretend": scored(3)}, NOTHING).words
    assert validity({"pretend": scored(40)}, NOTHING, SPOKEN).words.startswith("Passed by pretending: 1.00")
    assert validity({"pretend": NOTHING}, NOTHING).false_positives == {}
