"""`doxa power`: how many items a contrast needs, before anything is asked."""

import click

SIZES = (20, 50, 100, 200)


@click.command("power")
@click.option("--effect", type=float, required=True, help="Difference to show, such as 0.2.")
@click.option("--baseline", type=float, default=0.2, show_default=True, help="Rate under the control condition.")
@click.option("--icc", type=float, default=0.3, show_default=True, help="Correlation of items that share a stem.")
@click.option("--clusters-of", type=float, default=1.0, show_default=True, help="Items that share a stem, on average.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(effect: float, baseline: float, icc: float, clusters_of: float, as_json: bool) -> None:
    """Say how many items show a paired difference of EFFECT, and how likely 20, 50, 100 and 200 items are to.

    Two yes-or-no answers an item, one under each condition. The numbers err on the safe side where an item is easy or
    hard under both conditions alike.
    """
    import json

    from rich.console import Console
    from rich.table import Table

    from doxa.errors import InputError
    from doxa.stats.power import TARGET, items_needed, power
    from doxa.stats.power import clusters_of as stems_of

    if clusters_of < 1:
        raise InputError(f"--clusters-of {clusters_of:g}: a stem has at least one item")
    try:
        chances = [
            (n, stems_of(n, clusters_of), power(n, stems_of(n, clusters_of), icc, baseline, effect)) for n in SIZES
        ]
        needed = items_needed(effect, baseline, icc, clusters_of)
    except ValueError as error:
        raise InputError(str(error)) from None
    if as_json:
        sizes = [{"items": n, "clusters": clusters, "power": chance} for n, clusters, chance in chances]
        asked = {"effect": effect, "baseline": baseline, "icc": icc, "clusters_of": clusters_of}
        click.echo(json.dumps({**asked, "target": TARGET, "items_needed": needed, "sizes": sizes}, indent=2))
        return
    table = Table("items", "stems", "chance to show it", box=None)
    for n, clusters, chance in chances:
        table.add_row(str(n), str(clusters), f"{chance:.2f}")
    Console().print(table)
    shown = "no number of items shows it" if needed is None else f"{needed} items show it"
    click.echo(f"{baseline:g} to {baseline + effect:g}: {shown} in {100 * TARGET:.0f} of 100 studies.")
