# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""The local server of the page: loopback only, every address begins with a random token.

/TOKEN/                  the page
/TOKEN/static/NAME       its modules and styles
/TOKEN/events            server-sent events: ``Session.status`` whenever it changes
/TOKEN/frames/SIDE       frames of a side's episode (?episode=N&from=N)
/TOKEN/metrics           rows of a run in training (?from=N)
/TOKEN/play              begins an episode (POST, JSON with ``seed`` and ``run``)
/TOKEN/stop              ends the episodes that play (POST)
/TOKEN/export.html       the page as one file
"""

from __future__ import annotations

import asyncio
import json
import secrets
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from ns3marl.checks import MAX_SEED
from ns3marl.errors import LaunchError
from ns3marl.view import page
from ns3marl.view.session import Session

HOST = "127.0.0.1"
_LOOK_S = 0.2  #: between two looks at what has changed
_LOOK_TRAINING_S = 1.0  #: the same where only a training goes on
_GRACE_S = 2
_HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
_WHO = "open the address that `ns3marl view` printed, with all of its token"

Endpoint = Callable[[Request], Awaitable[Response]]


class _Token:
    """Answers only what knows the token, and takes as long for any wrong one."""

    def __init__(self, app: ASGIApp, token: str) -> None:
        self._app, self._token = app, token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            given = scope["path"].lstrip("/").partition("/")[0]
            if not secrets.compare_digest(given.encode(), self._token.encode()):
                await PlainTextResponse(f"No such page: {_WHO}.\n", 404, _HEADERS)(scope, receive, send)
                return
        await self._app(scope, receive, send)


def application(session: Session, token: str, is_ending: Callable[[], bool]) -> Starlette:
    """The server as an ASGI application.

    Args:
        session: What it shows.
        token: First part of every path.
        is_ending: Whether streams shall end.
    """
    texts = page.assets()

    async def index(_: Request) -> Response:
        nonce = secrets.token_urlsafe(16)
        policy = (
            f"default-src 'none'; script-src 'self' 'nonce-{nonce}'; style-src 'self' 'unsafe-inline'; "
            "img-src 'self' data: blob:; media-src blob:; connect-src 'self'; base-uri 'none'; form-action 'none'"
        )
        begin = {"title": session.title, "offline": False, "can_play": session.can_play, **session.status()}
        return Response(
            page.served(begin, nonce),
            media_type="text/html",
            headers={**_HEADERS, "Content-Security-Policy": policy},
        )

    async def static(request: Request) -> Response:
        name = request.path_params["name"]
        if name not in texts:
            raise HTTPException(404, f"there is no {name}")
        kind = page.TYPES["." + name.rpartition(".")[2]]
        return Response(texts[name], media_type=kind, headers=_HEADERS)

    async def events(request: Request) -> Response:
        changes = _changes(session, is_ending, request)
        return StreamingResponse(changes, media_type="text/event-stream", headers=_HEADERS)

    async def frames(request: Request) -> Response:
        number = request.path_params["side"]
        if number >= len(session.sides):
            raise HTTPException(404, f"there is no side {number}")
        side = session.sides[number]
        if _whole(request, "episode", 1) != side.number:
            raise HTTPException(409, "another episode has begun")
        data = side.episode.since(_whole(request, "from", 0))
        return Response(data, media_type="application/octet-stream", headers=_HEADERS)

    async def metrics(request: Request) -> Response:
        if session.log is None:
            raise HTTPException(404, "no training is watched")
        return JSONResponse(session.log.rows[_whole(request, "from", 0) :], headers=_HEADERS)

    async def play(request: Request) -> Response:
        if not session.can_play:
            raise HTTPException(409, "recordings are shown: there is nothing to play")
        seed, run = await _episode_of(request)
        await run_in_threadpool(session.play, seed, run)
        return JSONResponse(session.status(), headers=_HEADERS)

    async def stop(_: Request) -> Response:
        await run_in_threadpool(session.stop)
        return JSONResponse(session.status(), headers=_HEADERS)

    async def export(_: Request) -> Response:
        there = [side.episode for side in session.sides if len(side.episode)]
        if not there:
            raise HTTPException(409, "no episode has begun")
        text = await run_in_threadpool(page.single_file, session.title, there)
        name = {"Content-Disposition": 'attachment; filename="ns3marl-view.html"'}
        return Response(text, media_type="text/html", headers={**_HEADERS, **name})

    routes = [
        Route("/", index),
        Route("/static/{name:path}", static),
        Route("/events", events),
        Route("/frames/{side:int}", frames),
        Route("/metrics", metrics),
        Route("/play", play, methods=["POST"]),
        Route("/stop", stop, methods=["POST"]),
        Route("/export.html", export),
    ]
    return Starlette(
        routes=[Mount(f"/{token}", routes=routes)],
        middleware=[
            Middleware(TrustedHostMiddleware, allowed_hosts=[HOST, "localhost"]),
            Middleware(_Token, token=token),
        ],
    )


async def _changes(session: Session, is_ending: Callable[[], bool], request: Request) -> AsyncIterator[str]:
    last = None
    while not is_ending() and not await request.is_disconnected():
        status = session.status()
        text = json.dumps(status)
        if text != last:
            yield f"data: {text}\n\n"
            last = text
        busy = session.log is None or any(side["playing"] for side in status["sides"])
        await asyncio.sleep(_LOOK_S if busy else _LOOK_TRAINING_S)


def _whole(request: Request, name: str, otherwise: int) -> int:
    text = request.query_params.get(name, str(otherwise))
    if not text.isascii() or not text.isdigit():
        raise HTTPException(400, f"{name} is {text!r}, expected a whole number of 0 or more")
    return int(text)


async def _episode_of(request: Request) -> tuple[int, int]:
    try:
        asked: Any = json.loads(await request.body())
        seed, run = asked["seed"], asked["run"]
    except (ValueError, TypeError, KeyError):
        raise HTTPException(400, 'expected JSON such as {"seed": 1, "run": 1}') from None
    for name, value in (("seed", seed), ("run", run)):
        if type(value) is not int or not 1 <= value <= MAX_SEED:
            raise HTTPException(400, f"{name} is {value!r}, expected a whole number from 1 to {MAX_SEED}")
    return seed, run


class Server:
    """The application behind a socket.

    Args:
        session: What it shows.
        port: Of the socket; 0: a free one.

    Raises:
        LaunchError: The port is taken or may not be used.
    """

    def __init__(self, session: Session, port: int = 0) -> None:
        self.session = session
        self.token = secrets.token_urlsafe(24)
        self._socket = socket.socket()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            self._socket.bind((HOST, port))
            self._socket.listen()  # who comes before `serve` waits
        except OSError as error:
            self._socket.close()
            raise LaunchError(
                f"port {port} of {HOST} cannot be used: {error.strerror}; choose another one with --port, or leave it out"
            ) from error
        options = uvicorn.Config(
            application(session, self.token, lambda: self._server.should_exit),
            log_level="error",
            access_log=False,
            lifespan="off",
            server_header=False,
            timeout_graceful_shutdown=_GRACE_S,
        )
        self._server = uvicorn.Server(options)

    @property
    def address(self) -> str:
        """Of the page, with the token."""
        return f"http://{HOST}:{self._socket.getsockname()[1]}/{self.token}/"

    @property
    def is_serving(self) -> bool:
        """Whether it answers."""
        return self._server.started

    def serve(self) -> None:
        """Answers until Ctrl-C or a termination signal, or until ``stop``; then ends whatever plays."""
        try:
            self._server.run(sockets=[self._socket])
        except KeyboardInterrupt:  # uvicorn raises the signal again when it has stopped
            pass
        finally:
            self.session.stop()
            self._socket.close()

    def stop(self) -> None:
        """Lets ``serve`` return; from any thread."""
        self._server.should_exit = True
