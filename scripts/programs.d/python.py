"""Python's sqlite3: transactions of several statements, a rollback now and then."""
import os
import sqlite3
import sys

file, mode, who, count, backup = sys.argv[1:3] + [sys.argv[3], int(sys.argv[4]), sys.argv[5]]
db = sqlite3.connect(file, timeout=60, isolation_level=None)
db.execute("PRAGMA journal_mode=" + mode)
db.execute("CREATE TABLE IF NOT EXISTS t(who TEXT, n INTEGER, body TEXT, PRIMARY KEY(who, n))")
for n in range(1, count + 1):
    db.execute("BEGIN IMMEDIATE")
    if n % 7 == 0:
        db.execute("UPDATE t SET body = 'taken back' WHERE who = ?", (who,))
        db.execute("ROLLBACK")
        db.execute("BEGIN IMMEDIATE")
    db.execute("INSERT INTO t VALUES(?, ?, ?)", (who, n, os.urandom(300).hex()))
    db.execute("UPDATE t SET body = body || 'x' WHERE who = ? AND n = ?", (who, n // 2))
    db.execute("COMMIT")
    if n == count // 2:
        with sqlite3.connect(backup) as copy:
            db.backup(copy, pages=20)
    seen = db.execute("SELECT count(*) FROM t WHERE who = ?", (who,)).fetchone()[0]
    assert seen == n, (seen, n)
db.execute("VACUUM")
print("t", count)
