"""Writes rows 0, 1, 2, … to whichever of the given databases takes them, until a line comes.

Says "ok ROW" for what was acknowledged, and "failed ROW WHY" for what failed with anything but SQLITE_BUSY: it may be
there. In a process of its own, as who has a database open hangs while the server of its mount is stopped.
"""
import select
import sqlite3
import sys
import time

paths = sys.argv[1:]
row = at = 0
db = None
while not select.select([sys.stdin], [], [], 0)[0]:
    try:
        if db is None:
            # Not made where the mount is gone.
            db = sqlite3.connect("file:%s?mode=rw" % paths[at], uri=True, timeout=0.2, isolation_level=None)
        db.execute("insert into t values (?)", (row,))
        print("ok", row)
        row += 1
        time.sleep(0.002)
    except sqlite3.Error as e:
        if "locked" not in str(e):
            print("failed", row, paths[at], e)
            row += 1
        if db is not None:
            db.close()
            db = None
        at = (at + 1) % len(paths)
        time.sleep(0.01)
