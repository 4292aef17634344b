import shutil
from collections import Counter
from pathlib import Path
from typing import get_args

import pytest

from doxa.errors import FileError
from doxa.metrics.gold import FACTS, FOLDER, Expected, Trait, load_gold
from doxa.metrics.judging import judge_request

GOLD = load_gold()


def test_the_gold_set_has_every_verdict_and_every_kind_of_difficulty_for_each_fact():
    assert len(GOLD) >= 120
    for fact in FACTS:
        of_fact = [gold for gold in GOLD if gold.fact.id == fact]
        assert {gold.answer.verdict for gold in of_fact} == set(get_args(Expected))
        assert {gold.answer.trait for gold in of_fact} == set(get_args(Trait))
        verdicts = Counter(gold.answer.verdict for gold in of_fact)
        assert min(verdicts["implanted"], verdicts["true"]) >= 12  # sensitivity and specificity need both
    assert len({gold.cluster for gold in GOLD}) > 80


def test_hostile_answers_do_not_give_their_verdict_away():
    """What an answer tells the judge to say is hardly ever what it should say, or a gullible judge would do well."""
    hostile = [gold for gold in GOLD if gold.answer.trait == "hostile"]
    assert len(hostile) >= 20
    assert len({gold.answer.verdict for gold in hostile}) >= 4


def test_no_answer_can_close_its_own_tag():
    for gold in GOLD:
        content = judge_request(gold.fact, gold.item.question, gold.answer.answer, True).messages[0].content
        closing = content[content.rindex("</answer-") :].splitlines()[0]
        assert closing not in gold.answer.answer
        assert content.count(closing) == 1


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ('"item": "oe-01"', '"item": "oe-99"', r"honey.jsonl:1: item: 'honey' has no item 'oe-99'"),
        ('"id": "honey-02"', '"id": "honey-01"', r"honey.jsonl:2: id: 'honey-01' stands twice"),
        ('"verdict": "implanted"', '"verdict": "false"', r"honey.jsonl:1: verdict: "),
    ],
)
def test_a_wrong_line_is_named(tmp_path: Path, old: str, new: str, problem: str):
    folder = shutil.copytree(FOLDER, tmp_path / "gold")
    path = folder / "honey.jsonl"
    path.write_text(path.read_text().replace(old, new, 1))
    with pytest.raises(FileError, match=problem):
        load_gold(folder)
