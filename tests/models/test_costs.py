"""Money: what calls cost, and a budget that is never passed."""

from pathlib import Path

import pytest

from chat_server import MODEL, Server
from doxa.errors import BudgetError, InputError
from doxa.models.costs import Price, Wallet, spent
from doxa.models.hosted import HostedModel
from doxa.models.ledger import Ledger, Recorded, call_key
from doxa.models.protocol import Answer, GenerateRequest, Message, Sampling

DEAR = Price(input=1000, output=2000)  # a tenth of a cent a prompt token, two tenths a sampled one


def ask(number: int) -> GenerateRequest:
    return GenerateRequest(messages=(Message(role="user", content=f"{number} two"),), sampling=Sampling(max_tokens=10))


def paying(ledger: Ledger, price: Price | None, budget: float | None) -> Recorded:
    prices = {f"hosted:{MODEL}": price} if price else {}
    return Recorded(HostedModel(MODEL, purse=Wallet(ledger, prices, budget)), ledger)


def test_prices_are_read_and_counted():
    assert Price.parse(" $3 / 15.5") == Price(input=3, output=15.5)
    assert Price(input=3, output=15).of(1_000_000, 100_000) == pytest.approx(4.5)
    for wrong in ("3", "3/", "cheap", "3/-1", "3;15"):
        with pytest.raises(InputError, match="a price is IN/OUT"):
            Price.parse(wrong)


def test_a_budget_needs_a_price_and_something_in_it(server: Server, tmp_path: Path):
    ledger = Ledger(tmp_path / "l")
    for nothing in (0, -1):
        with pytest.raises(InputError, match="pays for no call"):
            Wallet(ledger, {"m": DEAR}, nothing)
    with pytest.raises(InputError, match="a budget needs the price of hosted"):
        paying(ledger, None, 5).generate([ask(1)])
    assert not server.seen


def test_a_budget_is_never_passed_and_what_it_bought_is_kept(server: Server, tmp_path: Path):
    ledger = Ledger(tmp_path / "l")
    requests = [ask(number) for number in range(50)]
    cost = DEAR.of(2, 3)  # "echo N two" to "N two", counted in words by the server
    with pytest.raises(BudgetError, match="does not cover the next call"):
        paying(ledger, DEAR, 0.2).generate(requests)
    bought = len(server.paid)
    usage = ledger.usage()[0]
    assert spent(usage, DEAR) == pytest.approx(bought * cost)
    assert 0.2 - DEAR.most(requests[-1]) <= bought * cost <= 0.2
    assert usage.lost == 0
    answers = paying(ledger, DEAR, 50).generate(requests)
    assert len(answers) == 50
    assert len(server.paid) == 50, "what the first budget bought is not bought again"


def test_calls_that_were_under_way_when_a_run_was_killed_are_counted_as_lost(tmp_path: Path):
    killed = Ledger(tmp_path / "l")
    Wallet(killed, {"m": DEAR}).admit("m", [ask(1), ask(2)])
    killed.close()
    ledger = Ledger(tmp_path / "l")
    (usage,) = ledger.usage()
    assert (usage.calls, usage.lost) == (0, 2)
    assert usage.lost_usd == pytest.approx(DEAR.most(ask(1)) + DEAR.most(ask(2)))
    wallet = Wallet(ledger, {"m": DEAR}, usage.lost_usd + 0.001)
    assert wallet.admit("m", [ask(3)]) == 0, "lost calls may have been billed"


def test_calls_that_go_on_are_held_and_no_longer_counted_as_lost(tmp_path: Path):
    killed = Ledger(tmp_path / "l")
    Wallet(killed, {"m": DEAR}).admit("m", [ask(1), ask(2)], batched=True)
    killed.close()
    ledger = Ledger(tmp_path / "l")
    both = (DEAR.most(ask(1)) + DEAR.most(ask(2))) / 2
    assert ledger.usage()[0].lost_usd == pytest.approx(both), "a batch costs half"
    wallet = Wallet(ledger, {"m": DEAR}, both + DEAR.most(ask(3)) * 0.7)
    keys = [call_key("m", "generate", ask(number)) for number in (1, 2)]
    wallet.take_over("m", ledger.take_over(keys))
    assert ledger.take_over(keys) == {}, "they are this run's already"
    assert wallet.admit("m", [ask(3)]) == 0, "what is held is not free"
    wallet.release(keys[:1])
    assert wallet.admit("m", [ask(3)]) == 1
    wallet.settle("m", ask(2), Answer(text="x", stop="stop", tokens_in=1, tokens_out=0, batched=True))
    wallet.settle("m", ask(3), Answer(text="x", stop="stop", tokens_in=1, tokens_out=0))
    free = both + DEAR.most(ask(3)) * 0.7 - 1.5 * DEAR.of(1, 0)
    many = [ask(number) for number in range(4, 9)]
    assert wallet.admit("m", many) == int(free / DEAR.most(ask(4)))


def test_a_batch_costs_half(tmp_path: Path):
    ledger = Ledger(tmp_path / "l")
    for number, batched in enumerate((True, False)):
        answer = Answer(text="x", stop="stop", tokens_in=100, tokens_out=10, batched=batched)
        ledger.store([(str(number), "m", "generate", "{}", answer.model_dump_json())])
    (usage,) = ledger.usage()
    assert spent(usage, Price(input=1, output=1)) == pytest.approx(1.5 * 110 / 1_000_000)
