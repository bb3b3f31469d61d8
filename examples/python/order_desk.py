#!/usr/bin/env python3
"""An order desk with two counters: one takes orders, the other, a follower, shows them.

    order_desk.py PRIMARY_MOUNT FOLLOWER_MOUNT FOLLOWER_URL ITEM...

Orders are written on the primary's mount with plain sqlite3. The position of a write is read from
the file app.db-pos beside the database; the follower is asked over HTTP to wait for it; after
that a read on the follower's mount sees the write. Standard library only.
"""

import contextlib
import json
import sqlite3
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

DATABASE = "shop/app.db"
WAIT_SECONDS = 30


def open_desk(primary):
    """The database on the primary's mount, made when it is not there."""
    path = primary / DATABASE
    path.parent.mkdir(parents=True, exist_ok=True)
    db = sqlite3.connect(str(path), timeout=10)
    db.execute("PRAGMA journal_mode = WAL")
    with db:
        db.execute("CREATE TABLE IF NOT EXISTS orders (number INTEGER PRIMARY KEY, item TEXT NOT NULL)")
    return db


def take_order(db, item):
    """Commits an order and returns its number."""
    with db:
        return db.execute("INSERT INTO orders (item) VALUES (?)", (item,)).lastrowid


def position(primary):
    """Where the database stands; read after a commit, it covers that commit."""
    return Path(str(primary / DATABASE) + "-pos").read_text().strip()


def wait_for(follower_url, wanted, seconds=WAIT_SECONDS):
    """Returns once readers on the follower see the position."""
    deadline = time.monotonic() + seconds
    query = urllib.parse.urlencode(
        {"database": DATABASE, "position": wanted, "timeout": "%ds" % seconds}
    )
    while True:
        try:
            with urllib.request.urlopen("%s/v1/wait?%s" % (follower_url, query), timeout=seconds + 10):
                return
        except urllib.error.HTTPError as e:
            answer = json.load(e)
            # The follower may not have heard yet of a database that was only just made.
            if answer.get("outcome") != "unknown_database" or time.monotonic() > deadline:
                raise SystemExit("order desk: %s" % answer.get("error"))
            time.sleep(0.05)


def read_order(follower, number):
    """What readers on the follower see of an order."""
    path = urllib.parse.quote(str((follower / DATABASE).absolute()))
    with contextlib.closing(sqlite3.connect("file:%s?mode=ro" % path, uri=True, timeout=10)) as db:
        row = db.execute("SELECT item FROM orders WHERE number = ?", (number,)).fetchone()
    if row is None:
        raise SystemExit("order desk: order %d is not on the follower" % number)
    return row[0]


def main(arguments):
    if len(arguments) < 4:
        raise SystemExit(__doc__)
    primary, follower, follower_url = Path(arguments[0]), Path(arguments[1]), arguments[2]
    with contextlib.closing(open_desk(primary)) as db:
        for item in arguments[3:]:
            number = take_order(db, item)
            wanted = position(primary)
            started = time.monotonic()
            wait_for(follower_url, wanted)
            waited = (time.monotonic() - started) * 1000
            seen = read_order(follower, number)
            print("order %d: %s, at %s, on the follower %.1f ms later" % (number, seen, wanted, waited))


if __name__ == "__main__":
    main(sys.argv[1:])
