"""Executes statements on several connections to one database: a line in, a line out."""
import sqlite3
import sys

path = sys.argv[1]
connections = {}
for line in sys.stdin:
    what, number, sql = line.rstrip("\n").split("\t", 2)
    if what == "open":
        connections[number] = sqlite3.connect(path, isolation_level=None, timeout=0)
        print("", flush=True)
    elif what == "close":
        connections.pop(number).close()
        print("", flush=True)
    else:
        try:
            rows = connections[number].execute(sql).fetchall()
            print("|".join(str(v) for v in rows[0]) if rows else "", flush=True)
        except sqlite3.Error as e:
            print("error %s" % getattr(e, "sqlite_errorcode", e), flush=True)
for connection in connections.values():
    connection.close()
