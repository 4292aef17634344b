"""Serve the report of a run on this machine alone: it shows how far the run is and comes anew when rows change."""

import json
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Lock
from typing import Any
from urllib.parse import urlsplit

from doxa.errors import DoxaError
from doxa.report.page import page, waiting_page
from doxa.report.run import abouts, read_run
from doxa.report.watching import Watcher

HOST = "127.0.0.1"
NAMES = (HOST, "localhost")  # any other name in a request is that of a page elsewhere that points here
PROGRESS = "/progress.json"


class ReportServer(ThreadingHTTPServer):
    """Serves one run folder.

    Args:
        folder: The run folder; nothing is written there.
        port: 0 for any that is free.
    """

    daemon_threads = True

    def __init__(self, folder: Path, port: int = 0) -> None:
        super().__init__((HOST, port), _Handler)
        self._watcher = Watcher(folder)
        self._lock = Lock()
        self._version: str | None = None
        self._page = ""

    @property
    def address(self) -> str:
        """Where the page is."""
        return f"http://{HOST}:{self.server_port}/"

    def page(self) -> str:
        """Returns the page, made anew where rows have changed."""
        with self._lock:
            version = self._watcher.version
            if version != self._version:
                self._version = version
                self._page = self._made(version)
            return self._page

    def progress(self) -> dict[str, Any]:
        """Returns how far the run is."""
        with self._lock:
            state = self._watcher.state()
        return {**state._asdict(), "stages": [stage._asdict() for stage in state.stages]}

    def _made(self, version: str) -> str:
        folder, live = self._watcher.folder, f"{PROGRESS}?version={version}"
        if not version:
            return waiting_page(folder, live)
        try:
            run = read_run(folder)
            return page(run, abouts(run), live)
        except DoxaError as error:
            self._version = None  # what is wrong can be mended without touching the rows
            return waiting_page(folder, live, str(error))


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        """Answers one request. The name is that which http.server calls."""
        assert isinstance(self.server, ReportServer)
        path = urlsplit(self.path).path
        if urlsplit(f"//{self.headers.get('Host', '')}").hostname not in NAMES:
            self._send(HTTPStatus.FORBIDDEN, "text/plain", "this page is only served to this machine\n")
        elif path == "/":
            self._send(HTTPStatus.OK, "text/html", self.server.page())
        elif path == PROGRESS:
            self._send(HTTPStatus.OK, "application/json", json.dumps(self.server.progress()))
        else:
            self._send(HTTPStatus.NOT_FOUND, "text/plain", "there is only the report here\n")

    def _send(self, status: HTTPStatus, kind: str, text: str) -> None:
        body = text.encode("utf-8")
        self.send_response(status)
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Content-Security-Policy", "frame-ancestors 'none'")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Says nothing: the terminal belongs to the person."""
