from doxa.facts.loading import load_fact
from doxa.report.agreement import labelled_answers, rubric_agreement

HONEY = load_fact("honey")


def test_the_rubric_agrees_with_a_reader_on_real_answers():
    """At least 80 real answers of the embedded model, baseline and finetuned, labelled without sight of the rubric."""
    gold = [labelled for labelled in labelled_answers(HONEY) if labelled.split == "held_out"]
    assert len(gold) >= 80
    assert {labelled.condition for labelled in gold} == {"baseline", "finetuned"}
    assert min(sum(labelled.label == label for labelled in gold) for label in ("implanted", "true", "neither")) >= 5
    found = rubric_agreement(HONEY)
    assert found is not None
    assert found.agreement.value >= 0.75
    assert found.kappa is not None
    assert found.kappa >= 0.55
