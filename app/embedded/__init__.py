"""Postgres and Valkey from wheels, for a machine that has neither.

They run once per folder, however many processes hold it, and stop when the last holder goes, by
whatever means it goes. Every fact about who lives is a lock, because the kernel releases a lock
when its owner dies, and a pid file would have to be believed. In ``<folder>/postgres`` and in
``<folder>/valkey`` lie:

    starting.lock    held while one holder looks for the supervisor and, if need be, starts it
    holders.lock     shared by every holder; the supervisor that gets it alone knows that all left
    supervisor.lock  held by the supervisor for its life; its text is where the server's socket is,
                     or the error
    server.lock      inherited by the server and its children: free means that none is left
    server.log       what the server printed since its last start
    supervisor.log   empty, unless the supervisor itself broke
    password         what the server asks of whoever connects
    data/            the server's data and its socket

Folders have mode 0700 and files 0600. Root's Postgres runs as another user, who owns ``data`` and
is in it from the start, so that it has to pass through no folder above it.
"""

from app.embedded.lease import Servers, hold

__all__ = ["Servers", "hold"]
