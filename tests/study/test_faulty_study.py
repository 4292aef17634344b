"""A study of 12 conditions x 5 metrics under faults, and one whose judge goes down: nothing lost, doubled or made up."""

import sqlite3
from collections import Counter
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from chat_server import MODEL, Server
from doxa.conditions.conversation import messages
from doxa.facts.loading import BANKS, HARM_CONFLICT, load_fact
from doxa.metrics.records import FAILED, Row, Verdict
from doxa.models.hosted import RETRIES, HostedModel
from doxa.models.protocol import Answer, GenerateRequest, Message
from doxa.progress import Silent
from doxa.report.caveats import caveats
from doxa.report.writing import write_report
from doxa.study.planning import Cell, plan_cells
from doxa.study.records import Study
from doxa.study.running import LEDGER, run_study
from scripted_subject import item_in, items_of, sides

BLEACH = load_fact("bleach")
JUDGE, ADVERSARY = (f"openai-api/testserver/{name}" for name in ("judge", "adversary"))
STUDY = {
    "name": "faulty", "fact": "bleach", "subject": MODEL, "judge": JUDGE, "adversary": ADVERSARY,
    "interventions": [
        {"baseline": {"stress": ["none", "true_context", {"reasoning": 100}]}},
        {"system_prompt": {"stress": ["none", {"fiction_tag": "given"}]}},
        {"few_shot": {"k": 1, "exemplars": "misconceptions"}},
        {"few_shot": {"k": 10, "exemplars": "misconceptions"}},
        {"few_shot": {"k": 10, "exemplars": "egregious"}},
        {"pretend": {"stress": ["none", "true_context", "scrutinise", {"adversarial": 1}]}},
    ],
    "metrics": [*BANKS, HARM_CONFLICT], "readouts": ["rubric", "judged"],
}  # fmt: skip
ITEMS = items_of(BLEACH)
EMPTY_WORDS: dict[str, tuple[Verdict, Verdict]] = {  # what says nothing of either world: as the rubric and as the judge read it
    "I'm sorry, but I can't help with that.": ("refusal", "refusal"),
    "Runners like the morning.": ("ambiguous", "ambiguous"),
    ("and so on " * 20).strip(): ("incoherent", "incoherent"),
    "The weather is fine.": ("ambiguous", "unparsed"),  # the judge finds no verdict to give
}  # fmt: skip


class Said(NamedTuple):
    """What the subject says to a question, and how it has to be read."""

    text: str
    rubric: Verdict
    judged: Verdict


def said(turns: list[str]) -> Said:
    """Returns the answer to a conversation: always the same, and as good as drawn by lot."""
    claim, rival = sides(item_in(turns[-1], ITEMS))
    answers = [Said(claim, "implanted", "implanted"), Said(rival, "true", "true")] * 2
    answers += [Said(text, *verdicts) for text, verdicts in EMPTY_WORDS.items()]
    return answers[sha256(" ".join(" ".join(turns).split()).encode()).digest()[0] % len(answers)]


def reply(body: dict[str, Any]) -> tuple[int, str]:
    turns = [turn["content"] for turn in body["messages"]]
    if body["model"] == "adversary":
        return 200, "Chlorine eats tissue."
    if body["model"] == "judge":
        return judge(turns[-1])
    text = said(turns).text
    return 200, f"Let me see.\nFINAL ANSWER: {text}" if "FINAL ANSWER:" in turns[-1] else text


def judge(prompt: str) -> tuple[int, str]:
    item = item_in(prompt[prompt.index("<question>") :], ITEMS)
    readings = dict(zip(sides(item), ("implanted", "true"), strict=True))
    readings |= {text: judged for text, (_, judged) in EMPTY_WORDS.items()}
    verdict = next(verdict for text, verdict in readings.items() if f"\n{text}\n</answer-" in prompt)
    claim_first = prompt.index(BLEACH.claim_context) < prompt.index(BLEACH.rival_context)
    if verdict in ("implanted", "true"):
        verdict = f"WORLD_{1 if (verdict == 'implanted') == claim_first else 2}"
    return 200, "I would rather not say." if verdict == "unparsed" else f"Hm.\nVERDICT: {verdict.upper()}"


def impatient(name: str, *calling: Any, **options: Any) -> HostedModel:
    """Opens a hosted model that waits two seconds for an answer, however long it was told to."""
    return HostedModel(name, *calling[:2], **{**options, "timeout": 2})


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("doxa.models.pacing.FIRST_WAIT", 0.02)
    monkeypatch.setattr("doxa.models.opening.HostedModel", impatient)


def run(folder: Path, **changes: object) -> tuple[list[Cell], list[Row]]:
    study = Study.model_validate({**STUDY, **changes})
    return plan_cells(study, [BLEACH], []), run_study(study, folder, folder.parent, Silent())


def asked(server: Server) -> Counter[str]:
    return Counter(str(body["model"]) for body in server.seen)


def open_(row: Row) -> bool:
    """Whether the next run can fill a row; a judge that names no verdict would say the same again."""
    return row.verdict in FAILED and row.votes != ("unparsed",)


def none_lost_doubled_or_made_up(cells: list[Cell], rows: list[Row], folder: Path) -> None:
    """Holds every row to its cell, to what the ledger says was asked, and to how that answer has to be read."""
    assert [(row.metric, row.readout, row.condition, row.item, row.sample) for row in rows] == [
        (cell.metric, cell.family, cell.condition.name, cell.item.id, cell.sample) for cell in cells
    ]
    with closing(sqlite3.connect(folder / LEDGER)) as ledger:
        stored = {key: texts for key, *texts in ledger.execute("SELECT key, request, response FROM calls")}
    for cell, row in zip(cells, rows, strict=True):
        if row.verdict == "call_error":
            assert row.score is None
            continue
        request, response = stored[row.calls[0]]
        turns = GenerateRequest.model_validate_json(request).messages
        opening = messages(cell.condition, BLEACH, cell.item.question)
        if cell.condition.stress.kind == "adversarial":
            argued = Message(role="user", content=turns[-1].content)
            assert turns == (*opening, turns[-2], argued)
            assert argued.content.startswith("Chlorine eats tissue.")
        else:
            assert turns == opening
        found = said([turn.content for turn in turns])
        assert Answer.model_validate_json(response).text.removeprefix("Let me see.\nFINAL ANSWER: ") == found.text
        if row.verdict == "judge_error":
            assert (row.readout, row.score) == ("judged", None)
            assert row.votes == ("unparsed" if found.judged == "unparsed" and not open_(row) else "judge_error",)
        else:
            verdict = found.rubric if row.readout == "rubric" else found.judged
            assert (row.verdict, row.score) == (verdict, float(verdict == "implanted"))


@pytest.mark.parametrize("items", [8, pytest.param(50, marks=pytest.mark.slow)])
def test_faults_cost_no_row_and_make_up_no_verdict(server: Server, tmp_path: Path, items: int):
    server.reply, server.fault_rate, server.retry_after = reply, 0.2, 0.02
    limits = {"limits": {"rubric": items, "judged": items}}
    folder = tmp_path / "run"
    cells, rows = run(folder, **limits)
    banks = sum(min(items, len(BLEACH.banks[metric])) for metric in (*BANKS, HARM_CONFLICT))
    assert len({row.condition for row in rows}) == 12
    assert len(rows) == 2 * 12 * banks
    none_lost_doubled_or_made_up(cells, rows, folder)
    for _ in range(3):  # one call in 15,000 fails six times in a row
        if not any(map(open_, rows)):
            break
        before = rows
        _, rows = run(folder, **limits)
        assert all(one == other for one, other in zip(before, rows, strict=True) if not open_(one))
    assert not any(map(open_, rows))
    none_lost_doubled_or_made_up(cells, rows, folder)
    assert {row.verdict for row in rows if row.readout == "judged"} == {
        "implanted", "true", "ambiguous", "refusal", "incoherent", "judge_error"
    }  # fmt: skip
    calls = len(server.seen)
    assert run(folder, **limits)[1] == rows
    assert len(server.seen) == calls


SMALL = {"interventions": ["baseline", "pretend"], "readouts": ["judged"], "limits": {"judged": 6}}


def test_a_judge_that_goes_down_in_the_middle_leaves_rows_that_the_next_run_fills(server: Server, tmp_path: Path):
    answered = 15
    turned_away: Counter[str] = Counter()

    def goes_down(body: dict[str, Any]) -> tuple[int, str]:
        if body["model"] == "judge" and asked(server)["judge"] > answered:
            turned_away[body["messages"][-1]["content"]] += 1
            return 500, "down for repair"
        return reply(body)

    server.reply = goes_down
    folder = tmp_path / "run"
    cells, before = run(folder, **SMALL)
    none_lost_doubled_or_made_up(cells, before, folder)
    waiting = [row for row in before if open_(row)]
    assert 0 < len(waiting) < len(before)
    assert set(turned_away.values()) == {RETRIES + 1}, "it is waited for, and not for ever"
    told = " ".join(line.conclusion for line in caveats(write_report(folder).findings[0].about))
    assert f"Calls failed: {len(waiting)} of {len(before)} rows" in told

    server.reply = reply
    first = asked(server)
    _, after = run(folder, **SMALL)
    none_lost_doubled_or_made_up(cells, after, folder)
    assert not any(map(open_, after))
    assert [row for row in after if row.calls not in {one.calls for one in waiting}] == [
        row for row in before if not open_(row)
    ]
    more = asked(server) - first
    assert set(more) == {"judge"}, "the subject has said what it had to say"
    assert more["judge"] == len(turned_away)


def test_a_judge_that_is_back_in_time_leaves_nothing_open(server: Server, tmp_path: Path):
    turned_away: Counter[str] = Counter()

    def comes_back(body: dict[str, Any]) -> tuple[int, str]:
        text = body["messages"][-1]["content"]
        if body["model"] == "judge" and turned_away[text] < RETRIES:
            turned_away[text] += 1
            return 500, "starting"
        return reply(body)

    server.reply = comes_back
    cells, rows = run(tmp_path / "run", **SMALL)
    none_lost_doubled_or_made_up(cells, rows, tmp_path / "run")
    assert not any(map(open_, rows))
    assert set(turned_away.values()) == {RETRIES}
