from doxa.metrics.records import Row
from doxa.report.analysis import Analysis
from doxa.report.findings import scores_figure

SCORES = {
    "baseline": 0.0,
    "pretend": 0.5,
    "pretend + true_context": 1.0,
    "few_shot(1, egregious) + partner": 1.0,
    "finetuned": 0.75,
}


def rows(scores: dict[str, float]) -> list[Row]:
    return [
        Row(
            fact="honey", metric="open_ended_belief", readout="rubric", condition=condition, subject="m", item=f"i{place}",
            cluster=f"c{place}", sample=0, verdict="implanted" if place < 8 * score else "true",
            score=float(place < 8 * score), calls=("k",),
        )
        for condition, score in scores.items()
        for place in range(8)
    ]  # fmt: skip


def test_conditions_under_stress_are_bars_like_others_but_no_controls_of_the_plain_ones():
    analysis = Analysis(rows(SCORES), "honey")
    assert analysis.conditions == list(SCORES)
    found = analysis.validity("open_ended_belief", "rubric")
    assert list(found.controls.false_positives) == ["pretend"]
    assert "0.50" in found.words
    lift = analysis.lift("open_ended_belief", "rubric", "pretend + true_context")
    assert lift is not None
    assert lift.estimate.value == 1.0


def test_a_stressed_bar_is_drawn_like_its_intervention_and_a_long_name_takes_a_line_of_its_own():
    [drawing] = scores_figure(Analysis(rows(SCORES), "honey"), "rubric").drawings
    assert drawing.count("k-told") == 3
    assert drawing.count("k-finetuned") == 1
    assert ">pretend + true_context</text>" in drawing
    assert ">few_shot(1, egregious) +</text>" in drawing
    assert ">partner</text>" in drawing
