"""Writes transactions and says after each commit that it is done; ends at the first error."""
import random
import sqlite3
import sys
import time

# So that a long campaign's transactions stay as they are at its start.
RECENT = 80


def say(line):
    """In one write: a kill -9 leaves no half of a line."""
    sys.stdout.write(line + "\n")


path, mode, synchronous, writer, seed, limit = sys.argv[1:7]
savepoints = "no-savepoints" not in sys.argv[7:]
chance = random.Random(int(seed))
db = sqlite3.connect(path, isolation_level=None, timeout=60)
try:
    # A change of the mode does not wait for other connections by itself.
    for attempt in range(600):
        try:
            if db.execute("PRAGMA journal_mode=" + mode).fetchone()[0] == mode:
                break
        except sqlite3.OperationalError as e:
            if "locked" not in str(e):
                raise
        time.sleep(0.1)
    db.execute("PRAGMA synchronous=" + synchronous)
    db.execute("PRAGMA cache_size=20")
    db.execute("CREATE TABLE IF NOT EXISTS t(w, i, v, PRIMARY KEY(w, i))")
    db.execute("CREATE TABLE IF NOT EXISTS counters(w PRIMARY KEY, n)")
    i = db.execute("SELECT coalesce(max(i), 0) FROM t WHERE w=?", (writer,)).fetchone()[0]
    say(f"begins after {i}")
    for i in range(i + 1, i + 1 + int(limit)):
        db.execute("BEGIN IMMEDIATE")
        db.execute("INSERT INTO t VALUES(?,?,?)", (writer, i, chance.randbytes(chance.choice([10, 500, 9000]))))
        if chance.random() < 0.2:
            db.execute(
                "UPDATE t SET v=? WHERE w=? AND i>? AND i%17=?", (chance.randbytes(300), writer, i - RECENT, i % 17))
        # With a WAL and spilled pages, SQLite before 3.51 leaves frames without a checksum behind.
        if chance.random() < 0.05 and savepoints:
            db.execute("SAVEPOINT s")
            db.execute("UPDATE t SET v=zeroblob(2000) WHERE w=? AND i>?", (writer, i - RECENT))
            db.execute("ROLLBACK TO s")
        db.execute("INSERT OR REPLACE INTO counters VALUES(?,?)", (writer, i))
        if chance.random() < 0.05:
            # Work that is taken back leaves spilled pages behind.
            db.execute("DELETE FROM t WHERE i>? AND i%2=0", (i - RECENT,))
            db.execute("ROLLBACK")
            db.execute("BEGIN IMMEDIATE")
            db.execute("INSERT INTO t VALUES(?,?,?)", (writer, i, b"again"))
            db.execute("INSERT OR REPLACE INTO counters VALUES(?,?)", (writer, i))
        db.execute("COMMIT")
        say(f"done {i}")
        if i % 10 == 0:
            with open(path + "-pos") as f:
                say("at " + f.read().strip())
        if chance.random() < 0.02:
            kind = chance.choice(["PASSIVE", "FULL", "RESTART", "TRUNCATE"])
            db.execute("PRAGMA wal_checkpoint(%s)" % kind).fetchall()
except (sqlite3.Error, OSError) as e:
    say(f"ended: {e}")
