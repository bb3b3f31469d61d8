"""Commits to all given databases at one moment.

Makes a table in each and says "ready"; at a line inserts one row into each, all at once, and says "ok" or "failed WHY" for
each; at another line ends.
"""
import sqlite3
import sys
import threading

paths = sys.argv[1:]


def connect(path):
    return sqlite3.connect(path, timeout=60, isolation_level=None)


def insert(path):
    try:
        connect(path).execute("insert into t values (1)")
        print("ok\n", end="")
    except sqlite3.Error as e:
        print("failed %s\n" % e, end="")


for path in paths:
    db = connect(path)
    db.execute("pragma journal_mode = wal")
    db.execute("create table t (a)")
    db.close()
print("ready")
sys.stdin.readline()
threads = [threading.Thread(target=insert, args=(path,)) for path in paths]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print("all")
sys.stdin.readline()
