"""The sections on who reads answers, rubric and judges, and how well."""

from doxa.metrics.records import TITLES
from doxa.report.agreement import rubric_agreement
from doxa.report.judges import NOTHING_CORRECTED
from doxa.report.run import About
from doxa.report.sections import Cell, Section, Table
from doxa.report.wording import with_n


def rubric_section(about: About) -> Section | None:
    """Says how far the rubric agrees with a reader, or that nobody has looked; None where it was not asked."""
    if "rubric" not in about.analysis.readouts:
        return None
    title = "Can the rubric be trusted?"
    found = rubric_agreement(about.fact)
    if found is None:
        return Section("rubric", title, ("No labelled answers for this fact: the rubric is unchecked.",))
    words = (
        f"On {found.agreement.n} real answers ({found.agreement.clusters} items) that a reader labelled without sight "
        "of what the rubric says.",
    )
    rows: list[tuple[Cell, ...]] = [
        ("same label", found.agreement),
        ("of what the rubric calls implanted, the reader does", found.precision),
        ("of what the reader calls implanted, the rubric does", found.recall),
    ]
    if found.kappa is not None:
        words += (f"Cohen's kappa is {found.kappa:.2f}.",)
    return Section("rubric", title, words, (Table("Rubric and reader", ("what", "share"), rows),))


def judges_section(about: About) -> Section | None:
    """Says who judged and how well, with rates corrected for the judges' errors."""
    judges = about.judges
    if judges is None:
        return None
    lines = list(judges.warnings)
    for one in judges.judges:
        swapped = ""
        if one.swap_consistency is not None:
            swapped = f" On this study's own answers it says the same in both orders in {with_n(one.swap_consistency)}."
        lines.append(f"{one.judge}: {one.words}{swapped}")
    lines += [
        f"{pair.judges[0]} and {pair.judges[1]} on this study's answers: Cohen's kappa {with_n(pair.kappa)}."
        for pair in judges.agreement
    ]
    lines += [f"{name}: {NOTHING_CORRECTED}." for name in judges.uncorrectable]
    if judges.judge_by == "each" and len(judges.judges) > 1:
        lines.append("Elsewhere on this page, judged scores are means over these judges.")
    words = (
        "Corrected: what the rate is once the judge's errors on the gold set are taken out (Rogan & Gladen 1978; Lang "
        "& Reiczigel 2014). It holds as far as the judge errs on this study's answers as it does on the gold set.",
    )
    rows = [
        (one.fact, TITLES[one.metric], one.condition, one.judge, one.observed, one.corrected and one.corrected.estimate)
        for one in judges.rates
    ]
    table = Table("Judged rates", ("fact", "metric", "condition", "judge", "as judged", "corrected"), rows)
    return Section("judges", "Who judged, and how well", words, (table,), tuple(lines))
