"""`doxa judges check`: how well judges read answers."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import click

from doxa.cli.prices import ModelPriceType, finite

if TYPE_CHECKING:
    from rich.console import Console

    from doxa.metrics.entailment_quality import SetQuality
    from doxa.metrics.gold import Trait
    from doxa.metrics.quality import Quality
    from doxa.models.costs import Price, Spending, StageEstimate
    from doxa.models.ledger import Recorded, Usage
    from doxa.progress import Progress
    from doxa.stats.estimates import Estimate

Check = TypeVar("Check")


@click.group("judges")
def command() -> None:
    """Check how well judges read answers, on a gold set."""


@command.command("check")
@click.option("--judge", "judges", metavar="MODEL", multiple=True, required=True,
              help="Who judges: any model name that `doxa run` knows; can be repeated.")  # fmt: skip
@click.option("--samples", type=click.IntRange(min=0), default=3, show_default=True,
              help="Further judgements of each answer, at a temperature, for self-consistency.")  # fmt: skip
@click.option("--entailment", is_flag=True,
              help="Instead of the gold set: does a text entail a statement? Pairs of RTE and CB.")  # fmt: skip
@click.option(
    "--pairs", type=click.IntRange(min=1), help="Pairs of each set, at most, with --entailment.  [default: all]"
)
@click.option("--dry-run", is_flag=True, help="Estimate calls, tokens and cost; ask nothing.")
@click.option("--price", "prices", type=ModelPriceType(), multiple=True,
              help="Dollars a million tokens of a judge; once a hosted judge.")  # fmt: skip
@click.option("--budget", type=click.FloatRange(min=0, min_open=True), callback=finite, metavar="USD",
              help="Never spend more than this on all checks here; needs every --price.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print the numbers and the bill as JSON.")
def check(
    judges: tuple[str, ...], samples: int, entailment: bool, pairs: int | None, dry_run: bool,
    prices: "tuple[tuple[str, Price], ...]", budget: float | None, as_json: bool,
) -> None:  # fmt: skip
    """Have judges read a gold set of labelled answers, in both orders of the worlds.

    What they said is kept in the folder `judges`, where `doxa report` finds it and corrects rates for a judge's
    errors. No call is made twice; calls that failed are made again by the same command.

    With --entailment they read pairs of a text and a statement instead, from two public sets that people labelled.
    Nothing is corrected by that: it says whether a judge can read at all. The pairs come with an optional wheel.
    """
    from click.core import ParameterSource

    from doxa.cli.spending import refuse_unpriced, show_estimate
    from doxa.errors import InputError
    from doxa.models.costs import Spending
    from doxa.models.opening import identity_of

    if len(set(judges)) < len(judges):
        raise InputError("--judge: a model is named twice")
    if pairs is not None and not entailment:
        raise InputError("--pairs: the gold set is read whole; give --entailment, or leave it out")
    if entailment and click.get_current_context().get_parameter_source("samples") is not ParameterSource.DEFAULT:
        raise InputError("--samples: a pair is read once; leave it out with --entailment")
    stages = _estimate(judges, samples, entailment, pairs)
    if dry_run:
        show_estimate(stages, dict(prices), batch=False, as_json=as_json)
        return
    spending = Spending({identity_of(name): price for name, price in prices}, budget)
    refuse_unpriced(stages, spending)
    if entailment:
        _check_entailment(judges, pairs, spending, as_json)
    else:
        _check_gold(judges, samples, spending, as_json)


def _estimate(judges: Sequence[str], samples: int, entailment: bool, pairs: int | None) -> "list[StageEstimate]":
    """Estimates what each judge is asked, as if nothing of it had been answered."""
    from doxa.corpus.estimating import VERDICT
    from doxa.metrics.checking import ORDERS
    from doxa.metrics.entailment import entailment_request, load_pairs
    from doxa.metrics.gold import load_gold
    from doxa.metrics.judging import judge_request
    from doxa.models.costs import CHARACTERS_A_TOKEN, StageEstimate

    if entailment:
        stage, times, requests = "entailment", 1, [entailment_request(pair) for pair in load_pairs(pairs)]
    else:
        stage, times = "gold set", len(ORDERS) + samples
        requests = [judge_request(one.fact, one.item.question, one.answer.answer, True) for one in load_gold()]
    characters = sum(len(message.content) for request in requests for message in request.messages)
    calls, tokens_in = times * len(requests), round(times * characters / CHARACTERS_A_TOKEN)
    return [
        StageEstimate(stage=stage, model=name, calls=calls, tokens_in=tokens_in, tokens_out=calls * VERDICT)
        for name in judges
    ]


def _check_gold(judges: Sequence[str], samples: int, spending: "Spending", as_json: bool) -> None:
    import json
    from itertools import combinations

    from doxa.cli.spending import bill
    from doxa.metrics.checking import CHECKS, JudgeCheck, check_judge, save_check
    from doxa.metrics.gold import load_gold
    from doxa.metrics.quality import agreement, quality

    gold, progress = load_gold(), _progress(as_json)

    def read(name: str, judge: "Recorded") -> JudgeCheck:
        checked = check_judge(name, judge, gold, samples, progress)
        save_check(CHECKS, checked)
        return checked

    checks, usage = _each(judges, read, spending, as_json)
    found = {one.judge: quality(one) for one in checks}
    pairs = [(one.judge, other.judge, agreement(one, other)) for one, other in combinations(checks, 2)]
    if as_json:
        shown = [{"judge": name, **one.model_dump()} for name, one in found.items()]
        between = [{"judges": [one, other], "kappa": kappa and kappa.model_dump()} for one, other, kappa in pairs]
        billed = bill(usage, spending.prices)
        click.echo(json.dumps({"judges": shown, "agreement": between, "usage": billed}, indent=2))
    else:
        _show(found, pairs)


def _check_entailment(judges: Sequence[str], most: int | None, spending: "Spending", as_json: bool) -> None:
    import json

    from doxa.cli.spending import bill
    from doxa.metrics.checking import CHECKS
    from doxa.metrics.entailment import EntailmentCheck, check_entailment, load_pairs, save_entailment
    from doxa.metrics.entailment_quality import entailment_quality

    pairs, progress = load_pairs(most), _progress(as_json)

    def read(name: str, judge: "Recorded") -> EntailmentCheck:
        checked = check_entailment(name, judge, pairs, progress)
        save_entailment(CHECKS, checked)
        return checked

    checks, usage = _each(judges, read, spending, as_json)
    found = {one.judge: entailment_quality(one) for one in checks}
    if as_json:
        shown = [{"judge": name, "sets": [one.model_dump() for one in sets]} for name, sets in found.items()]
        click.echo(json.dumps({"judges": shown, "usage": bill(usage, spending.prices)}, indent=2))
    else:
        _show_entailment(found)


def _each(
    judges: Sequence[str], read: "Callable[[str, Recorded], Check]", spending: "Spending", as_json: bool
) -> "tuple[list[Check], list[Usage]]":
    """Has each judge read, through the ledger of checks, and returns what was paid for so far; people see the bill."""
    from contextlib import closing

    from doxa.cli.spending import show_usage
    from doxa.locking import alone
    from doxa.metrics.checking import CHECKS
    from doxa.models.costs import Wallet
    from doxa.models.ledger import LEDGER, Ledger
    from doxa.models.opening import open_recorded

    with closing(Ledger(CHECKS / LEDGER)) as ledger, alone(CHECKS):
        wallet = Wallet(ledger, spending.prices, spending.budget)
        try:
            checks = [read(name, open_recorded(name, ledger, wallet)) for name in judges]
        finally:
            usage = ledger.usage()
            if not as_json:
                show_usage(usage, spending.prices)
    return checks, usage


def _progress(as_json: bool) -> "Progress":
    from doxa.cli.display import RichProgress
    from doxa.progress import Silent

    return Silent() if as_json else RichProgress()


def _show(found: "dict[str, Quality]", pairs: "list[tuple[str, str, Estimate | None]]") -> None:
    from rich.console import Console
    from rich.table import Table

    from doxa.report.tables import interval

    console = Console()
    table = Table("", *found, box=None, title="Judges on the gold set [95 % interval]", title_justify="left")
    rows = {
        "verdicts as expected": "accuracy",
        "kappa with the expected ones": "kappa",
        "same verdict in both orders": "swap_consistency",
        "names the world shown first": "first_world",
        "agrees with itself, drawn again": "self_consistency",
        "sensitivity (implanted)": "sensitivity",
        "specificity (implanted)": "specificity",
    }
    for title, field in rows.items():
        table.add_row(title, *(interval(getattr(one, field)) for one in found.values()))
    traits: list[Trait] = list(dict.fromkeys(trait for one in found.values() for trait in one.by_trait))
    for trait in traits:
        table.add_row(f"as expected: {trait}", *(interval(one.by_trait.get(trait)) for one in found.values()))
    console.print(table)
    for name, one in found.items():
        _show_confusion(f"{name}: verdicts given", one.confusion, console)
    for one, other, kappa in pairs:
        console.print(f"\n{one} and {other}: kappa {interval(kappa)}", markup=False)
    for name, one in found.items():
        if one.failed:
            console.print(f"{name}: {one.failed} calls failed and count neither way; run it again", markup=False)


def _show_entailment(found: "dict[str, list[SetQuality]]") -> None:
    from rich.console import Console
    from rich.table import Table

    from doxa.report.tables import interval

    console = Console()
    for name, sets in found.items():
        table = Table("set", box=None, title=f"{name} on entailment [95 % interval]", title_justify="left")
        for column in ("pairs", "as labelled", "commonest label", "not parsed", "failed"):
            table.add_column(column, justify="right")
        for one in sets:
            commonest = "–" if one.majority is None else f"{one.majority:.2f}"
            counts = str(one.unparsed), str(one.failed)
            table.add_row(one.title, str(one.pairs), interval(one.accuracy), commonest, *counts)
        console.print(table)
        for one in sets:
            _show_confusion(f"{one.title}: verdicts given", one.confusion, console)
        if failed := sum(one.failed for one in sets):
            console.print(f"{name}: {failed} calls failed and count neither way; run it again", markup=False)
        console.print()


def _show_confusion(title: str, confusion: Mapping[Any, Mapping[Any, int]], console: "Console") -> None:
    from rich.table import Table

    given = list(dict.fromkeys(verdict for counts in confusion.values() for verdict in counts))
    table = Table("expected", *given, box=None, title=f"\n{title}", title_justify="left")
    for expected, counts in confusion.items():
        table.add_row(expected, *(str(counts.get(verdict, 0) or "") for verdict in given))
    console.print(table)
