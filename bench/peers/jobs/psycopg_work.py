"""The work in a thread, or in a process that does one item at a time: a connection for each."""

from __future__ import annotations

import threading
import time

import psycopg

from bench.peers.jobs.work import DATABASE, WORKER

INSERT = "INSERT INTO peers.work (item, worker) VALUES (%s, %s)"
_own = threading.local()


def work(item: str, seconds: float) -> None:
    if seconds:
        time.sleep(seconds)
    connection = getattr(_own, "connection", None)
    if connection is None:
        connection = _own.connection = psycopg.connect(DATABASE, autocommit=True)
    connection.execute(INSERT, (item, WORKER))
