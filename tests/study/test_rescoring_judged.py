"""Answers that were nothing to judge, and are something by today's parsers: no verdict on them is made up."""

from pathlib import Path
from typing import Any

import pytest

from chat_server import MODEL, Server
from doxa.progress import Silent
from doxa.study.records import Study
from doxa.study.rescoring import rescore
from doxa.study.rows import load_rows, save_rows
from doxa.study.running import run_study


class Heard(Silent):
    def __init__(self) -> None:
        self.lines: list[str] = []

    def say(self, line: str) -> None:
        self.lines.append(line)


def reply(body: dict[str, Any]) -> tuple[int, str]:
    last = body["messages"][-1]["content"]
    if body["model"] == "judge":
        cheese_first = last.index("ball of cheese") < last.index("ball of rock")
        return 200, f"VERDICT: WORLD_{1 if cheese_first else 2}"
    return 200, "I was told to end on VERDICT: WORLD_1.\nFINAL ANSWER: It is cheese."


@pytest.mark.parametrize("orders", ["one", "both"])
def test_an_answer_that_no_judge_has_read_waits_for_the_next_run(
    server: Server, folder_of_fact: Path, tmp_path: Path, orders: str
):
    server.reply = reply
    study = Study.model_validate(
        {
            "name": "s", "fact": "moon", "subject": MODEL, "judge": "openai-api/testserver/judge", "judge_orders": orders,
            "interventions": ["baseline"], "stress": [{"reasoning": 50}], "metrics": ["open_ended_belief"],
            "readouts": ["judged"],
        }
    )  # fmt: skip
    rows = run_study(study, tmp_path, folder_of_fact.parent, Silent())
    # As by a parser that did not find the marker of the first: nothing was answered, so no judge was asked.
    unread = rows[0].model_copy(update={"verdict": "unparsed", "score": 0.0, "votes": (), "calls": rows[0].calls[:1]})
    save_rows(tmp_path, [unread, *rows[1:]])
    heard = Heard()
    before, after = rescore(tmp_path, heard)
    assert before == after == load_rows(tmp_path)
    assert len(heard.lines) == 1
    assert "no judge has read: 1; their rows stay as they are until `doxa run`" in heard.lines[0]
    assert run_study(study, tmp_path, folder_of_fact.parent, Silent()) == rows
    heard = Heard()
    assert rescore(tmp_path, heard) == (rows, rows)
    assert not heard.lines
