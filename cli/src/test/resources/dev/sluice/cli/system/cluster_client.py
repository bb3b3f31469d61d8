"""One client of a cluster, on one of its nodes; says as JSON, a line each, what it did and saw.

  cluster_client.py make   DIRECTORY                        makes the databases
  cluster_client.py write  DIRECTORY NODE URL SHARED SEED   writes, until a line comes
  cluster_client.py read   DIRECTORY NODE URL SHARED SEED   reads, until a line comes
  cluster_client.py bytes  DIRECTORY                        what a reader sees of each database, whole

A process of its own, as who has a database open hangs while the server of its mount is stopped. Times are of
CLOCK_MONOTONIC. SHARED is a directory in which writers leave the last position that was acknowledged, for readers of other
nodes: it stands for the client that moves on to another node.
"""
import hashlib
import http.client
import json
import os
import random
import select
import sqlite3
import sys
import time
import urllib.parse

MODES = {"wal.db": "wal", "delete.db": "delete"}
KEYS = 3
BUSY_SECONDS = 0.25
MAKE_SECONDS = 60


class Node:
    """The HTTP API of the node here."""

    def __init__(self, url):
        self.address = urllib.parse.urlsplit(url).netloc
        self.connection = None

    def get(self, path, seconds=1.0):
        """Status and answer; (0, None) when there is none."""
        try:
            if self.connection is None:
                self.connection = http.client.HTTPConnection(self.address, timeout=seconds)
            if self.connection.sock is not None:
                self.connection.sock.settimeout(seconds)
            self.connection.request("GET", path)
            answer = self.connection.getresponse()
            return answer.status, json.loads(answer.read())
        except (OSError, http.client.HTTPException, ValueError):
            if self.connection is not None:
                self.connection.close()
            self.connection = None
            return 0, None

    def epoch(self):
        """In which the node leads; 0 when it is not known to."""
        status, answer = self.get("/v1/status?database=wal.db")
        return answer["epoch"] if status == 200 and answer["role"] == "primary" else 0

    def position(self, database):
        status, answer = self.get("/v1/position?database=" + database)
        return answer["position"] if status == 200 else None

    def shows(self, database, position):
        """Whether it grants that its readers see a position."""
        query = urllib.parse.urlencode({"database": database, "position": position, "timeout": "700ms"})
        return self.get("/v1/wait?" + query, 2.0)[0] == 200


class Databases:
    """Connections, each made again after an error, and when the node has another mount than at its beginning: one that
    is left from a node that was killed goes on reading what is cached, without an error.
    """

    def __init__(self, directory):
        self.directory = directory
        self.open = {}
        self.mounts = {}

    def __getitem__(self, name):
        path = os.path.join(self.directory, name)
        try:
            mount = os.stat(path).st_dev
        except OSError as e:
            raise sqlite3.OperationalError(str(e))
        if self.mounts.get(name) != mount:
            self.drop(name)
        if name not in self.open:
            # Not made where the mount is gone.
            db = sqlite3.connect("file:%s?mode=rw" % path, uri=True, timeout=BUSY_SECONDS, isolation_level=None)
            self.open[name] = db
            self.mounts[name] = mount
            db.execute("pragma synchronous=full")
        return self.open[name]

    def drop(self, name):
        db = self.open.pop(name, None)
        if db is not None:
            try:
                db.close()
            except sqlite3.Error:
                pass


def is_busy(error):
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def say(**what):
    print(json.dumps(what), flush=True)


def stopped():
    return bool(select.select([sys.stdin], [], [], 0)[0])


def make(directory):
    """Makes the databases; a commit that waits for followers is refused until one is in sync."""
    for name, mode in MODES.items():
        deadline = time.monotonic() + MAKE_SECONDS
        while True:
            db = sqlite3.connect(os.path.join(directory, name), isolation_level=None)
            try:
                make_one(db, mode)
                break
            except sqlite3.OperationalError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)
            finally:
                db.close()


def make_one(db, mode):
    db.execute("pragma journal_mode=" + mode)
    db.execute("begin immediate")
    if db.execute("select 1 from sqlite_master").fetchone():
        # What was refused is there after all.
        db.execute("rollback")
        return
    db.execute("create table list (id integer primary key, key integer, sequence integer, token text)")
    db.execute("create table total (key integer primary key, count integer, sum integer)")
    db.execute("create table register (name text primary key, token text)")
    db.executemany("insert into total values (?, 0, 0)", [(key,) for key in range(KEYS)])
    db.executemany("insert into register values (?, null)", [("a",), ("b",)])
    db.execute("commit")


class Writer:
    def __init__(self, directory, node, url, shared, seed):
        self.node = int(node)
        self.api = Node(url)
        self.shared = shared
        self.random = random.Random(int(seed))
        self.databases = Databases(directory)
        self.sequence = 0
        self.epoch = 0

    def run(self):
        while not stopped():
            self.write()
            time.sleep(self.random.uniform(0.001, 0.01) if self.epoch else 0.05)

    def write(self):
        self.sequence += 1
        token = "%d-%06d;" % (self.node, self.sequence)
        database = self.random.choice(list(MODES))
        register = self.random.random() < 0.3
        before = self.epoch or self.api.epoch()
        start = time.monotonic_ns()
        outcome, commit, why = self.transaction(database, token, register)
        end = time.monotonic_ns()
        position = self.api.position(database) if outcome == "OK" else None
        self.epoch = self.api.epoch()
        say(
            write=dict(
                node=self.node, sequence=self.sequence, database=database, register=register, startNanos=start,
                commitNanos=commit, endNanos=end, outcome=outcome, before=before, after=self.epoch,
            ),
            why=why,
        )
        # It led all the time, so the position is one of its history, and covers the write.
        if position and before and before == self.epoch:
            self.leave(database, token, position)

    def transaction(self, database, token, register):
        """Outcome, when COMMIT began, and why it failed."""
        commit = 0
        try:
            db = self.databases[database]
            db.execute("begin immediate")
            key = self.random.randrange(KEYS)
            db.execute("insert into list (key, sequence, token) values (?, ?, ?)", (key, self.sequence, token))
            db.execute("update total set count = count + 1, sum = sum + ? where key = ?", (self.sequence, key))
            if register:
                db.execute("update register set token = ? where name = 'a'", (token,))
                db.execute("update register set token = ? where name = 'b'", (token,))
            commit = time.monotonic_ns()
            db.execute("commit")
            return "OK", commit, None
        except sqlite3.Error as e:
            return self.failed(database, commit, e), commit, str(e)

    def failed(self, database, commit, error):
        """Before COMMIT nothing was done; and where that was busy the transaction is still open."""
        outcome = "UNKNOWN" if commit else "FAILED"
        db = self.databases.open.get(database)
        if db is not None and is_busy(error):
            try:
                if db.in_transaction:
                    db.execute("rollback")
                    outcome = "FAILED"
                return outcome
            except sqlite3.Error:
                pass
        self.databases.drop(database)
        return outcome

    def leave(self, database, token, position):
        path = os.path.join(self.shared, "%s-%d" % (database, self.node))
        with open(path + ".new", "w") as file:
            json.dump([time.monotonic_ns(), token, position], file)
        os.rename(path + ".new", path)


class Reader:
    def __init__(self, directory, node, url, shared, seed):
        self.node = int(node)
        self.api = Node(url)
        self.shared = shared
        self.random = random.Random(int(seed))
        self.databases = Databases(directory)
        self.said = {name: [] for name in MODES}

    def run(self):
        while not stopped():
            self.read(self.random.choice(list(MODES)))
            time.sleep(self.random.uniform(0.005, 0.06))

    def read(self, database):
        waited = self.granted(database) if self.random.random() < 0.6 else None
        start = time.monotonic_ns()
        try:
            tokens, register, torn = self.transaction(database)
            end = time.monotonic_ns()
            # On the mount of a node that was killed meanwhile SQLite may read, from the kernel's cache, what a
            # transaction had written that did not end. This asks the node.
            os.statvfs(self.databases.directory)
        except (sqlite3.Error, OSError) as e:
            if not is_busy(e):
                self.databases.drop(database)
            say(trouble=str(e), node=self.node)
            return
        said = self.said[database]
        keep = next((i for i, (a, b) in enumerate(zip(said, tokens)) if a != b), min(len(said), len(tokens)))
        self.said[database] = tokens
        say(
            read=dict(
                node=self.node, database=database, startNanos=start, endNanos=end, waited=waited, keep=keep,
                added=tokens[keep:], register=register, torn=torn,
            )
        )

    def granted(self, database):
        """Token of the last write acknowledged anywhere, if the node here grants it."""
        newest = max((each for each in self.left(database)), default=None)
        return newest[1] if newest and self.api.shows(database, newest[2]) else None

    def left(self, database):
        for name in os.listdir(self.shared):
            if name.startswith(database) and not name.endswith(".new"):
                with open(os.path.join(self.shared, name)) as file:
                    yield json.load(file)

    def transaction(self, database):
        db = self.databases[database]
        db.execute("begin")
        try:
            rows = db.execute("select key, sequence, token from list order by id").fetchall()
            totals = db.execute("select key, count, sum from total order by key").fetchall()
            register = [row[0] for row in db.execute("select token from register order by name")]
        finally:
            if db.in_transaction:
                db.execute("rollback")
        torn = None
        for key, count, total in totals:
            sequences = [row[1] for row in rows if row[0] == key]
            if (len(sequences), sum(sequences)) != (count, total):
                torn = "key %d: %d rows, sum %d, but total says %d and %d" % (
                    key, len(sequences), sum(sequences), count, total)
        if register[0] != register[1]:
            torn = "the register is %s and %s" % tuple(register)
        return [row[2] for row in rows], register[0], torn


def content(directory):
    for name in MODES:
        db = sqlite3.connect("file:%s?mode=rw" % os.path.join(directory, name), uri=True, timeout=20)
        check = db.execute("pragma integrity_check").fetchone()[0]
        tokens = [row[0] for row in db.execute("select token from list order by id")]
        say(database=name, digest=hashlib.sha256(db.serialize()).hexdigest(), check=check, tokens=tokens)
        db.close()


what, *args = sys.argv[1:]
if what == "make":
    make(*args)
elif what == "write":
    Writer(*args).run()
elif what == "read":
    Reader(*args).run()
else:
    content(*args)
