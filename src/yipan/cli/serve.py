"""`yipan serve`: the board of the record on this machine."""

import typer

from yipan.settings import Settings

app = typer.Typer(add_completion=False)


@app.command()
def serve() -> None:
    """Open the board at YIPAN_HOST and YIPAN_PORT (127.0.0.1:8100 unless set)."""
    from yipan.api.serve import serve as open_board

    open_board(Settings.read())
