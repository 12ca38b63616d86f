"""`yipan serve`: the board of the record on this machine."""

import typer

from yipan.settings import Settings

app = typer.Typer(add_completion=False)


@app.command()
def serve() -> None:
    """
    Open the board at YIPAN_HOST and YIPAN_PORT (127.0.0.1:8100 unless set).

    While it is open it keeps the timer of zones: what is due is proposed, what is late alarmed (YIPAN_TIMER seconds, 0: off).
    """
    from yipan.api.serve import serve as open_board

    open_board(Settings.read())
