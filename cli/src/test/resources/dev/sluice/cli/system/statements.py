"""Executes statements on several connections to one database: a line in, a line out."""
import fcntl
import sqlite3
import sys

# The byte behind PENDING_BYTE and RESERVED_BYTE, and how many SHARED has.
SHARED_FIRST, SHARED_SIZE = 0x40000002, 510

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
    elif what == "share":
        # As a connection that is being opened, and has no wal-index yet.
        shared = open(path, "rb")
        fcntl.lockf(shared, fcntl.LOCK_SH, SHARED_SIZE, SHARED_FIRST)
        print("", flush=True)
    else:
        try:
            rows = connections[number].execute(sql).fetchall()
            print("|".join(str(v) for v in rows[0]) if rows else "", flush=True)
        except sqlite3.Error as e:
            print("error %s" % getattr(e, "sqlite_errorcode", e), flush=True)
for connection in connections.values():
    connection.close()
