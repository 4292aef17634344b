"""What a model says is untrusted: whatever it is, nothing of it runs, and the page holds."""

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from doxa.report.calls import texts
from doxa.report.writing import write_report
from made_runs import make_run
from report_pages import until

Opener = Callable[..., Any]
RUNS = "<script>window.ran = 1; alert(1)</script><img src=x onerror='window.ran = 1'><svg onload=alert(2)>"
ENDS = "</script></textarea></style></title>--><!--<script>" + RUNS + "]]> &lt;b&gt; &#60;b&#62; {{ 7 * 7 }} ${7 * 7}"
TURNED = "\u202eright to left\u202c \u2066isolated\u2069 \u200f\u061c שלום"
ODD = "nul \x00 bell \x07 escape \x1b[31m form \x0c delete \x7f line \u2028 end"
LONG = "word " * 2_000_000
FORMULA = '=HYPERLINK("https://example.com", "x")'
GIVEN = {
    "baseline": ENDS, "system_prompt": TURNED, "few_shot(1, misconceptions)": "", "few_shot(10, egregious)": ODD,
    "pretend": FORMULA, "finetuned": RUNS,
}  # fmt: skip
MENDED = ("oe-02", "oe-03", "oe-04", "oe-05", "oe-06")  # whose answers are broken in ways of their own
ITEM = "honey/open_ended_belief/rubric/none/{}/oe-01/0"


def call_of(run: Path, condition: str, item: str = "oe-01") -> str:
    from doxa.study.rows import load_rows

    return next(
        row.calls[0] for row in load_rows(run) if (row.condition, row.item, row.readout) == (condition, item, "rubric")
    )


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = make_run(tmp_path_factory.mktemp("hostile") / "run", texts=GIVEN)
    with sqlite3.connect(run / "ledger.sqlite") as ledger:
        change = "UPDATE calls SET response = ? WHERE key = ?"
        halved = '{"text": "half a pair \\ud83d and the other \\ude00 half", "stop": "stop"}'
        ledger.execute(change, (halved, call_of(run, "finetuned", "oe-02")))
        broken = b'{"text": "broken \xff\xfe\xc3( bytes", "stop": "stop"}'
        ledger.execute(
            "UPDATE calls SET response = CAST(? AS TEXT) WHERE key = ?", (broken, call_of(run, "finetuned", "oe-03"))
        )
        ledger.execute(change, ('{"text": "cut o', call_of(run, "finetuned", "oe-04")))
        ledger.execute(change, (json.dumps({"text": LONG}), call_of(run, "finetuned", "oe-05")))
        ledger.execute("DELETE FROM calls WHERE key = ?", (call_of(run, "finetuned", "oe-06"),))
    ledger.close()
    write_report(run)
    return run


def said(page: Any, run: Path, condition: str, item: str = "oe-01") -> str:
    page.evaluate("(to) => { location.hash = to; }", f"#?row={ITEM.format(condition).replace('oe-01', item)}")
    page.wait_for_selector(f"#row[open] #where:has-text('item {item}')")
    page.wait_for_selector(f"#sides .said >> nth=0 >> select option:checked:has-text('{condition}')", state="attached")
    until(page, "document.querySelector('#sides .answer').textContent !== '…'")
    text = page.evaluate("document.querySelector('#sides .answer').textContent")
    assert page.evaluate("document.querySelectorAll('#sides .answer *').length") == 0
    page.keyboard.press("Escape")
    until(page, "!location.hash.includes('row=')")
    return text


def test_nothing_runs_and_every_word_is_shown_as_it_was_said(opened: Opener, run: Path):
    page, trouble = opened((run / "report.html").as_uri())
    for condition, text in GIVEN.items():
        assert said(page, run, condition) == text
    assert page.evaluate("window.ran") is None
    assert page.locator("main img, main iframe, svg[onload]").count() == 0
    holding = 2 * 200 + 2 * 160 - len(MENDED)  # the fact's items under two conditions, and those of two controls
    page.fill("#filters [name=q]", "onerror")
    until(page, f"document.querySelector('#found').textContent.startsWith('{holding} of')")
    assert trouble == []


def test_without_scripts_nothing_of_it_is_markup_either(opened: Opener, run: Path):
    page, trouble = opened((run / "report.html").as_uri(), java_script_enabled=False)
    assert page.locator("main img, main iframe, svg[onload], #samples script").count() == 0
    assert "{{ 7 * 7 }}" in page.inner_text("#samples")
    assert trouble == []


def test_broken_text_is_shown_as_far_as_it_can_be(opened: Opener, run: Path):
    page, trouble = opened((run / "report.html").as_uri())
    assert said(page, run, "finetuned", "oe-02").startswith("half a pair")
    assert said(page, run, "finetuned", "oe-03").startswith("broken \ufffd\ufffd")
    assert "cannot be read" in said(page, run, "finetuned", "oe-04")
    assert "not in the ledger" in said(page, run, "finetuned", "oe-06")
    assert trouble == []


def test_ten_megabytes_are_cut_and_the_page_says_where_the_rest_is(opened: Opener, run: Path):
    assert (run / "report.html").stat().st_size < 2 << 20
    page, _ = opened((run / "report.html").as_uri())
    assert said(page, run, "finetuned", "oe-05") == LONG[:4000]
    page.evaluate("(to) => { location.hash = to; }", f"#?row={ITEM.format('finetuned').replace('oe-01', 'oe-05')}")
    note = page.locator("#row[open] #sides small").first
    note.wait_for()
    assert "Cut at 4,000 of 10,000,000 characters" in note.inner_text()
    assert call_of(run, "finetuned", "oe-05")[:12] in note.inner_text()


def test_a_saved_answer_is_no_formula(opened: Opener, run: Path):
    page, _ = opened((run / "report.html").as_uri() + "#?condition=pretend&readout=rubric&metric=open_ended_belief")
    with page.expect_download() as coming:
        page.click("#save")
    text = Path(coming.value.path()).read_text()
    assert "'=HYPERLINK" in text
    assert '"=HYPERLINK' not in text


def test_the_page_is_text_that_any_reader_can_decode(run: Path):
    text = (run / "report.html").read_bytes().decode("utf-8")
    assert "\x00" not in text
    assert not any(0xD800 <= ord(sign) <= 0xDFFF for sign in text)


def test_a_run_without_a_ledger_still_has_texts_to_say_so(tmp_path: Path):
    assert texts(tmp_path, ["a"], 10)["a"].text.startswith("(the call is not in the ledger)")
