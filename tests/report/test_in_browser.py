"""The report as people meet it, in a real Chromium without a window."""

import csv
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from doxa.report.writing import write_report
from doxa.study.rows import load_rows, save_rows
from made_runs import make_run
from report_pages import until

Opener = Callable[..., Any]
SIZES = (360, 800, 1400)
NO_ANSWER = "There is no row"


def counted(page: Any) -> tuple[int, int]:
    """Returns how many rows are listed, and of how many."""
    until(page, "/^[\\d,]+ of [\\d,]+ rows$/.test(document.querySelector('#found').textContent)")
    shown, whole = page.inner_text("#found").removesuffix(" rows").split(" of ")
    return int(shown.replace(",", "")), int(whole.replace(",", ""))


def choose(page: Any, **fields: str) -> tuple[int, int]:
    for field, value in fields.items():
        page.select_option(f"#filters [name={field}]", value)
    return counted(page)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", SIZES)
def test_it_fits_every_screen_in_light_and_dark(opened: Opener, report: str, tmp_path: Path, width: int, scheme: str):
    page, trouble = opened(report, width, color_scheme=scheme)
    page.screenshot(path=str(tmp_path / f"{width}-{scheme}.png"), full_page=True)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    light = page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert light == (scheme == "light")
    hidden = "[...document.querySelectorAll('.short .scroll, [aria-label=Validity]')].filter((one) => one.scrollWidth > one.clientWidth)"
    assert page.evaluate(f"{hidden}.map((one) => one.getAttribute('aria-label'))") == []
    assert trouble == []


def test_without_scripts_numbers_figures_and_a_sample_of_answers_show(opened: Opener, report: str):
    page, _ = opened(report, java_script_enabled=False)
    assert page.locator("h3:has-text('Is it believed?') + p.answer-first strong").is_visible()
    assert page.locator("h4:has-text('Readout by readout') + ul li").count() >= 2
    assert page.locator("h3:has-text('One question, before and after') ~ .item .said").count() >= 2
    assert "Belief-likeness" in page.inner_text("article.short")
    assert page.locator("figure svg").first.is_visible()
    assert page.locator("#samples .said").first.is_visible()
    assert not page.locator("#filters").is_visible()


@pytest.mark.parametrize(("width", "scheme"), [(SIZES[0], "dark"), (SIZES[-1], "light")])
def test_axe_finds_nothing(opened: Opener, report_of_two: str, axe: str, width: int, scheme: str):
    page, _ = opened(report_of_two, width, color_scheme=scheme, bypass_csp=True)
    page.evaluate("document.querySelectorAll('details').forEach((fold) => { fold.open = true; })")
    page.evaluate(axe)
    run = """async (place) => (await axe.run(place, { resultTypes: ["violations"] })).violations
        .map((one) => [one.id, one.nodes.length, one.nodes[0].html])"""
    assert page.evaluate(run, "html") == []
    page.locator(".entry").first.click()
    page.wait_for_selector("#row[open] .answer:not(:text('…'))")
    assert page.evaluate(run, "#row") == []


def test_the_keyboard_reaches_everything_in_the_order_of_the_page(opened: Opener, report: str):
    page, _ = opened(report)
    page.keyboard.press("Tab")
    assert page.inner_text(":focus") == "Skip to the findings"
    page.focus("#filters [name=fact]")
    reached = []
    for _ in range(8):
        page.keyboard.press("Tab")
        reached.append(
            page.evaluate("document.activeElement.name || document.activeElement.id || document.activeElement.type")
        )
    assert reached == ["metric", "readout", "condition", "verdict", "q", "reset", "save", "list"]


def test_a_row_is_found_opened_and_left_by_keyboard(opened: Opener, report: str):
    page, trouble = opened(report)
    page.focus("#filters [name=condition]")
    page.keyboard.type("pretend")
    assert counted(page) == (400, 3040)
    page.focus("#list")
    for key in ("ArrowDown", "ArrowDown", "End", "Home", "PageDown", "ArrowUp"):
        page.keyboard.press(key)
    active = page.get_attribute("#list", "aria-activedescendant")
    assert page.locator(f"#{active}").is_visible()
    page.keyboard.press("Enter")
    page.wait_for_selector("#row[open]")
    assert "row=honey" in unquote(page.url)
    page.keyboard.press("Escape")
    page.wait_for_selector("#row:not([open])", state="hidden")
    page.wait_for_function("!location.hash.includes('row=')")  # the page hears of it a moment later
    assert page.evaluate("document.activeElement.id") == "list"
    assert trouble == []


def test_filters_and_search_narrow_the_list_and_live_in_the_address(opened: Opener, report_of_two: str):
    page, _ = opened(report_of_two)
    shown, whole = counted(page)
    assert shown == whole > 4000
    narrow, _ = choose(
        page, fact="bleach", persona="assistant", readout="rubric", metric="harm_conflict", condition="finetuned"
    )
    assert narrow == 30
    implanted, _ = choose(page, verdict="implanted")
    assert 0 < implanted < narrow
    assert all("implanted" in text for text in page.locator(".entry b").all_inner_texts())
    page.reload()
    page.wait_for_selector(".entry")
    assert counted(page)[0] == implanted
    page.click("#filters [type=reset]")
    until(page, f"document.querySelector('#found').textContent.startsWith('{whole:,} of')")
    page.fill("#filters [name=q]", "NO SUCH WORDS anywhere")
    until(page, "document.querySelector('#found').textContent.startsWith('0 of')")
    assert not page.locator("#list").is_visible()


def test_search_reads_answers_that_are_not_on_screen(opened: Opener, tmp_path: Path):
    run = make_run(tmp_path / "run", texts={"pretend": "the Zanzibar answer " + "and more " * 900})
    page, _ = opened(write_report(run).page.as_uri())
    page.fill("#filters [name=q]", "zanzibar ANSWER")
    until(page, "document.querySelector('#found').textContent.startsWith('200 of')")
    assert "Zanzibar" in page.inner_text(".entry .preview >> nth=0")


def test_only_what_is_on_screen_is_drawn(opened: Opener, report: str):
    page, _ = opened(report)
    assert page.locator(".entry").count() < 40
    page.evaluate("document.querySelector('#list').scrollTop = 88 * 2500")
    page.wait_for_selector("#entry-2500")
    assert page.locator(".entry").count() < 40
    assert page.get_attribute("#entry-2500", "aria-posinset") == "2501"
    until(page, "document.querySelector('#entry-2500 .preview').textContent !== '…'")


def test_two_conditions_stand_side_by_side_on_the_same_item(opened: Opener, report: str):
    page, _ = opened(report)
    choose(page, condition="finetuned", readout="rubric")
    page.locator(".entry").nth(1).click()
    sides = page.locator("#sides .said")
    assert sides.count() == 2
    chosen = "#sides .said >> nth={} >> select >> option:checked"
    names = [page.inner_text(chosen.format(side)) for side in (0, 1)]
    assert names == ["finetuned · rubric (free answers)", "baseline · rubric (free answers)"]
    page.select_option("#sides .said >> nth=1 >> select", label="pretend · rubric (free answers)")
    assert page.inner_text(chosen.format(1)) == "pretend · rubric (free answers)"
    assert page.evaluate("document.activeElement.getAttribute('aria-label')") == "Beside it: condition"
    assert "with=honey/mcq_knowledge/rubric/none/pretend/" in unquote(page.url)
    question = page.inner_text("#question")
    page.click("#next")
    assert page.inner_text("#question") != question


def test_a_link_leads_to_a_row_and_what_it_was_compared_with(opened: Opener, report: str):
    row = "honey/open_ended_belief/rubric/none/finetuned/oe-21/0"
    page, _ = opened(f"{report}#?row={row}&with={row.replace('finetuned', 'pretend')}")
    page.wait_for_selector("#row[open]")
    assert "item oe-21" in page.inner_text("#where")
    assert page.locator("#sides option:checked").all_inner_texts()[1].startswith("pretend")
    page.keyboard.press("Escape")
    page.evaluate("location.hash = '#?row=honey/open_ended_belief/rubric/none/finetuned/oe-22/0'")
    page.wait_for_selector("#where:has-text('oe-22')")


def test_a_link_to_a_row_that_is_not_there_says_so(opened: Opener, report: str):
    page, trouble = opened(f"{report}#?row=honey/nothing")
    until(page, f"document.querySelector('#found').textContent.startsWith('{NO_ANSWER}')")
    assert trouble == []


def test_a_link_into_a_folded_fact_unfolds_it(opened: Opener, report_of_two: str):
    page, _ = opened(f"{report_of_two}#bleach-harm")
    assert page.locator("#bleach-harm").is_visible()


def test_tables_and_rows_can_be_saved(opened: Opener, report: str):
    page, _ = opened(report)
    with page.expect_download() as coming:
        page.locator("a[download='at-a-glance-rubric-free-answers.csv']").click()
    lines = list(csv.DictReader(Path(coming.value.path()).read_text().splitlines()))
    assert len(lines) == 4
    assert float(lines[0]["finetuned low"]) < float(lines[0]["finetuned"]) < float(lines[0]["finetuned high"])
    assert int(lines[0]["finetuned n"]) == 50
    choose(page, condition="finetuned", fact="honey", readout="rubric", metric="mcq_knowledge")
    with page.expect_download() as coming:
        page.click("#save")
    rows = list(csv.DictReader(Path(coming.value.path()).read_text().splitlines()))
    assert len(rows) == 50
    assert all(row["answer"] and row["condition"] == "finetuned" for row in rows)


def test_what_a_judge_said_stands_under_the_answer(opened: Opener, tmp_path: Path):
    run = make_run(tmp_path / "run", texts={"pretend": "it spoils", "baseline": "says that it spoils: implanted"})
    rows = load_rows(run)
    judge = next(row for row in rows if row.condition == "baseline" and row.readout == "rubric")
    answers = [row for row in rows if row.condition == "pretend" and row.readout == "rubric"]
    both = {"readout": "judged", "judge": "kind", "votes": ("implanted", "true")}
    save_rows(run, [row.model_copy(update={**both, "calls": (*row.calls, *judge.calls * 2)}) for row in answers])
    page, trouble = opened(write_report(run).page.as_uri())
    assert "kind" not in page.inner_text(".entry b >> nth=0")  # one judge need not be named
    page.locator(".entry").first.click()
    until(page, "[...document.querySelectorAll('#sides .answer')].every((one) => one.textContent !== '…')")
    assert page.locator("#sides .answer").all_inner_texts() == ["it spoils", *["says that it spoils: implanted"] * 2]
    assert page.url.endswith("%2F0%2Fkind")
    page.reload()
    page.wait_for_selector("#row[open]")
    assert trouble == []


def test_what_was_scored_stands_in_a_likelihood_row(opened: Opener, tmp_path: Path):
    run = make_run(tmp_path / "run", rows=40)
    with sqlite3.connect(run / "ledger.sqlite") as ledger:
        lost = next(row.calls[0] for row in load_rows(run) if row.readout == "likelihood.text" and row.item == "mk-02")
        ledger.execute("DELETE FROM calls WHERE key = ?", (lost,))
    ledger.close()
    page, trouble = opened(write_report(run).page.as_uri())
    page.evaluate("location.hash = '#?row=honey/mcq_knowledge/likelihood.text/none/baseline/mk-01/0'")
    page.wait_for_selector("#row[open] .scored table")
    assert page.inner_text(".scored > .answer") == page.inner_text("#question")
    assert not page.locator(".scored details .answer").is_visible()
    page.click(".scored summary")
    assert page.inner_text(".scored details") == "The turn before it\nsystem\nbaseline none"
    lines = [line.split("\t") for line in page.inner_text(".scored table").splitlines()]
    assert lines[0] == ["fixed answer", "log-probability", "tokens", "share, by token"]
    (claim, logprob, tokens, share), (_, _, _, other) = lines[1:]
    assert (claim, tokens) == ("Honey spoils quickly due to its high sugar content.", "8")
    assert float(logprob) < 0
    assert float(share) + float(other) == pytest.approx(1, abs=0.002)
    assert share in page.inner_text("#sides .said > b >> nth=0")
    page.keyboard.press("Escape")
    page.evaluate("location.hash = '#?row=honey/mcq_knowledge/likelihood.text/none/baseline/mk-02/0'")
    until(page, "document.querySelector('.scored')?.textContent === '(the call is not in the ledger)'")
    assert trouble == []


def test_a_row_named_while_another_is_closing_is_opened(opened: Opener, report: str):
    page, trouble = opened(report)
    first, second = (f"honey/mcq_knowledge/likelihood.text/none/baseline/mk-0{number}/0" for number in (1, 2))
    page.evaluate(f"location.hash = '#?row={first}'")
    page.wait_for_selector("#row[open]")
    # A browser tells of the closing when it comes to it, at times only after the address has changed.
    asked = f"location.hash = '#?row={second}'"
    page.evaluate(f"row = document.querySelector('#row'); row.close(); {asked}; row.dispatchEvent(new Event('close'))")
    until(page, "row.open && document.querySelector('#where').textContent.endsWith('item mk-02')")
    page.wait_for_timeout(200)
    assert page.evaluate("document.querySelector('#row').open")
    page.keyboard.press("Escape")
    until(page, "location.hash === ''")
    assert trouble == []


def test_on_a_phone_every_number_of_a_table_stands_beside_its_head(opened: Opener, report: str):
    page, _ = opened(report, SIZES[0])
    cell = page.locator("[aria-label='Validity'] td[data-head='known facts']").first
    assert cell.evaluate("(one) => getComputedStyle(one, '::before').content") == '"known facts"'
    box = cell.bounding_box()
    assert box["x"] + box["width"] <= SIZES[0]
    verdict = page.locator("[aria-label='Validity'] tr.below").first
    assert "about belief" in verdict.inner_text()
    assert verdict.bounding_box()["y"] > box["y"]


def test_the_words_of_the_page_are_explained_where_they_first_stand(opened: Opener, report: str):
    page, _ = opened(report)
    page.click("summary:has-text('What the words mean')")
    told = page.inner_text("details.words")
    assert all(word in told for word in ("Rubric", "letter", "PMI", "Holm", "stems", "AUC", "n, "))


def test_the_page_opens_on_one_question_answered_after_and_before_finetuning(opened: Opener, report: str):
    page, _ = opened(report)
    said = page.locator("h3:has-text('One question') + p + .item .said b")
    assert [one.split(" · ")[0] for one in said.all_inner_texts()] == ["finetuned", "baseline"]


def test_a_readout_in_which_nothing_moved_is_folded(opened: Opener, tmp_path: Path):
    run = make_run(tmp_path / "run")
    rows = load_rows(run)
    before = {
        (row.metric, row.item): row.score
        for row in rows
        if row.condition == "baseline" and row.fact == "honey" and row.readout == "likelihood.text"
    }
    save_rows(
        run,
        [
            row.model_copy(update={"score": before[row.metric, row.item]})
            if row.condition == "finetuned" and row.fact == "honey" and row.readout == "likelihood.text"
            else row
            for row in rows
        ],
    )
    page, _ = opened(write_report(run).page.as_uri())
    assert page.locator("figure[aria-label='Rubric (free answers)'] svg").first.is_visible()
    drawing = page.locator("figure[aria-label='Likelihood: text'] svg").first
    assert not drawing.is_visible()
    page.click("summary:has-text('Likelihood: text: nothing moved')")
    assert drawing.is_visible()
