"""Runs test files of SQLite's own suite on a mount of Sluice and in a native directory, and compares."""

import argparse
import datetime
import glob
import json
import os
import platform
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
SUMMARY = re.compile(r"^(\d+) errors out of (\d+) tests", re.M)
PASSED = re.compile(r"^(\S+)\.\.\. Ok$", re.M)
FAILURES = re.compile(r"^!Failures on these tests:(.*)$", re.M)
LOGGED = re.compile(r"\b(WARN|ERROR)\b")
# Of the databases that one file leaves behind: each restore is a process.
RESTORED = 2
MAGIC = b"SQLite format 3\0"


def entries(path):
    """The lines of a file, without comments and empty ones."""
    with open(path, encoding="utf-8") as lines:
        return [line.strip() for line in lines if line.strip() and not line.startswith("#")]


def read_exceptions(path):
    """Test name, or FILE:log, FILE:replica: one sentence why."""
    return dict(line.split(None, 1) for line in entries(path))


class Result:
    """What one run of a test file said."""

    def __init__(self, output, status, seconds):
        self.output = output
        self.seconds = seconds
        said = SUMMARY.search(output)
        self.whole = said is not None
        self.errors = int(said[1]) if said else None
        self.tests = int(said[2]) if said else None
        failures = FAILURES.search(output)
        self.failing = set(failures[1].split()) if failures else set()
        if not self.whole:
            self.failing.add("did not end" if status is None else "no summary")
        self.passed = set(PASSED.findall(output))
        self.how = "timeout" if status is None else f"status {status}"

    def __str__(self):
        return f"{self.errors}/{self.tests}" if self.whole else f"{self.how}, {len(self.passed)} ok"

    def detail(self, name):
        """What was expected, and what came instead."""
        lines = self.output.splitlines()
        at = next((i for i, line in enumerate(lines) if line.startswith(f"{name}...")), len(lines))
        lines = [line for line in lines[at : at + 12] if line.startswith((f"! {name} ", "Error:"))]
        if name == "no summary":
            lines = self.output.splitlines()[-3:]
        return [line[:300] for line in lines[:2]]


class Sluice:
    """A primary on a mount, in a process of its own, and a follower of it."""

    def __init__(self, top, directory):
        self.command = [os.path.join(top, "sluice")]
        self.data = os.path.join(directory, "data")
        self.mount = os.path.join(directory, "mnt")
        self.store = os.path.join(directory, "store")
        self.log = os.path.join(directory, "sluice.log")
        self.seen = 0
        self.process = None
        self.url = None
        os.mkdir(self.mount)
        self.config = os.path.join(directory, "sluice.yml")
        with open(self.config, "w", encoding="utf-8") as config:
            # A slow machine is no failure.
            config.write("backup-objective: 1h\n")

    def start(self):
        with open(self.log, "a", encoding="utf-8") as log:
            start = os.path.getsize(self.log)
            self.process = subprocess.Popen(
                [*self.command, "mount", "--data", self.data, "--store", "file://" + self.store,
                 "--sync-interval", "100ms", "--config", self.config, "--listen", "127.0.0.1:0", self.mount],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline and self.process.poll() is None:
            with open(self.log, encoding="utf-8", errors="replace") as log:
                log.seek(start)
                serving = re.search(r"^serving .*(http://\S+)", log.read(), re.M)
            if serving:
                self.url = serving[1]
                return
            time.sleep(0.05)
        sys.exit(f"sqlite-suite: Sluice does not serve; see {self.log}")

    def alive(self):
        """Whether it runs and answers; asked by a process that can be given up."""
        if self.process.poll() is not None:
            return False
        try:
            return subprocess.run(["stat", self.mount + "/."], stdout=subprocess.DEVNULL,
                                  stderr=subprocess.DEVNULL, timeout=30).returncode == 0
        except subprocess.TimeoutExpired:
            return False

    def warnings(self):
        """Lines of warnings and errors in the log since the last call."""
        with open(self.log, encoding="utf-8", errors="replace") as log:
            log.seek(self.seen)
            text = log.read()
            self.seen = log.tell()
        return [line for line in text.splitlines() if LOGGED.search(line)]

    def run(self, *args):
        return subprocess.run([*self.command, *args], capture_output=True, text=True, timeout=120,
                              stdin=subprocess.DEVNULL)

    def unmount(self):
        for command in (["umount", "-f", self.mount], ["fusermount", "-uz", self.mount]):
            try:
                subprocess.run(command, capture_output=True, timeout=20)
            except (OSError, subprocess.TimeoutExpired):
                pass

    def stop(self):
        """Ends it, cleanly if it can; gives its exit status."""
        if self.process is None:
            return 0
        self.process.terminate()
        try:
            status = self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.unmount()
            self.process.kill()
            status = None
        if os.path.ismount(self.mount):
            self.unmount()
        return status


def run_file(fixture, tests, name, directory, output, limit):
    """Runs a test file in a new directory. What it started ends with it."""
    os.makedirs(directory)
    began = time.monotonic()
    with open(output, "wb") as out:
        process = subprocess.Popen(
            [fixture, os.path.join(tests, name + ".test"), "--testdir=."], cwd=directory,
            stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT, start_new_session=True)
        try:
            status = process.wait(limit)
        except subprocess.TimeoutExpired:
            status = None
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        if status is None:
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                print(f"  {name}: a killed testfixture does not end")
    with open(output, "rb") as out:
        text = out.read().decode("utf-8", "replace")
    return Result(text, status, time.monotonic() - began)


def sqlite(file, sql):
    """What the sqlite3 program says, or None."""
    try:
        run = subprocess.run(["sqlite3", "-batch", "-init", "/dev/null", file, sql], capture_output=True,
                             timeout=60, stdin=subprocess.DEVNULL)
    except subprocess.TimeoutExpired:
        return None
    return run.stdout if run.returncode == 0 and not run.stderr else None


def databases(directory):
    """Files that are databases SQLite opens, below a directory of the mount."""
    for file in sorted(glob.glob(os.path.join(glob.escape(directory), "**"), recursive=True)):
        if not os.path.isfile(file) or os.path.islink(file) or os.stat(file).st_nlink > 1:
            continue
        if re.search(r"-(wal|shm|journal|mj[0-9A-F]{9,})$", file):
            continue
        with open(file, "rb") as content:
            head = content.read(16)
        wal = file + "-wal"
        if head != MAGIC and not (head == b"" and os.path.exists(wal) and os.path.getsize(wal) > 32):
            continue
        # Takes back what a hot journal holds, through the mount.
        if sqlite(file, "PRAGMA schema_version") is None:
            continue
        with open(file, "rb") as content:
            if content.read(16) == MAGIC:
                yield file


def check_replicas(sluice, directory, scratch):
    """Compares what a test left behind with its position, and with what a restore gives."""
    problems = []
    expected = []
    for number, file in enumerate(databases(directory)):
        name = os.path.relpath(file, sluice.mount)
        plain = os.path.join(scratch, f"{number}.db")
        for suffix in ("", "-wal"):
            if os.path.exists(file + suffix):
                shutil.copyfile(file + suffix, plain + suffix)
        if os.path.exists(plain + "-wal"):
            if sqlite(plain, "PRAGMA wal_checkpoint(TRUNCATE)") is None:
                problems.append(f"{name}: its copy can't be checkpointed")
                continue
        cut_to_size(plain)
        position = wait_for_position(sluice, file)
        if position is None:
            problems.append(f"{name}: no position file")
            continue
        expected.append((name, plain, position))
    shown = sluice.run("ltx", "checksum", "--json", *(plain for _, plain, _ in expected)) if expected else None
    if shown and shown.returncode:
        return 0, [f"{directory}: {shown.stderr.strip()}"]
    checksums = {each["file"]: each["checksum"] for each in json.loads(shown.stdout)} if shown else {}
    for number, (name, plain, position) in enumerate(expected):
        # Plain writes are cut after a pause, which is long on a busy machine.
        deadline = time.monotonic() + 20
        while checksums[plain] != position.split("/")[1] and time.monotonic() < deadline:
            time.sleep(0.2)
            position = wait_for_position(sluice, os.path.join(sluice.mount, name)) or position
        if checksums[plain] != position.split("/")[1]:
            problems.append(f"{name}: at {position}, but its checksum is {checksums[plain]}")
        elif number < RESTORED and shipped(sluice, name, position, problems):
            restored = plain + ".restored"
            run = sluice.run("restore", f"file://{sluice.store}/{name}", "-o", restored)
            if run.returncode:
                problems.append(f"{name}: restore: {run.stderr.strip()}")
            elif not same(plain, restored):
                problems.append(f"{name}: what is restored differs, at {position}")
    for file in os.listdir(scratch):
        os.unlink(os.path.join(scratch, file))
    return len(expected), problems


def cut_to_size(file):
    """
    Takes off what lies behind the pages that the header counts: SQLite may make a file longer, in chunks. And makes
    the last page whole: of that, too, SQLite may write a part only.
    """
    with open(file, "r+b") as f:
        head = f.read(100)
        size, pages = int.from_bytes(head[16:18], "big"), int.from_bytes(head[28:32], "big")
        size = 65536 if size == 1 else size
        length = f.seek(0, os.SEEK_END)
        if head[24:28] == head[92:96] and pages and (length > pages * size or pages * size - length < size):
            f.truncate(pages * size)


def wait_for_position(sluice, file):
    """The position of a database once it stands: plain writes are cut after a pause."""
    before = None
    for _ in range(100):
        try:
            with open(file + "-pos", encoding="ascii") as f:
                now = f.read().strip()
        except FileNotFoundError:
            now = None
        if now is not None and now == before:
            return now
        before = now
        time.sleep(0.15 if now else 0.05)
    return before


def shipped(sluice, name, position, problems):
    deadline = time.monotonic() + 60
    state = None
    while time.monotonic() < deadline:
        with urllib.request.urlopen(sluice.url + "/v1/status", timeout=30) as answer:
            status = json.load(answer)
        state = next((d for d in status["databases"] if d["name"] == name), None)
        if state and any(store.get("shipped") == position for store in state.get("stores") or []):
            return True
        time.sleep(0.1)
    problems.append(f"{name}: {position} is not in the store: {json.dumps(state)[:300]}")
    return False


def same(one, other):
    with open(one, "rb") as a, open(other, "rb") as b:
        return a.read() == b.read()


def new_on_mount(native, mount, exceptions, used):
    """Names that fail on the mount only; those of exceptions apart."""
    names = mount.failing - native.failing
    # A timeout comes sooner where there is more to do.
    if not mount.whole and native.how == mount.how != "timeout":
        names |= native.passed - mount.passed
    names = sorted(names)
    known = [n for n in names if n in exceptions]
    used.update(known)
    return [n for n in names if n not in exceptions], known


def main():
    parser = argparse.ArgumentParser(
        prog="sqlite-suite",
        description="Runs files of SQLite's own test suite on a mount of Sluice and in a native directory beside it."
        " Ends with 1 when something passes natively and fails on the mount, and is not among the exceptions.")
    parser.add_argument("tests", nargs="*", help="test files, such as wal or wal.test; default: the whole list")
    parser.add_argument("--short", action="store_true", help="the short list, for every build")
    parser.add_argument("--list", default=None, help="file with the names of tests")
    parser.add_argument("--timeout", type=float, default=300, help="seconds for each run of a file (300)")
    parser.add_argument("--minutes", type=float, help="start no more files after that")
    parser.add_argument("--no-replicas", action="store_true", help="don't restore and compare what tests leave behind")
    parser.add_argument("--keep", action="store_true", help="leave the temporary directory, with Sluice's log")
    parser.add_argument("--verbose", action="store_true", help="what failing tests expected and got, natively too")
    parser.add_argument("--report", help="write a report in Markdown there")
    parser.add_argument("--top", help=argparse.SUPPRESS)
    parser.add_argument("--suite", help=argparse.SUPPRESS)
    args = parser.parse_args()

    listed = args.list or os.path.join(HERE, "sqlite-suite.short" if args.short else "sqlite-suite.list")
    names = [re.sub(r"\.test$", "", os.path.basename(n)) for n in args.tests or entries(listed)]
    exceptions = read_exceptions(os.path.join(HERE, "sqlite-suite.exceptions"))
    tests = glob.glob(os.path.join(args.suite, "source", "sqlite3-*", "test"))[0]
    fixture = os.path.join(args.suite, "build", "testfixture")
    missing = [n for n in names if not os.path.exists(os.path.join(tests, n + ".test"))]
    for name in missing:
        print(f"sqlite-suite: this version of SQLite has no {name}.test")
    names = [n for n in names if n not in missing]

    directory = os.path.realpath(tempfile.mkdtemp(prefix="sqlite-suite."))
    sluice = Sluice(args.top, directory)
    for sig in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(sig, lambda *_: sys.exit(143))
    rows, failed, left_out, used = [], [], [], set()
    began = time.monotonic()
    stopped = None
    try:
        os.mkdir(os.path.join(directory, "native"))
        scratch = os.path.join(directory, "scratch")
        os.mkdir(scratch)
        sluice.start()
        for number, name in enumerate(names):
            if args.minutes and time.monotonic() - began > args.minutes * 60:
                left_out = names[number:]
                break
            row = run_both(args, sluice, fixture, tests, name, directory, scratch, exceptions, used)
            rows.append(row)
            failed += row["failed"]
            if not sluice.alive():
                print("  Sluice does not answer any more; starting it again")
                failed.append(f"{name}: Sluice died")
                sluice.stop()
                sluice.start()
        stopped = sluice.stop()
        if stopped != 0:
            failed.append(f"Sluice ended with status {stopped}")
    finally:
        if stopped is None:
            sluice.stop()
        if os.path.ismount(sluice.mount):
            sluice.unmount()
        if args.keep or os.path.ismount(sluice.mount):
            print(f"left: {directory}")
        else:
            shutil.rmtree(directory, ignore_errors=True)

    seconds = time.monotonic() - began
    if not args.tests and not args.short and not left_out:
        for name in sorted(set(exceptions) - used):
            print(f"warning: the exception {name} was not needed")
    total = summary(rows, failed, used, seconds)
    if left_out:
        total += f"; not run for lack of time: {', '.join(left_out)}"
    print("\n" + total)
    for line in failed:
        print("FAILED " + line)
    if args.report:
        report(args, rows, failed, used, exceptions, total, tests)
    sys.exit(1 if failed else 0)


def run_both(args, sluice, fixture, tests, name, directory, scratch, exceptions, used):
    at = os.path.join(directory, "native", name)
    native = run_file(fixture, tests, name, at, at + ".out", args.timeout)
    shutil.rmtree(at, ignore_errors=True)
    sluice.warnings()
    at = os.path.join(sluice.mount, name)
    mount = run_file(fixture, tests, name, at, os.path.join(directory, name + ".out"), args.timeout * 2)
    failed, known = new_on_mount(native, mount, exceptions, used)
    line = f"{name:24} native {str(native):>16} {native.seconds:6.1f} s   mount {str(mount):>16} {mount.seconds:6.1f} s"
    checked, problems = 0, []
    if sluice.alive() and not args.no_replicas:
        try:
            checked, problems = check_replicas(sluice, at, scratch)
        except (OSError, subprocess.TimeoutExpired) as e:
            problems = [f"{name}: {e}"]
    logged = sluice.warnings()
    print(line + (f"   {checked} compared" if checked else "") + (f"   {len(logged)} logged" if logged else ""))
    for test in failed + known:
        print(f"  {'known' if test in known else 'FAILS ON THE MOUNT'}: {test}")
        for detail in mount.detail(test):
            print("    " + detail)
    if args.verbose:
        for test in sorted(native.failing):
            print(f"  fails natively: {test}")
            for detail in native.detail(test):
                print("    " + detail)
    for test in sorted(native.failing - mount.failing):
        print(f"  fails natively only: {test}")
    for text in logged[:4]:
        print("  " + text[:400])
    for text in problems:
        print("  REPLICA " + text)
    errors = [text for text in logged if re.search(r"\bERROR\b", text)]
    every = [f"{name}: {test}" for test in failed]
    for kind, found in (("log", errors), ("replica", problems)):
        if found and f"{name}:{kind}" in exceptions:
            used.add(f"{name}:{kind}")
            known.append(f"{name}:{kind}")
        else:
            every += [f"{name}: {text[:200]}" for text in found]
    if not args.keep and sluice.alive():
        shutil.rmtree(at, ignore_errors=True)
    return {"name": name, "native": native, "mount": mount, "failed": every, "known": known,
            "logged": logged, "checked": checked}


def summary(rows, failed, used, seconds):
    count = lambda side: sum(row[side].tests or 0 for row in rows)
    errors = lambda side: sum(row[side].errors or 0 for row in rows)
    return (f"{len(rows)} files; native {errors('native')} errors of {count('native')} tests,"
            f" mount {errors('mount')} errors of {count('mount')} tests;"
            f" {sum(row['checked'] for row in rows)} databases left behind compared;"
            f" {len(used)} exceptions used, {len(failed)} failures; {seconds / 60:.0f} minutes")


def report(args, rows, failed, used, exceptions, total, tests):
    with open(os.path.join(tests, "..", "VERSION"), encoding="ascii") as f:
        version = f.read().strip()
    with open(args.report, "w", encoding="utf-8") as out:
        out.write(
            "# SQLite's own test suite on a mount\n\n"
            "Made by `scripts/sqlite-suite --report docs/sqlite-suite.md`: each file of the suite is run in a native"
            " directory and on a\nmount, as root. The databases that it leaves behind are compared with their"
            " positions; two of them,\nby bytes, with what a restore from the store gives. The suite is built with fsync, which it leaves out"
            " otherwise.\n\n"
            f"{datetime.date.today()}, SQLite {version}, Linux {platform.release()}, {os.cpu_count()} cores\n\n"
            f"{total}.\n\n")
        if failed:
            out.write("## Failures\n" + "".join(f"- {line}\n" for line in failed) + "\n")
        if used:
            out.write("## Known differences\n| test | why |\n|---|---|\n")
            out.write("".join(f"| {n} | {exceptions[n]} |\n" for n in sorted(used)) + "\n")
        out.write("## File by file\nErrors/tests. \"Native too\": fails in the native directory as well.\n\n"
                  "| file | native | mount | compared | differs | native too |\n|---|--:|--:|--:|---|---|\n")
        for row in rows:
            differs = row["known"] + [f.split(": ", 1)[1] for f in row["failed"]]
            both = sorted(row["native"].failing & row["mount"].failing)
            both = both if len(both) <= 4 else both[:3] + [f"and {len(both) - 3} more"]
            out.write(f"| {row['name']} | {row['native']} | {row['mount']} | {row['checked'] or ''} |"
                      f" {', '.join(differs)} | {', '.join(both)} |\n")


if __name__ == "__main__":
    main()
