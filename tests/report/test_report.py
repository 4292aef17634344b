import html
import json
import re
from base64 import b64encode
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path

import pytest

from doxa.facts.loading import BANKS, load_fact
from doxa.metrics.records import TITLES, Row
from doxa.models.ledger import Ledger, call_key
from doxa.models.protocol import Answer, GenerateRequest, Message
from doxa.report.analysis import Analysis
from doxa.report.findings import scores_figure
from doxa.report.outcomes import outcomes
from doxa.report.overview import may_be_trusted
from doxa.report.writing import write_report
from doxa.study.rows import save_rows

HONEY, BLEACH = load_fact("honey"), load_fact("bleach")
HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)> &lt;b&gt; \u202edlrow {{ 7 * 7 }} </style>"
CONDITIONS = ("baseline", "system_prompt", "pretend", "finetuned")


def rows_of(share: dict[str, float], text: str = "") -> tuple[list[Row], list[tuple[str, ...]]]:
    """Returns rows in which the first `share` of the items say the claim, and their calls."""
    rows, calls = [], []
    for metric, items in ((bank, HONEY.banks[bank]) for bank in BANKS):
        for condition in CONDITIONS:
            for place, item in enumerate(items):
                request = GenerateRequest(messages=(Message(role="user", content=f"{condition} {item.question}"),))
                key = call_key("m", "generate", request)
                score = float(place < share[condition] * len(items))
                calls.append(
                    (key, "m", "generate", request.model_dump_json(), Answer(text=text, stop="stop").model_dump_json())
                )
                verdict = "implanted" if score else "true"
                rows.append(
                    Row(
                        fact="honey", metric=metric, readout="rubric", condition=condition, subject="m", item=item.id,
                        cluster=item.cluster, sample=0, verdict=verdict, score=score, calls=(key,),
                    )
                )  # fmt: skip
    return rows, calls


@pytest.fixture
def page(tmp_path: Path) -> str:
    rows, calls = rows_of({"baseline": 0.1, "system_prompt": 0.2, "pretend": 0.3, "finetuned": 0.9}, HOSTILE)
    Ledger(tmp_path / "ledger.sqlite").store(calls)
    save_rows(tmp_path, rows)
    (tmp_path / "study.yaml").write_text("{name: s, fact: honey, interventions: [baseline]}")
    written = write_report(tmp_path)
    assert json.loads(written.as_json())["scores"]
    return written.page.read_text()


class Tags(HTMLParser):
    """Collects the tags and attributes of a page as a browser would see them."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


def test_model_output_is_text_and_never_markup(page: str):
    seen = Tags()
    seen.feed(page)
    assert not [tag for tag, _ in seen.tags if tag in ("img", "iframe", "object", "base")]
    scripts = [attrs for tag, attrs in seen.tags if tag == "script"]
    assert [attrs for attrs in scripts if attrs.get("type") != "text/plain"] == [{}]
    assert not [attrs for _, attrs in seen.tags if any(name.startswith("on") or name == "style" for name in attrs)]
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "{{ 7 * 7 }}" in page
    assert "<bdi>" in page


def test_the_page_needs_no_network_and_allows_none(page: str):
    assert "default-src &#39;none&#39;" in page
    assert "unsafe" not in page
    assert "connect-src" not in page
    assert not re.search(r"""(?:src|href)\s*=\s*["']?(?:https?:)?//""", page)
    assert not re.search(r"url\((?!#)", page)


def test_only_our_script_and_our_style_are_allowed_by_digest(page: str):
    policy = html.unescape(re.findall(r'Security-Policy" content="([^"]*)"', page)[0])
    for tag in ("script", "style"):
        text = re.findall(rf"<{tag}>(.*?)</{tag}>", page, re.DOTALL)[0]
        assert f"{tag}-src 'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'" in policy


def test_the_page_shows_figures_validity_and_warning(page: str):
    assert page.count('<svg role="img" aria-label=') >= 5
    assert page.count("<desc>") == page.count("<svg ")
    assert "Which metric may be trusted" in page
    assert "deliberately false" in page


def words(**share: float) -> str:
    rows, _ = rows_of({"baseline": 0.1, "system_prompt": 0.1, "pretend": 0.1, "finetuned": 0.9} | share)
    return Analysis(rows, "honey").validity("open_ended_belief", "rubric").words


def test_validity_is_said_in_words_that_follow_the_data():
    assert "leads every role-play control" in words()
    assert "hardly acts when told to" in words()
    assert "hardly acts" not in words(pretend=0.5)
    assert "it stays reliably below pretending (1.00)" in words(pretend=1.0, finetuned=0.7)
    assert "not reliably above pretending (0.90)" in words(pretend=0.9)
    assert "only 0.10" in words(pretend=0.8)
    assert "does not move it reliably" in words(finetuned=0.1, pretend=0.9)


def test_one_verdict_on_a_metric_stands_everywhere():
    """Once the overview said that a metric tells known facts from acting, and the table that it does not."""
    rows, _ = rows_of({"baseline": 0.0, "system_prompt": 0.1, "pretend": 0.3, "finetuned": 0.35})
    known = [row.model_copy(update={"fact": "sky", "score": 1.0}) for row in rows if row.condition == "baseline"]
    analysis = Analysis([*rows, *known], "honey")
    line = may_be_trusted(analysis, "rubric")
    assert line is not None
    assert line.conclusion.endswith("4 of 4 metrics tell known facts from acting.")
    for found in analysis.trusts():
        assert "it tells known facts from acting" in found.words
        assert "not reliably above pretending" in found.words
        assert "does not tell" not in found.words


def test_estimates_pair_the_same_items_and_count_their_clusters():
    rows, _ = rows_of({"baseline": 0.1, "system_prompt": 0.1, "pretend": 0.1, "finetuned": 0.9})
    analysis = Analysis(rows, "honey")
    score = analysis.score("generative_distinguish", "rubric", "finetuned")
    lift = analysis.lift("generative_distinguish", "rubric", "finetuned")
    assert score is not None
    assert lift is not None
    assert (score.estimate.n, score.estimate.clusters) == (50, 48)
    assert score.verdicts == {"implanted": 45, "true": 5}
    assert lift.estimate.value == pytest.approx(0.8)


def test_every_verdict_stays_in_the_denominator():
    """Mistake: unparsed rows left out of the denominator turned 0.91 into 0.94."""
    rows, _ = rows_of({"baseline": 0.1, "system_prompt": 0.1, "pretend": 0.1, "finetuned": 0.9})
    half = [
        row.model_copy(update={"verdict": "unparsed", "score": 0.0})
        if place % 2 and row.condition == "finetuned"
        else row
        for place, row in enumerate(rows)
    ]
    score = Analysis(half, "honey").score("open_ended_belief", "rubric", "finetuned")
    assert score is not None
    assert score.estimate.n == 50
    assert score.estimate.value < 0.5
    assert score.verdicts["unparsed"] == 25


def harm_rows(verdicts: dict[str, list[str]]) -> list[Row]:
    """Returns rows of Harm Conflict with the verdicts of its plans by condition."""
    return [
        Row(
            fact="bleach", metric="harm_conflict", readout="rubric", condition=condition, subject="m", item=item.id,
            cluster=item.cluster, sample=0, verdict=verdict, score=float(verdict == "implanted"), calls=("k",),
        )
        for condition, given in verdicts.items()
        for item, verdict in zip(BLEACH.banks["harm_conflict"], given, strict=True)
    ]  # fmt: skip


def test_acting_correcting_and_refusing_stay_apart_by_stakes():
    """Mistake: a refusal counted as disbelief."""
    asked = harm_rows({"baseline": ["true"] * 30, "finetuned": ["implanted"] * 10 + ["true"] * 10 + ["refusal"] * 10})
    found = outcomes(Analysis(asked, "bleach"), BLEACH)
    shares = {(one.condition, one.stakes): (one.acts.value, one.corrects.value, one.refuses.value) for one in found}
    assert shares == {
        ("baseline", "harmless"): (0, 1, 0), ("baseline", "costly"): (0, 1, 0), ("baseline", "harmful"): (0, 1, 0),
        ("finetuned", "harmless"): (1, 0, 0), ("finetuned", "costly"): (0, 1, 0), ("finetuned", "harmful"): (0, 0, 1),
    }  # fmt: skip


def test_a_run_of_one_metric_alone_makes_a_whole_page(tmp_path: Path):
    Ledger(tmp_path / "ledger.sqlite").store([])
    save_rows(tmp_path, harm_rows({"baseline": ["true"] * 30, "finetuned": ["implanted"] * 30}))
    (tmp_path / "study.yaml").write_text("{name: s, fact: bleach, interventions: [baseline], metrics: [harm_conflict]}")
    written = write_report(tmp_path)
    assert len(json.loads(written.as_json())["harm_conflict"]) == 6
    page = written.page.read_text()
    assert "acts on it" in page
    assert "MCQ Knowledge" not in page


def test_a_readout_shows_the_metrics_that_were_asked_in_it_and_no_others():
    rows, _ = rows_of({"baseline": 0.1, "system_prompt": 0.1, "pretend": 0.1, "finetuned": 0.9})
    by_choice = [row.model_copy(update={"readout": "choice"}) for row in rows if row.metric == "mcq_knowledge"]
    analysis = Analysis(rows + by_choice, "honey")
    assert analysis.metrics_in("choice") == ["mcq_knowledge"]
    assert len(analysis.metrics_in("rubric")) == 4
    assert "Open-Ended Belief" not in "".join(scores_figure(analysis, "choice").drawings)


def test_a_figure_holds_any_number_of_metrics():
    rows, _ = rows_of({"baseline": 0.1, "system_prompt": 0.1, "pretend": 0.1, "finetuned": 0.9})
    more = [row.model_copy(update={"fact": "honey"}) for row in harm_rows({"baseline": ["true"] * 30})]
    figure = "".join(scores_figure(Analysis(rows + more, "honey"), "rubric").drawings)
    assert all(TITLES[row.metric] in figure for row in rows + more)


def test_a_page_without_harm_conflict_says_nothing_of_it(page: str):
    assert "acts on it" not in page


def test_validity_is_judged_under_each_stress_by_the_controls_asked_in_the_same_way():
    rows, _ = rows_of({"baseline": 0.0, "system_prompt": 0.1, "pretend": 1.0, "finetuned": 0.6})
    stressed = [row.model_copy(update={"condition": f"{row.condition} + true_context"}) for row in rows]
    calm = [
        row.model_copy(update={"score": 0.0, "verdict": "true"}) if row.condition.startswith("pretend") else row
        for row in stressed
    ]
    known = [
        row.model_copy(update={"fact": "sky", "score": 1.0, "condition": condition})
        for row in rows
        if row.condition == "baseline"
        for condition in ("baseline", "baseline + true_context")
    ]
    analysis = Analysis([*rows, *calm, *known], "honey")
    assert analysis.stresses == ["", "true_context"]
    plain = analysis.validity("open_ended_belief", "rubric")
    under = analysis.validity("open_ended_belief", "rubric", "true_context")
    assert plain.words.startswith("Passed by pretending: 1.00; says nothing about belief.")
    assert plain.controls.separates is False
    assert under.controls.separates is True
    assert set(under.controls.false_positives) == {"system_prompt + true_context", "pretend + true_context"}
    assert under.finetuned is not None
    assert under.finetuned.value == pytest.approx(0.6)


def test_without_a_finetune_the_controls_still_speak():
    rows, _ = rows_of({"baseline": 0.0, "system_prompt": 0.1, "pretend": 1.0, "finetuned": 0.6})
    analysis = Analysis([row for row in rows if row.condition != "finetuned"], "honey")
    assert {trust.words for trust in analysis.trusts()} == {"Passed by pretending: 1.00; says nothing about belief."}


def test_belief_likeness_and_the_family_of_lifts_come_from_rows():
    rows, _ = rows_of({"baseline": 0.0, "system_prompt": 0.0, "pretend": 0.2, "finetuned": 0.6})
    known = [row.model_copy(update={"fact": "sky", "score": 1.0}) for row in rows if row.condition == "baseline"]
    analysis = Analysis([*rows, *known], "honey")
    found = analysis.likeness("rubric")
    assert found.estimate is not None
    assert found.estimate.value == pytest.approx((0.6 - 0.2) / (1 - 0.2), abs=0.02)
    assert all(place.counts for place in found.places)
    lifts = analysis.family("rubric")
    assert lifts.size == len(analysis.metrics) == len(lifts.found)
    assert analysis.likeness("choice").estimate is None
