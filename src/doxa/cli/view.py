"""`doxa view RUN`: the report in a browser, with live progress while the run goes on."""

from pathlib import Path

import click


@click.command("view")
@click.argument("run", metavar="RUN", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Port to serve on; any that is free by default.")
@click.option("--open", "opens", is_flag=True, help="Open the page in the browser.")
def command(run: Path, port: int, opens: bool) -> None:
    """Serve the report of a run, finished or under way, to this machine alone.

    The page shows how far the run is and comes anew when its rows change. Nothing is written into the run folder.
    """
    from doxa.errors import InputError
    from doxa.models.ledger import LEDGER
    from doxa.report.serving import ReportServer
    from doxa.study.rows import STUDY

    if not any((run / name).is_file() for name in (STUDY, LEDGER)):
        raise InputError(f"{run} is no run folder: it has neither {STUDY} nor {LEDGER}")
    try:
        found = ReportServer(run, port)
    except OSError as error:
        raise InputError(f"--port {port}: {error.strerror}; give another, or leave it out for a free one") from None
    with found as server:
        click.echo(f"{server.address} (Ctrl-C ends it)")
        if opens:
            click.launch(server.address)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            click.echo()
