"""Opens the door: runs the server, and the browser on request."""

import os
import signal
import subprocess
import sys
import threading
from ipaddress import ip_address
from typing import NoReturn

from yipan.settings import Settings


def environment_of(settings: Settings) -> dict[str, str]:
    """
    Return the settings as the variables the server process reads them from.

    >>> from pathlib import Path
    >>> environment_of(Settings(home=Path("/srv/yipan")))["YIPAN_PORT"]
    '8100'
    """
    told = {
        "YIPAN_HOME": str(settings.home),
        "YIPAN_DATABASE_URL": settings.database_url,
        "YIPAN_PACK": settings.pack,
        "YIPAN_TIME_ZONE": str(settings.time_zone),
        "YIPAN_HOST": settings.host,
        "YIPAN_PORT": str(settings.port),
        "YIPAN_TIMER": f"{settings.timer_seconds:.0f}",
        "YIPAN_OIDC_ISSUER": settings.oidc_issuer,
        "YIPAN_OIDC_CLIENT": settings.oidc_client,
        "YIPAN_OIDC_SECRET": settings.oidc_secret,
    }
    return {name: value for name, value in told.items() if value}


def address_of(settings: Settings) -> str:
    """
    Return where the board is found on this machine.

    >>> from pathlib import Path
    >>> address_of(Settings(home=Path("/srv/yipan"), host="::"))
    'http://[::1]:8100/'
    """
    host = ip_address(settings.host) if _is_number(settings.host) else None
    if host is not None and host.is_unspecified:
        host = ip_address("127.0.0.1" if host.version == 4 else "::1")
    shown = f"[{host}]" if host is not None and host.version == 6 else str(host or settings.host)
    return f"http://{shown}:{settings.port}/"


def _is_number(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def serve(settings: Settings, *, open_browser: bool = False) -> NoReturn:
    """
    Serve the board until interrupted; with `open_browser` show it once it answers.

    The record is opened and closed first, so that a record that cannot be reached is told here. Raises
    ServerUnavailable. This process then becomes the server itself: whoever stops the one stops the other, and
    nothing is left behind that holds the port or a pipe.
    """
    from yipan.store import Store

    Store.open(settings.home, database_url=settings.database_url, clock=settings.now).close()
    if open_browser:
        _show_in_browser(address_of(settings))
    sys.stdout.flush()
    sys.stderr.flush()
    os.execve(sys.executable, command_of(settings), {**os.environ, **environment_of(settings)})  # noqa: S606  # our own program


def command_of(settings: Settings) -> list[str]:
    """
    Return the server as a program of its own.

    It must not be forked from a process that has already worked with tables: their threads would not
    survive the fork, and the first question would wait for ever.
    """
    return [
        sys.executable, "-m", "granian", "--interface", "asgi", "--factory", "--no-ws",
        "--host", settings.host, "--port", str(settings.port), "--log-level", "warning",
        "--workers-kill-timeout", "5", "yipan.api.app:from_environment",
    ]  # fmt: skip


def _show_in_browser(address: str) -> None:
    """Leave a small program behind that shows the board once it answers."""
    program = "import sys; from yipan.api.serve import show; show(sys.argv[1])"
    subprocess.Popen(  # noqa: S603  # our own program
        [sys.executable, "-c", program, address],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip


def show(address: str) -> None:
    """Open the browser at the board once it answers; give up quietly after a minute."""
    import webbrowser

    import httpx

    pause = threading.Event()
    for _ in range(240):
        try:
            if httpx.get(f"{address}api/v1/health", timeout=1, trust_env=False).is_success:
                webbrowser.open(address)
                return
        except httpx.HTTPError:
            pause.wait(0.25)


def end_with_parent() -> None:
    """
    End this process when the one that started it is gone.

    A worker whose keeper was killed would go on answering on the same port, and a new server beside it.
    """
    keeper = os.getppid()

    def watch() -> None:
        pause = threading.Event()
        while os.getppid() == keeper:
            pause.wait(1.0)
        os.kill(os.getpid(), signal.SIGTERM)
        pause.wait(5.0)
        os._exit(1)

    threading.Thread(target=watch, daemon=True, name="yipan-keeper").start()
