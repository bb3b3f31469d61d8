"""Applications that keep their own database: replicated.py DOES DATABASE COUNT [CHECKPOINT]."""
import sqlite3
import sys
import time

does, path, count = sys.argv[1], sys.argv[2], int(sys.argv[3])


def connect():
    return sqlite3.connect(path, isolation_level=None, timeout=30)


def insert(db, i):
    db.execute("INSERT INTO t(v) VALUES(?)", (b"%d" % i * (i % 50 + 1),))


if does == "write":
    db = connect()
    db.execute("PRAGMA synchronous=normal")
    kind = sys.argv[4]
    done = other = 0
    for i in range(count):
        insert(db, i)
        if i == 0:
            print("writing", flush=True)
        if kind != "none" and i % 100 == 99:
            busy = db.execute("PRAGMA wal_checkpoint(%s)" % kind).fetchone()[0]
            done += not busy
            other += busy
    print(done, other, flush=True)
elif does == "steady":
    db = connect()
    for i in range(count):
        insert(db, i)
        print("done", i + 1, flush=True)
        time.sleep(0.005)
elif does == "reopen":
    for i in range(count):
        db = connect()
        insert(db, i)
        db.close()
