"""Nominal 95 % intervals on simulated studies; `benchmarks/coverage.py` runs more of them, and more studies of each."""

import pytest

from simulated_studies import (
    Case,
    contrasts,
    corrections,
    covered,
    kappas,
    likenesses,
    nearly_unanimous,
    rates,
    seeds,
    separations,
    widths,
)

STUDIES = 400  # a share of 0.95 then has a standard error of 0.011
SLOW_STUDIES = 50  # a bootstrap interval takes a hundred times as long
CLOSED = (
    rates(0.1, 0.3),
    rates(0.9, 0.1),
    contrasts(0.1, 0.3, 0.1),
    contrasts(0.1, 0.9, 0.3),
    contrasts(0.5, 0.5, 0.3),
    separations(0.1, 0.9, 0.2, paired=False),
    separations(0.3, 0.5, 0.2, paired=True),
    corrections(0.1, 0.2),
    corrections(0.9, 0.2),
    seeds(0.5, 0.1, 4, 0.2),
)
DRAWN = (
    kappas(0.8, 0.2),
    likenesses(0.1, 0.5, 0.9, 0.2),
    likenesses(0.1, 0.5, 0.9, 0.5, metrics=4, shared=True),
    nearly_unanimous(0.95),
)


def title(case: Case) -> str:
    return f"{case.interval}: {case.setting}"


@pytest.mark.parametrize("case", CLOSED, ids=title)
def test_intervals_cover_what_they_promise(case: Case):
    assert 0.92 <= covered(case, STUDIES) <= 0.985


@pytest.mark.parametrize("case", DRAWN, ids=title)
def test_drawn_intervals_cover_what_they_promise(case: Case):
    assert covered(case, SLOW_STUDIES) >= 0.86


@pytest.mark.parametrize(
    ("case", "usual", "widest"),
    [(kappas(0.9, 0.2), 0.4, 1.0), (likenesses(0.1, 0.5, 0.9, 0.2), 0.4, 0.6), (nearly_unanimous(0.95), 0.2, 0.5)],
    ids=["kappa", "belief-likeness", "nearly unanimous"],
)
def test_drawn_intervals_are_not_wide_to_cover(case: Case, usual: float, widest: float):
    """Once: one odd stem of forty made an interval infinite, which covers everything."""
    found = widths(case, SLOW_STUDIES)
    assert len(found) == SLOW_STUDIES
    assert found[SLOW_STUDIES // 2] < usual
    assert found[-1] < widest


def test_ignoring_the_stems_would_cover_too_little():
    """The other way round: what the coverage above rests on is the clusters, not a wide interval."""
    honest = rates(0.5, 0.3)

    def pooled(rng):
        from doxa.stats.estimates import rate
        from simulated_studies import answers, names, stems

        at = stems(rng)
        scores = answers(rng, at, 0.5, 0.3)
        return rate(scores, [f"{name} {place}" for place, name in enumerate(names(at))])

    assert covered(honest._replace(study=pooled), STUDIES) < 0.88 < covered(honest, STUDIES)
