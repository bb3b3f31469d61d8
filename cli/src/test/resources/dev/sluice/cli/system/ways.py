"""Every way in which databases are written, one after another: ways.py DIRECTORY CASE.

Each case writes in an empty directory and says what it saw. It is run in a native directory and in a mount: what
it says is the same, and so is what is in the databases (*.db) afterwards. Where it says COMPARE it waits for a line
while the copies are compared. Without a case, lists them.
"""
import itertools
import os
import shutil
import signal
import sqlite3
import subprocess
import sys

MODES = ["wal", "delete", "truncate", "persist", "memory", "off"]
JOURNALED = ["wal", "delete", "truncate", "persist"]
PAGE_SIZES = [512, 1024, 2048, 4096, 8192, 16384, 32768, 65536]
LIMIT_SECONDS = 60
BLOB = "WITH RECURSIVE n(i) AS (VALUES(1) UNION ALL SELECT i+1 FROM n WHERE i<%d) "
CASES = {}


def case(function):
    CASES[function.__name__] = function
    return function


def say(*words):
    print(*[str(w).replace(TOP, "TOP")[:120] for w in words], flush=True)


def compare():
    """All copies are the same here. Connections may be open, transactions not."""
    print("COMPARE", flush=True)
    sys.stdin.readline()


class Connection:
    """Answers are said, errors too."""

    def __init__(self, name="a.db", timeout=0.0, parameters=None, quiet=False):
        self.quiet = quiet
        path = name if parameters is None else "file:" + os.path.abspath(name) + "?" + parameters
        self.db = sqlite3.connect(path, isolation_level=None, timeout=timeout, uri=parameters is not None)

    def __call__(self, *statements):
        answer = None
        for statement in statements:
            try:
                rows = self.db.execute(statement).fetchall()
                answer = rows[0][0] if rows and len(rows[0]) == 1 else rows[:1]
            except sqlite3.Error as e:
                answer = getattr(e, "sqlite_errorname", None) or e
            if not self.quiet:
                say(statement, "->", answer)
        return answer

    def close(self):
        self.db.close()


def patient(name="a.db", **more):
    """Waits for locks; Sluice takes SQLite's for a moment where no journal says when writing has ended."""
    return Connection(name, timeout=30.0, **more)


def rows(n, size=900, table="t"):
    """Rows that no statement before has made."""
    rows.made += 1
    return ("INSERT INTO %s(v) " % table) + (BLOB % n) + \
        "SELECT substr(hex(zeroblob(%d)) || 'x%d.' || i, -%d) FROM n" % (size, rows.made, size)


rows.made = 0
TABLE = "CREATE TABLE t(i INTEGER PRIMARY KEY, v)"


def make(name="a.db", mode="delete", n=20, page_size=4096, timeout=30.0):
    c = Connection(name, timeout=timeout)
    c("PRAGMA page_size=%d" % page_size, "PRAGMA journal_mode=" + mode, TABLE, rows(n))
    return c


def shell(script):
    """A shell script in the directory."""
    done = subprocess.run(["sh", "-c", script], capture_output=True, text=True, timeout=LIMIT_SECONDS,
                          stdin=subprocess.DEVNULL)
    say(script, "->", done.returncode, done.stdout.strip(), done.stderr.strip())


def child(work, wait=True):
    """Runs work in a process of its own, which ends without closing anything; SIGKILL is its usual end."""
    sys.stdout.flush()
    pid = os.fork()
    if pid == 0:
        try:
            work()
        finally:
            sys.stdout.flush()
            os.kill(os.getpid(), signal.SIGKILL)
    if wait:
        os.waitpid(pid, 0)
    return pid


# Journal modes.

@case
def journal_modes():
    """Each mode from the beginning, with everything a transaction can do."""
    for mode in MODES:
        c = make(mode + ".db", mode)
        c("BEGIN", rows(5), "UPDATE t SET v=v||'u' WHERE i%3=0", "COMMIT")
        c("BEGIN", "DELETE FROM t WHERE i%2=0", "COMMIT", "BEGIN IMMEDIATE", rows(1), "COMMIT")
        c("BEGIN EXCLUSIVE", rows(2), "COMMIT")
        if mode != "off":
            c("PRAGMA cache_size=3", "BEGIN", rows(40), "UPDATE t SET v='gone'", "ROLLBACK")
        c("SELECT count(*), max(i), sum(length(v)) FROM t")
        compare()
        c.close()
        c = patient(mode + ".db")
        c("PRAGMA journal_mode", rows(1))
        c.close()


def switching(first):
    for second in MODES:
        if second == first:
            continue
        name = second + ".db"
        c = make(name, first, n=4, page_size=1024)
        other = patient(name)
        other("SELECT count(*) FROM t")
        compare()
        # Refused, in some cases: somebody reads, or writes.
        other("BEGIN", "SELECT count(*) FROM t")
        quick = Connection(name)
        if "wal" in (first, second):
            quick("PRAGMA journal_mode=" + second, rows(1))
        other("COMMIT", "PRAGMA journal_mode", rows(1))
        quick.close()
        compare()
        c("PRAGMA journal_mode=" + second, rows(3), "BEGIN", rows(3))
        # In the middle of a transaction nothing is switched.
        c("PRAGMA journal_mode=" + first, "COMMIT")
        compare()
        other("PRAGMA journal_mode", rows(1))
        compare()
        other.close()
        c("PRAGMA journal_mode=" + first, rows(1))
        compare()
        c.close()


for _mode in MODES:
    CASES["switching_from_" + _mode] = lambda mode=_mode: switching(mode)
    CASES["switching_from_" + _mode].__doc__ = "To any other mode and back, beside other connections."


@case
def exclusive_locking():
    """In each mode, and back to normal; a WAL then has no -shm file while it lasts."""
    for mode in MODES:
        name = mode + ".db"
        c = Connection(name, timeout=30.0)
        c("PRAGMA locking_mode=EXCLUSIVE", "PRAGMA journal_mode=" + mode, TABLE, rows(10), rows(10))
        say(sorted(f for f in os.listdir(".") if f.startswith(mode) and f.endswith("-shm")))
        c("BEGIN", rows(5), "COMMIT", "DELETE FROM t WHERE i<5")
        if mode != "off":
            c("BEGIN", rows(5), "ROLLBACK")
        other = Connection(name)
        other("SELECT count(*) FROM t")
        other.close()
        c("PRAGMA wal_checkpoint(TRUNCATE)", rows(3))
        # With a WAL this is refused: without a wal-index nobody else could take part.
        c("PRAGMA locking_mode=NORMAL", "SELECT count(*) FROM t", rows(1), "SELECT count(*) FROM t")
        if mode == "wal":
            c.close()
        compare()
        c.close()
        c = patient(name)
        # Normal first, exclusive later.
        c("SELECT count(*) FROM t", rows(1), "PRAGMA locking_mode=EXCLUSIVE", rows(2), "DELETE FROM t WHERE i%3=1")
        c("PRAGMA locking_mode=NORMAL", "SELECT count(*) FROM t")
        compare()
        c.close()


@case
def open_modes():
    """Other ways to lock, or none at all; read only and immutable."""
    for vfs in ["unix", "unix-dotfile", "unix-excl", "unix-none"]:
        for mode in MODES:
            if mode == "wal" and vfs in ("unix-dotfile", "unix-none"):
                continue
            name = vfs + "-" + mode + ".db"
            c = patient(name, parameters="vfs=" + vfs)
            c("PRAGMA journal_mode=" + mode, TABLE, rows(10), "BEGIN", rows(3), "DELETE FROM t WHERE i<4", "COMMIT")
            c("BEGIN", rows(2), "COMMIT", "SELECT count(*) FROM t")
            c.close()
            c = patient(name, parameters="vfs=" + vfs)
            c(rows(2))
            c.close()
    for vfs in ["unix-dotfile", "unix-none"]:
        c = patient(vfs + "-exclusive.db", parameters="vfs=" + vfs)
        c("PRAGMA locking_mode=EXCLUSIVE", "PRAGMA journal_mode=wal", TABLE, rows(10), rows(10), "SELECT count(*) FROM t")
        c.close()
    for mode in MODES[1:]:
        c = patient("nolock-" + mode + ".db", parameters="nolock=1")
        c("PRAGMA journal_mode=" + mode, TABLE, rows(10), "BEGIN", rows(3), "COMMIT", "DELETE FROM t WHERE i%2")
        c.close()
    make("a.db", "wal").close()
    for parameters in ["immutable=1", "mode=ro", "mode=ro&immutable=1", "mode=rw&cache=shared"]:
        c = patient(parameters=parameters)
        c("SELECT count(*), sum(length(v)) FROM t", rows(1))
        c.close()


@case
def padded_frames():
    """Without powersafe overwrite, a commit's last frame is repeated to the end of the sector."""
    for synchronous in ["normal", "full", "extra"]:
        for size in [512, 1024, 4096]:
            name = "%s-%d.db" % (synchronous, size)
            c = patient(name, parameters="psow=0")
            c("PRAGMA page_size=%d" % size, "PRAGMA journal_mode=wal", "PRAGMA synchronous=" + synchronous, TABLE)
            for i in range(8):
                c(rows(1 + i % 3, 100))
            c("BEGIN", rows(30), "ROLLBACK", rows(1, 50), "PRAGMA wal_checkpoint(RESTART)", rows(2, 50), rows(1, 50))
            other = patient(name, parameters="psow=1")
            other(rows(1, 50))
            c(rows(1, 50), "SELECT count(*) FROM t")
            other.close()
            c.close()
            name = "journal-%s-%d.db" % (synchronous, size)
            c = patient(name, parameters="psow=0")
            c("PRAGMA page_size=%d" % size, "PRAGMA journal_mode=persist", "PRAGMA synchronous=" + synchronous, TABLE)
            c(rows(3, 100), rows(30), "UPDATE t SET v='x' WHERE i=3", "BEGIN", "DELETE FROM t WHERE i%2", "ROLLBACK")
            c.close()


# The shape of the database.

@case
def page_sizes():
    """Changed by VACUUM in a rollback mode, and back to a WAL."""
    c = make("a.db", "wal", 40)
    for size in PAGE_SIZES + PAGE_SIZES[::-3]:
        c("PRAGMA page_size=%d" % size, "VACUUM", "PRAGMA page_size")
        c("PRAGMA journal_mode=delete", "PRAGMA page_size=%d" % size, "VACUUM", "PRAGMA page_size", rows(2))
        c("PRAGMA journal_mode=wal", rows(2), "DELETE FROM t WHERE i%7=0")
        compare()
    c.close()


@case
def every_page_size():
    """From the beginning, in each mode, by the shell."""
    for mode in MODES:
        for size in PAGE_SIZES:
            shell("sqlite3 %s-%d.db 'PRAGMA page_size=%d; PRAGMA journal_mode=%s; CREATE TABLE t(i INTEGER PRIMARY KEY, v);"
                  " INSERT INTO t(v) VALUES(zeroblob(200000)); INSERT INTO t(v) VALUES(1); DELETE FROM t WHERE i=1'"
                  % (mode, size, size, mode))


@case
def shrinking():
    """From thousands of pages to two."""
    for mode in MODES:
        c = make(mode + ".db", mode, n=2500, page_size=512)
        c("PRAGMA page_count", "DELETE FROM t", "VACUUM", "PRAGMA page_count")
        compare()
        c("PRAGMA wal_checkpoint(TRUNCATE)", rows(2))
        c.close()
        c = make("full-" + mode + ".db", mode, 0)
        c("PRAGMA auto_vacuum=FULL", "VACUUM", rows(900), "DELETE FROM t WHERE i>2", "PRAGMA page_count")
        compare()
        c(rows(30), "PRAGMA auto_vacuum=INCREMENTAL", rows(300), "DELETE FROM t WHERE i%5", "PRAGMA page_count")
        c("PRAGMA incremental_vacuum(7)", "PRAGMA page_count", "PRAGMA incremental_vacuum", "PRAGMA page_count")
        c.close()


@case
def secure_delete():
    for mode in MODES:
        c = make(mode + ".db", mode, 100)
        c("PRAGMA secure_delete=ON", "DELETE FROM t WHERE i%3=0", "DELETE FROM t WHERE i>50", rows(2))
        c("PRAGMA secure_delete=FAST", "DROP TABLE t", TABLE, rows(3))
        c.close()


@case
def headers_and_schemas():
    """What is in the first page, other encodings, tables without rowid, full text, large blobs."""
    for mode in JOURNALED + ["off"]:
        c = patient(mode + ".db")
        c("PRAGMA encoding='UTF-16be'", "PRAGMA journal_mode=" + mode, TABLE, "INSERT INTO t(v) VALUES('äöü€')")
        c("PRAGMA user_version=7", "PRAGMA application_id=252006673", "PRAGMA encoding", "PRAGMA user_version=-1")
        c("CREATE TABLE w(a, b, PRIMARY KEY(a, b)) WITHOUT ROWID", "CREATE INDEX tv ON t(v)",
          "CREATE VIRTUAL TABLE f USING fts5(x)", "CREATE TABLE s(a INT, b TEXT) STRICT")
        for i in range(5):
            c("INSERT INTO w VALUES(%d, hex(%d))" % (i * i, i), "INSERT INTO f VALUES('word%d and more words')" % i)
        c("INSERT INTO f(f) VALUES('optimize')", "SELECT count(*) FROM f('words')")
        c("INSERT INTO t(v) VALUES(zeroblob(5000000))", "UPDATE t SET v=zeroblob(3000000) WHERE i=2", "DELETE FROM t WHERE i=2")
        c("ALTER TABLE t ADD COLUMN more DEFAULT 5", "ALTER TABLE t RENAME COLUMN more TO most", "DROP INDEX tv", "ANALYZE")
        c("PRAGMA journal_size_limit=10000", rows(50), rows(2))
        blob = c.db.blobopen("t", "v", c("INSERT INTO t(v) VALUES(zeroblob(100000)) RETURNING i")) \
            if sys.version_info >= (3, 11) else None
        if blob:
            blob.seek(50000)
            blob.write(b"in the middle")
            blob.close()
        c("SELECT count(*), sum(length(v)) FROM t")
        c.close()


# Transactions.

@case
def empty_and_failed():
    """What is no transaction, and what is one after a failure."""
    for mode in MODES:
        c = make(mode + ".db", mode, 30)
        c("PRAGMA foreign_keys=ON", "CREATE TABLE p(i INTEGER PRIMARY KEY)",
          "CREATE TABLE q(i REFERENCES p(i) DEFERRABLE INITIALLY DEFERRED, u UNIQUE)")
        c("BEGIN", "COMMIT", "BEGIN IMMEDIATE", "COMMIT", "BEGIN EXCLUSIVE", "COMMIT", "UPDATE t SET v=v", "DELETE FROM t WHERE i<0")
        c("BEGIN", "INSERT INTO q VALUES(1, 1)", "COMMIT", "INSERT INTO p VALUES(1)", "COMMIT")
        c("BEGIN", "INSERT INTO q VALUES(2, 2)", "COMMIT")
        if mode != "off":
            c("ROLLBACK", "INSERT INTO q SELECT 1, 3 FROM t", "INSERT OR IGNORE INTO q SELECT 1, 4 FROM t")
            c("BEGIN", rows(2), "INSERT INTO q VALUES(1, 1)", "INSERT OR ROLLBACK INTO q VALUES(1, 1)", "COMMIT")
        else:
            c("INSERT INTO p VALUES(2)", "COMMIT")
        c("BEGIN", "INSERT OR FAIL INTO q SELECT 1, 10+i%7 FROM t", "COMMIT", "SELECT count(*) FROM q", "SELECT count(*) FROM t")
        compare()
        c.close()


@case
def spilled_savepoints():
    """Pages leave a small cache before the commit, are written again, and taken back."""
    for mode in MODES[:-1]:
        for spill in ["5", "OFF"] if mode == "wal" else ["ON"]:
            c = make("%s-%s.db" % (mode, spill), mode, 100, 1024)
            c("PRAGMA cache_size=5", "PRAGMA cache_spill=" + spill)
            c("BEGIN", rows(50), "SAVEPOINT a", "UPDATE t SET v='a'||i", "SAVEPOINT b", rows(50), "DELETE FROM t WHERE i%2")
            c("ROLLBACK TO b", "UPDATE t SET v=v||'c' WHERE i%3=0", "RELEASE a", rows(3), "COMMIT", rows(1))
            compare()
            c("BEGIN", "UPDATE t SET v=v||'d'", "SAVEPOINT a", rows(40), "UPDATE t SET v='gone'", "ROLLBACK TO a", "COMMIT")
            c("BEGIN", rows(60), "UPDATE t SET v='gone'", "ROLLBACK", rows(1))
            c("SAVEPOINT s", rows(30), "SAVEPOINT s2", rows(30), "ROLLBACK TO s", "RELEASE s", rows(1))
            c("SELECT count(*), sum(length(v)) FROM t")
            compare()
            c.close()


def attached(modes, directory):
    c = patient("%s/main.db" % directory)
    c("ATTACH '%s/below/b.db' AS b" % directory, "ATTACH '%s-beside/c.db' AS c" % directory)
    for schema, mode in zip(["main", "b", "c"], modes):
        c("PRAGMA %s.journal_mode=%s" % (schema, mode), "CREATE TABLE IF NOT EXISTS %s.t(i INTEGER PRIMARY KEY, v)" % schema)
    return c


ATTACHED = [("delete",) * 3, ("truncate",) * 3, ("persist",) * 3, ("wal",) * 3, ("memory",) * 3, ("off",) * 3,
            ("delete", "wal", "truncate"), ("wal", "persist", "delete"), ("delete", "memory", "persist")]


@case
def attached_databases():
    """Transactions over three databases, with a super-journal where there are journals."""
    for modes in ATTACHED:
        d = "-".join(modes)
        os.makedirs(d + "/below")
        os.makedirs(d + "-beside")
        c = attached(modes, d)
        c("PRAGMA synchronous=FULL")
        for i in range(3):
            c("BEGIN", rows(5, table="main.t"), rows(5, table="b.t"), rows(5, table="c.t"), "COMMIT")
        if "off" not in modes:
            c("BEGIN", rows(5, table="main.t"), rows(5, table="b.t"), rows(5, table="c.t"), "ROLLBACK")
        c("BEGIN", rows(5, table="main.t"), rows(5, table="c.t"), "COMMIT")
        compare()
        c("SELECT count(*) FROM main.t", "SELECT count(*) FROM b.t", "SELECT count(*) FROM c.t")
        c.close()
        say(sorted(f for top in (d, d + "/below", d + "-beside") for f in os.listdir(top) if "-mj" in f))


@case
def attached_and_killed():
    """Killed in the middle, at the commit or before it."""
    for modes in ATTACHED[:4] + ATTACHED[6:8]:
        d = "-".join(modes)
        os.makedirs(d + "/below")
        os.makedirs(d + "-beside")
        c = attached(modes, d)
        c("BEGIN", rows(5, table="main.t"), rows(5, table="b.t"), rows(5, table="c.t"), "COMMIT")
        c.close()

        def half():
            k = attached(modes, d)
            for schema in ("main", "b", "c"):
                k("PRAGMA %s.cache_size=3" % schema)
            k("BEGIN", rows(40, table="main.t"), rows(40, table="b.t"), rows(40, table="c.t"))
        child(half)
        c = attached(modes, d)
        c("SELECT count(*) FROM main.t", "SELECT count(*) FROM b.t", "SELECT count(*) FROM c.t")
        c("BEGIN", rows(1, table="main.t"), rows(1, table="b.t"), rows(1, table="c.t"), "COMMIT")
        compare()
        c.close()


@case
def killed_in_the_middle():
    """A hot journal, or frames that nobody committed; taken back by the next, beside others and alone."""
    for mode in JOURNALED:
        for beside in [False, True]:
            name = "%s-%s.db" % (mode, beside)
            make(name, mode, 30).close()
            other = patient(name) if beside else None
            if other:
                other("SELECT count(*) FROM t", "PRAGMA journal_mode")

            def half():
                k = patient(name)
                k("PRAGMA journal_mode=" + mode, "PRAGMA cache_size=3", "BEGIN", rows(60), "UPDATE t SET v='gone'")
            for _ in range(2):
                child(half)
                c = other or patient(name)
                c("SELECT count(*), sum(length(v)) FROM t", "PRAGMA journal_mode=" + mode, rows(1), "PRAGMA wal_checkpoint")
                if not other:
                    c.close()
            compare()
            if other:
                other.close()


# Checkpoints.

@case
def checkpoints():
    """All kinds, while readers hold old snapshots."""
    c = make("a.db", "wal", 50, timeout=0.0)
    c("PRAGMA wal_autocheckpoint=0")
    for kind in ["PASSIVE", "FULL", "RESTART", "TRUNCATE"]:
        reader = Connection()
        reader("BEGIN", "SELECT count(*), sum(length(v)) FROM t")
        c(rows(5), "UPDATE t SET v=v||'-' WHERE i%4=0", "PRAGMA wal_checkpoint(%s)" % kind)
        second = Connection()
        second("BEGIN", "SELECT count(*), sum(length(v)) FROM t")
        quick = Connection()
        quick(rows(5), "PRAGMA wal_checkpoint(%s)" % kind)
        reader("SELECT count(*), sum(length(v)) FROM t", "COMMIT")
        quick("PRAGMA wal_checkpoint(%s)" % kind, rows(1))
        second("SELECT count(*), sum(length(v)) FROM t", "COMMIT")
        quick("PRAGMA wal_checkpoint(%s)" % kind, rows(1), "DELETE FROM t WHERE i%5=1")
        compare()
        for x in (reader, second, quick):
            x.close()
    c.close()


@case
def large_wal():
    """Thousands of frames, one transaction and many, never brought back until the end."""
    c = make("a.db", "wal", 10, 1024)
    c("PRAGMA wal_autocheckpoint=0", "PRAGMA synchronous=OFF", rows(6000))
    quiet = patient(quiet=True)
    quiet("PRAGMA wal_autocheckpoint=0", "PRAGMA synchronous=OFF")
    for i in range(300):
        quiet("UPDATE t SET v=v||'%d' WHERE i=%d" % (i, i * 19 + 1))
    compare()
    c("UPDATE t SET v=upper(v)||'-' WHERE i%2", "SELECT count(*), sum(length(v)) FROM t")
    quiet.close()
    compare()
    c("PRAGMA wal_checkpoint(RESTART)", rows(1))
    compare()
    c.close()


@case
def persistent_wal():
    """The WAL stays when the last connection closes, or when its process is killed."""
    shell("sqlite3 a.db 'PRAGMA journal_mode=wal' 'CREATE TABLE t(i INTEGER PRIMARY KEY, v)' '.filectrl persist_wal 1' 'INSERT INTO t VALUES(1, 1)'")
    compare()
    shell("sqlite3 a.db 'INSERT INTO t VALUES(2, 2)' '.filectrl persist_wal 1' 'INSERT INTO t VALUES(3, 3)'")
    compare()

    def leave():
        k = patient()
        k(rows(20))
    child(leave)
    compare()
    shell("sqlite3 a.db 'PRAGMA journal_size_limit=0' '.filectrl persist_wal 1' 'INSERT INTO t VALUES(50, 2)'; ls; wc -c < a.db-wal")
    child(leave)
    shell("sqlite3 a.db 'PRAGMA journal_mode=delete' 'INSERT INTO t VALUES(100, 2)'; ls")


@case
def grown_in_chunks():
    """The file is longer than the database."""
    for mode in MODES:
        name = mode + ".db"
        shell("sqlite3 %s 'PRAGMA journal_mode=%s' '.filectrl chunk_size 200000' 'CREATE TABLE t(i INTEGER PRIMARY KEY, v)'"
              " 'INSERT INTO t VALUES(1, zeroblob(30000))' 'DELETE FROM t' 'INSERT INTO t VALUES(1, 1)'; wc -c < %s" % (name, mode, name))
    # While it is open, too, and nothing marks the commit.
    writer = subprocess.Popen(["sqlite3", "open.db"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    writer.stdin.write("PRAGMA journal_mode=off;\n.filectrl chunk_size 200000\n" + TABLE + ";\n" + rows(9) + ";\nSELECT 'done';\n")
    writer.stdin.flush()
    for line in writer.stdout:
        say(line.strip())
        if line == "done\n":
            break
    compare()
    writer.stdin.close()
    say(writer.wait(LIMIT_SECONDS))


@case
def mapped():
    """Read and written through a memory map."""
    for mode in MODES:
        c = make(mode + ".db", mode, 300)
        c("PRAGMA mmap_size=100000000")
        other = patient(mode + ".db")
        other("PRAGMA mmap_size=100000000", "SELECT sum(length(v)) FROM t")
        for i in range(5):
            c("UPDATE t SET v=v||'-' WHERE i%%5=%d" % i)
            other("SELECT sum(length(v)) FROM t", rows(1))
        c("DELETE FROM t WHERE i>20", "VACUUM", "PRAGMA wal_checkpoint(TRUNCATE)", rows(200))
        other("SELECT sum(length(v)) FROM t")
        compare()
        other.close()
        c.close()


@case
def temporary_files():
    """Temporary databases, sorters and statement journals lie in the same directory."""
    os.environ["SQLITE_TMPDIR"] = TOP
    for mode in JOURNALED:
        c = make(mode + ".db", mode, 300)
        c("PRAGMA temp_store=FILE", "PRAGMA cache_size=5", "PRAGMA temp.cache_size=3")
        c("CREATE TEMP TABLE x AS SELECT v||i AS v FROM t", "CREATE INDEX ti ON t(v)", "UPDATE x SET v=v||'x'")
        c("INSERT INTO t(v) SELECT v FROM x ORDER BY v DESC", "CREATE TABLE u(a UNIQUE)", "INSERT INTO u SELECT i%250 FROM t")
        c("BEGIN", "UPDATE t SET v=v||'y'", "INSERT OR IGNORE INTO u SELECT i FROM t", "COMMIT", "VACUUM")
        c("SELECT count(*), sum(length(v)) FROM t")
        compare()
        c.close()
    say(sorted(f for f in os.listdir(".") if f.startswith("etilqs")))


# Whole files.

@case
def copied():
    """cp, tar, dd, mv from another filesystem; into the directory and over what is there."""
    elsewhere = TOP + "-elsewhere"
    os.mkdir(elsewhere)
    for mode in ["wal", "delete"]:
        for n in [5, 400]:
            shell("sqlite3 %s/%s-%d.db 'PRAGMA journal_mode=%s; CREATE TABLE t(i INTEGER PRIMARY KEY, v);"
                  " INSERT INTO t SELECT value, hex(zeroblob(500)) || value FROM generate_series(1, %d)' > /dev/null" % (elsewhere, mode, n, mode, n))
    for mode in ["wal", "delete"]:
        small, large = "%s/%s-5.db" % (elsewhere, mode), "%s/%s-400.db" % (elsewhere, mode)
        d = mode + "-"
        shell("cp %s %scp.db; cp %s %sover.db; cp %s %sover.db" % (small, d, large, d, small, d))
        shell("cp %s %sgrows.db; cp %s %sgrows.db" % (small, d, large, d))
        shell("dd if=%s of=%sdd.db bs=1000 2> /dev/null; dd if=%s of=%sdd.db conv=notrunc bs=7000 2> /dev/null" % (large, d, large, d))
        shell("cat %s > %scat.db; cp --sparse=always %s %ssparse.db" % (large, d, large, d))
        shell("tar cf %s/t.tar -C %s %s-400.db; mkdir %star; tar xf %s/t.tar -C %star" % (elsewhere, elsewhere, mode, d, elsewhere, d))
        shell("cp %s %s/move.db; mv %s/move.db %smv.db; cp %s %s/move.db; mv %s/move.db %scp.db" % (large, elsewhere, elsewhere, d, large, elsewhere, elsewhere, d))
        shell("cp %s %struncated.db; truncate -s 0 %struncated.db" % (large, d, d))
        shell("cp %s %semptied.db; : > %semptied.db; sqlite3 %semptied.db 'CREATE TABLE t(x); INSERT INTO t VALUES(1)'" % (large, d, d, d))
        compare()
        for name in sorted(f for f in os.listdir(".") if f.startswith(d) and f.endswith(".db")):
            shell("sqlite3 %s 'CREATE TABLE IF NOT EXISTS u(x); INSERT INTO u VALUES(1); SELECT count(*) FROM sqlite_master'" % name)


@case
def large_at_once():
    """Databases of some megabytes that come all at once, in each mode, and that change their page size."""
    elsewhere = TOP + "-large"
    os.mkdir(elsewhere)
    for mode in ["wal", "delete"]:
        make("%s/%s.db" % (elsewhere, mode), mode, 9000, 1024).close()
        shell("cp %s/%s.db %s-cp.db; sqlite3 %s-restored.db '.restore %s/%s.db'" % (elsewhere, mode, mode, mode, elsewhere, mode))
        compare()
        c = patient(mode + "-cp.db")
        c("PRAGMA journal_mode=delete", "PRAGMA page_size=8192", "VACUUM", "PRAGMA journal_mode=" + mode, rows(3))
        c.close()
    for mode in ["off", "memory"]:
        make(mode + ".db", mode, 9000).close()
    compare()


@case
def written_at_once():
    """A WAL begins before the pause that tells Sluice that what came without a journal is whole."""
    elsewhere = TOP + "-at-once"
    os.mkdir(elsewhere)
    make(elsewhere + "/wal.db", "wal", 300, 1024).close()
    make(elsewhere + "/small.db", "wal", 5, 1024).close()
    for i in range(3):
        shell("cp %s/wal.db cp%d.db; sqlite3 cp%d.db \"INSERT INTO t(v) VALUES('at once')\"" % (elsewhere, i, i))
        shell("cp %s/small.db cp%d.db; sqlite3 cp%d.db \"INSERT INTO t(v) VALUES('at once')\"" % (elsewhere, i, i))
        for mode in ["off", "memory"]:
            c = make("%s%d.db" % (mode, i), mode, 30)
            for _ in range(5):
                c(rows(1), "PRAGMA journal_mode=wal", rows(1), "PRAGMA journal_mode=" + mode)
            c.close()
        shell("cp %s/wal.db again%d.db; sqlite3 again%d.db 'PRAGMA journal_mode=delete; DELETE FROM t WHERE i%%2'" % (elsewhere, i, i))
    compare()


@case
def copied_with_a_smaller_over():
    """dd conv=notrunc of a small database over a large one: SQLite goes by the header."""
    make("large.db", "delete", 300).close()
    make("small.db", "delete", 3).close()
    shell("dd if=small.db of=large.db conv=notrunc 2> /dev/null; sqlite3 large.db 'PRAGMA page_count; SELECT count(*) FROM t'")
    compare()
    c = patient("large.db")
    c("SELECT count(*) FROM t", rows(2))
    c.close()


@case
def backup_restore_and_vacuum_into():
    for mode in JOURNALED:
        c = make(mode + ".db", mode, 300)
        c("VACUUM INTO '%s-into.db'" % mode, "VACUUM INTO '%s-into.db'" % mode)
        shell("sqlite3 %s.db '.backup %s-backup.db'; sqlite3 %s-restored.db '.restore %s.db'" % ((mode,) * 4))
        make(mode + "-full.db", mode, 40).close()
        shell("sqlite3 %s-full.db '.restore %s.db' 'SELECT count(*) FROM t'; sqlite3 %s.db '.clone %s-clone.db'" % ((mode,) * 4))
        shell("sqlite3 %s.db .dump | sqlite3 %s-dump.db; sqlite3 %s.db '.recover' | sqlite3 %s-recovered.db" % ((mode,) * 4))
        target = patient(mode + "-python.db")
        target("PRAGMA journal_mode=" + mode, TABLE)
        c.db.backup(target.db, pages=7)
        target("SELECT count(*) FROM t", rows(1))
        target.close()
        c.close()
    compare()


@case
def serialized():
    """A database made in memory, written as a file by one write."""
    if not hasattr(sqlite3.Connection, "serialize"):
        return
    for size in [512, 4096, 65536]:
        c = sqlite3.connect(":memory:", isolation_level=None)
        c.execute("PRAGMA page_size=%d" % size)
        c.execute(TABLE)
        c.execute(rows(30))
        with open("%d.db" % size, "wb") as f:
            f.write(c.serialize())
        compare()
        c.execute(rows(300))
        fd = os.open("%d.db" % size, os.O_WRONLY)
        os.write(fd, c.serialize())
        os.close(fd)
        compare()
        c.execute("DELETE FROM t WHERE i>3")
        c.execute("VACUUM")
        with open("new", "wb") as f:
            f.write(c.serialize())
            f.flush()
            os.fsync(f.fileno())
        os.replace("new", "%d.db" % size)
    say(os.listdir("."))


# Names.

@case
def deleted_and_made_again():
    """With no connection, with one that lives on, with a WAL that was left."""
    for mode in MODES:
        name = mode + ".db"
        make(name, mode, 50).close()
        os.remove(name)
        compare()
        make(name, mode, 3).close()
        compare()
        other = patient(name)
        other("SELECT count(*) FROM t", rows(5))
        shell("rm %s*; ls" % name)
        compare()
        make(name, mode, 7).close()
        compare()
        other.close()
        compare()

        def leave():
            k = patient(name)
            k("SELECT count(*) FROM t", rows(20))
        child(leave)
        shell("rm %s; rm -f %s-wal; rm -f %s-shm; ls %s*" % (name, name, name, name))
        compare()
        make(name, mode, 4, 1024).close()


@case
def deleted_while_its_wal_stays():
    """The next database of the name begins without it."""
    make("a.db", "wal", 50).close()

    def leave():
        k = patient()
        k("SELECT count(*) FROM t", rows(20))
    child(leave)
    os.remove("a.db")
    compare()
    make("a.db", "wal", 3, 1024).close()
    compare()
    child(leave)
    os.remove("a.db")
    make("a.db", "delete", 3).close()


@case
def renamed():
    """Alone, over another, and back; into another directory, with the directory."""
    os.makedirs("d/e")
    for mode in MODES:
        name = mode + ".db"
        make(name, mode, 50).close()
        os.rename(name, "d/" + name)
        compare()
        c = patient("d/" + name)
        c(rows(2))
        c.close()
        make(name, mode, 5, 1024).close()
        compare()
        os.replace(name, "d/" + name)
        compare()
        c = patient("d/" + name)
        c("SELECT count(*) FROM t", rows(2))
        c.close()
        shell("ln d/%s d/e/%s; rm d/%s; mv d/e/%s %s" % ((name,) * 5))
        compare()
        c = patient(name)
        c("SELECT count(*) FROM t", rows(2))
        c.close()
    c = make("d/e/open.db", "wal", 10)
    os.rename("d", "g")
    compare()
    c("SELECT count(*) FROM t")
    c.close()
    c = patient("g/e/open.db")
    c("SELECT count(*) FROM t", rows(2))
    c.close()


@case
def renamed_with_its_wal():
    """A process was killed; what it left is moved, file by file."""
    def leave():
        k = patient()
        k("SELECT count(*) FROM t", rows(20))
    for order in [["", "-wal", "-shm"], ["-wal", "", "-shm"]]:
        make("a.db", "wal", 50).close()
        child(leave)
        for suffix in order:
            os.rename("a.db" + suffix, "b.db" + suffix)
        c = patient("b.db")
        c("SELECT count(*) FROM t")
        compare()
        c(rows(2))
        compare()
        c.close()
        shell("rm b.db*; ls")


@case
def renamed_with_its_journal():
    """As above, with a hot journal."""
    for order in [["", "-journal"], ["-journal", ""]]:
        make("a.db", "delete", 50).close()

        def leave():
            k = patient()
            k("PRAGMA cache_size=3", "BEGIN", rows(60), "UPDATE t SET v='gone'")
        child(leave)
        for suffix in order:
            os.rename("a.db" + suffix, "b.db" + suffix)
        c = patient("b.db")
        c("SELECT count(*), sum(length(v)) FROM t")
        compare()
        c(rows(2))
        compare()
        c.close()
        os.remove("b.db")


@case
def copied_with_its_wal():
    """The files of an open database, copied as they are."""
    c = make("a.db", "wal", 50)
    c("PRAGMA wal_autocheckpoint=0", rows(3), rows(4), "UPDATE t SET v=v||'-' WHERE i%3=0")
    shell("cp a.db b.db; cp a.db-wal b.db-wal; cp a.db-wal c.db-wal; cp a.db c.db; tar cf t.tar a.db a.db-wal; mkdir d; tar xf t.tar -C d")
    for name in ["b.db", "c.db", "d/a.db"]:
        k = patient(name)
        k("SELECT count(*), sum(length(v)) FROM t", rows(1))
        k.close()
    c.close()


@case
def exchanged():
    """Two databases trade their names in one call."""
    make("a.db", "delete", 30).close()
    make("b.db", "wal", 3, 1024).close()
    import ctypes
    libc = ctypes.CDLL(None, use_errno=True)
    say(libc.renameat2(-100, b"a.db", -100, b"b.db", 2))
    compare()
    for name in ["a.db", "b.db"]:
        c = patient(name)
        c("SELECT count(*) FROM t", rows(1))
        c.close()


@case
def replaced_while_open():
    """Over a database that others have open, in a rollback mode, and truncated by hand."""
    c = make("a.db", "delete", 30)
    make("b.db", "delete", 60, 1024).close()
    shell("cp b.db new; mv new a.db; sqlite3 a.db 'SELECT count(*) FROM t; DELETE FROM t WHERE i%2'")
    c.close()
    compare()
    c = make("c.db", "delete", 30)
    shell("cp b.db c.db")
    compare()
    c.close()
    c = patient("c.db")
    c("SELECT count(*) FROM t", rows(1))
    c.close()


if __name__ == "__main__":
    if len(sys.argv) < 3:
        for name in CASES:
            print(name)
    else:
        TOP = os.path.realpath(sys.argv[1])
        os.chdir(TOP)
        CASES[sys.argv[2]]()
        print("END", flush=True)
