"""Called by scripts/programs: sets the programs up, runs them by twos, and compares what is left everywhere."""
import argparse
import hashlib
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

parser = argparse.ArgumentParser()
parser.add_argument("top", type=Path)
parser.add_argument("tmp", type=Path)
parser.add_argument("--native", action="store_true")
parser.add_argument("--count", type=int, default=40)
parser.add_argument("names", nargs="*")
options = parser.parse_args()
SOURCES = options.top / "scripts/programs.d"
CACHE = options.top / "target/programs"
CACHE.mkdir(parents=True, exist_ok=True)
LIMIT = 300


class Missing(Exception):
    pass


def need(*tools):
    for tool in tools:
        if not shutil.which(tool):
            raise Missing("there is no " + tool)


def set_up(what, *command, cwd, env=None):
    log = CACHE / (what + ".log")
    with open(log, "w") as out:
        done = subprocess.run(command, cwd=cwd, stdout=out, stderr=out, stdin=subprocess.DEVNULL, timeout=900,
                              env=dict(os.environ, **(env or {})))
    if done.returncode:
        raise Missing("setting it up failed, see " + str(log.relative_to(options.top)))


def shell():
    need("sqlite3")
    return [str(SOURCES / "shell.sh")]


def python():
    return [sys.executable, str(SOURCES / "python.py")]


def node():
    need("node", "npm")
    where = CACHE / "npm"
    where.mkdir(exist_ok=True)
    shutil.copy(SOURCES / "node.js", where)
    if not list(where.glob("node_modules/better-sqlite3/build/Release/better_sqlite3.node")):
        (where / "package.json").write_text('{"private": true, "allowScripts": {"better-sqlite3": true}}')
        set_up("npm", "npm", "install", "better-sqlite3", cwd=where)
        set_up("npm-build", "npm", "rebuild", "better-sqlite3", "--foreground-scripts", cwd=where)
    return ["node", str(where / "node.js")]


def go(driver, module):
    need("go")
    if driver == "mattn":
        need("gcc")
    where = CACHE / ("go-" + driver)
    where.mkdir(exist_ok=True)
    for source in ("main.go", driver + ".go"):
        shutil.copy(SOURCES / "go" / source, where)
    if not (where / "program").exists():
        (where / "go.mod").write_text("module program\n\ngo 1.21\n")
        set_up(driver + "-get", "go", "get", module, cwd=where)
        set_up(driver, "go", "build", "-tags", driver, "-o", "program", ".", cwd=where, env={"CGO_ENABLED": "1" if driver == "mattn" else "0"})
    return [str(where / "program")]


def rust():
    need("cargo", "gcc")
    where = CACHE / "rust"
    shutil.copytree(SOURCES / "rust", where, dirs_exist_ok=True)
    program = where / "target/release/program"
    if not program.exists():
        set_up("cargo", "cargo", "build", "--release", cwd=where)
    return [str(program)]


def django():
    where = CACHE / "venv"
    if not (where / "bin/django-admin").exists():
        set_up("venv", sys.executable, "-m", "venv", str(where), cwd=CACHE)
        set_up("django", str(where / "bin/pip"), "install", "django", cwd=CACHE)
    return [str(where / "bin/python"), str(SOURCES / "django_app.py")]


def jdbc():
    java = Path(os.environ["JAVA_HOME"]) / "bin/java"
    jars = sorted((Path.home() / ".m2/repository/org/xerial/sqlite-jdbc").glob("*/sqlite-jdbc-*.jar"))
    loggers = sorted((Path.home() / ".m2/repository/org/slf4j/slf4j-api").glob("2.*/slf4j-api-*.jar"))
    if not jars or not loggers:
        raise Missing("sqlite-jdbc is not in the local Maven repository; run the tests once")
    return [str(java), "-Xmx200m", "-cp", "%s:%s" % (jars[-1], loggers[-1]), str(SOURCES / "Jdbc.java")]


PROGRAMS = {
    "shell": shell,
    "python": python,
    "better-sqlite3": node,
    "modernc": lambda: go("modernc", "modernc.org/sqlite"),
    "mattn": lambda: go("mattn", "github.com/mattn/go-sqlite3"),
    "rusqlite": rust,
    "django": django,
    "jdbc": jdbc,
}


def sluice(*args):
    return [str(options.top / "sluice"), *map(str, args)]


def mount(name, *args):
    log = open(options.tmp / (name + ".log"), "w+")
    process = subprocess.Popen(sluice("mount", *args), stdout=log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
    for _ in range(600):
        for line in (options.tmp / (name + ".log")).read_text().splitlines():
            if line.startswith("serving"):
                return process, line[line.rindex("http://"):]
        if process.poll() is not None:
            break
        time.sleep(0.1)
    sys.exit("sluice did not start: " + (options.tmp / (name + ".log")).read_text())


def look(file):
    """A hash of all that is in a database; what is wrong with it comes first."""
    db = sqlite3.connect("file:%s?mode=ro" % file, uri=True, timeout=60)
    try:
        ok = db.execute("PRAGMA integrity_check").fetchone()[0]
        return ok if ok != "ok" else hashlib.sha256("\n".join(db.iterdump()).encode()).hexdigest()
    finally:
        db.close()


def run_two(mode, pair, commands, directory):
    """Gives the seconds it took and the complaints."""
    file = directory / ("%s-%s-%s.db" % (mode, *pair))
    with sqlite3.connect(file) as db:
        db.execute("PRAGMA journal_mode=" + mode)
        db.execute("CREATE TABLE t(who TEXT, n INTEGER, body TEXT, PRIMARY KEY(who, n))")
    db.close()
    started = time.time()
    runs = []
    for i, name in enumerate(pair):
        backup = directory / ("%s-backup-%d.db" % (file.stem, i))
        err = open(options.tmp / ("%s-%d.err" % (file.stem, i)), "w+")
        process = subprocess.Popen([*commands[name], str(file), mode, "%s%d" % (name, i), str(options.count), str(backup)],
                                   stdout=subprocess.PIPE, stderr=err, stdin=subprocess.DEVNULL, text=True,
                                   env=dict(os.environ, TMPDIR=str(options.tmp)))
        runs.append((name, i, process, backup, err))
    complaints = []
    for name, i, process, backup, err in runs:
        try:
            out, _ = process.communicate(timeout=LIMIT)
        except subprocess.TimeoutExpired:
            process.kill()
            out = ""
            complaints.append(name + " did not end")
        if process.returncode:
            err.seek(0)
            complaints.append("%s: %s" % (name, " ".join(err.read().split())[-300:]))
            continue
        table, count = out.split()
        db = sqlite3.connect(file, timeout=60)
        found = db.execute("SELECT count(*), count(DISTINCT n) FROM %s WHERE who = ?" % table, ("%s%d" % (name, i),)).fetchone()
        db.close()
        if found != (int(count), int(count)):
            complaints.append("%s: %s rows of %s" % (name, found, count))
        if len(look(backup)) != 64:
            complaints.append("%s: its backup: %s" % (name, look(backup)))
    state = look(file)
    if len(state) != 64:
        complaints.append("integrity_check: " + state)
    return file, time.time() - started, state, complaints


def main():
    commands = {}
    for name, prepare in PROGRAMS.items():
        if options.names and name not in options.names:
            continue
        try:
            commands[name] = prepare()
        except Missing as e:
            print("left out: %s (%s)" % (name, e))
    tmp = options.tmp
    directory = tmp / "mnt"
    primary = follower = None
    if options.native:
        directory.mkdir()
    else:
        primary, url = mount("primary", "--data", tmp / "data", "--store", "file://%s/store" % tmp, "--listen", "127.0.0.1:0", directory)
        follower, url2 = mount("follower", "--data", tmp / "data2", "--follow", url, "--listen", "127.0.0.1:0", tmp / "mnt2")
    names = list(commands)
    # Each with itself, and with the next one.
    pairs = [(a, b) for i, a in enumerate(names) for b in dict.fromkeys((a, names[(i + 1) % len(names)]))]
    results = []
    try:
        for mode in ("wal", "delete"):
            for pair in pairs:
                results.append((mode, pair, *run_two(mode, pair, commands, directory)))
        if not options.native:
            for mode, pair, file, seconds, state, complaints in results:
                position = (directory / (file.name + "-pos")).read_text().strip()
                waited = subprocess.run(sluice("wait", "--url", url2, "--position", position, "--timeout", "60s", file.name), timeout=LIMIT, capture_output=True, text=True)
                if waited.returncode:
                    complaints.append("follower: " + waited.stderr.strip())
                elif look(tmp / "mnt2" / file.name) != state:
                    complaints.append("the follower has something else")
            for process in (follower, primary):
                process.send_signal(signal.SIGTERM)
                if process.wait(timeout=120):
                    results[0][-1].append("sluice ended with %d" % process.returncode)
            for mode, pair, file, seconds, state, complaints in results:
                restored = tmp / ("restored-" + file.name)
                done = subprocess.run(sluice("restore", "file://%s/store/%s" % (tmp, file.name), "-o", restored), timeout=LIMIT, capture_output=True, text=True)
                if done.returncode:
                    complaints.append("restore: " + done.stderr.strip())
                elif look(restored) != state:
                    complaints.append("something else was restored")
    finally:
        for process in (follower, primary):
            if process and process.poll() is None:
                process.kill()
                process.wait()
    print("| journal | programs | seconds | |\n|---|---|---|---|")
    for mode, pair, file, seconds, state, complaints in results:
        print("| %s | %s + %s | %.1f | %s |" % (mode, *pair, seconds, "; ".join(complaints) or "ok"))
    failed = sum(bool(r[-1]) for r in results)
    print("%d of %d failed, %d transactions each twice" % (failed, len(results), options.count))
    if failed and not options.native:
        for name in ("primary", "follower"):
            print("--- %s\n%s" % (name, (tmp / (name + ".log")).read_text()[-3000:]))
    return 1 if failed or not results else 0


sys.exit(main())
