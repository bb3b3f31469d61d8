"""What POSIX and Linux promise of files, tried in two directories: the second has to do what the first does.

posix.py NATIVE MOUNTED [CASE...]; prints what differs, and ends with 1 when something does.
"""
import ctypes
import errno
import fcntl
import hashlib
import mmap
import os
import random
import select
import signal
import socket
import stat
import struct
import sys
import threading
import time

libc = ctypes.CDLL(None, use_errno=True)
NOREPLACE, EXCHANGE = 1, 2
KEEP_SIZE, PUNCH_HOLE, COLLAPSE, ZERO_RANGE, INSERT = 1, 2, 8, 16, 32
OFD_SETLK = 37
ROOT = os.geteuid() == 0


def checked(result):
    if result < 0:
        raise OSError(ctypes.get_errno(), "")
    return result


def outcome(operation):
    try:
        return operation()
    except OSError as e:
        return errno.errorcode.get(e.errno, e.errno)


def short(data):
    return data if len(data) < 60 else (len(data), hashlib.sha256(data).hexdigest()[:16])


class Tree:
    def __init__(self, top):
        self.top = os.fsencode(top)
        self.log = []
        self.fds = []

    def p(self, name=b""):
        return os.path.join(self.top, os.fsencode(name))

    def do(self, label, operation):
        self.log.append((label, outcome(operation)))
        return self.log[-1][1]

    def open(self, name, flags=os.O_RDWR | os.O_CREAT, mode=0o644):
        fd = os.open(self.p(name), flags, mode)
        self.fds.append(fd)
        return fd

    def close(self):
        for fd in self.fds:
            try:
                os.close(fd)
            except OSError:
                pass
        self.fds = []

    def file(self, name, data=b"", mode=0o644):
        fd = os.open(self.p(name), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
        os.write(fd, data)
        os.close(fd)

    def content(self, name):
        with open(self.p(name), "rb") as f:
            return short(f.read())

    def look(self, name, follow=False):
        s = os.stat(self.p(name), follow_symlinks=follow)
        size = None if stat.S_ISDIR(s.st_mode) else s.st_size
        return oct(s.st_mode), s.st_nlink, s.st_uid, s.st_gid, size

    def rename2(self, a, b, flags):
        return checked(libc.renameat2(-100, self.p(a), -100, self.p(b), flags))

    def child(self, work, uid=0, gid=0, groups=()):
        """What another process, of another user, makes of the same; it works in the top directory."""
        read, write = os.pipe()
        pid = os.fork()
        if pid == 0:
            try:
                os.close(read)
                os.chdir(self.top)
                if ROOT:
                    os.setgroups(list(groups))
                    os.setresgid(gid, gid, gid)
                    os.setresuid(uid, uid, uid)
                os.write(write, repr(outcome(work)).encode())
            except BaseException as e:
                os.write(write, repr(e).encode())
            finally:
                os._exit(0)
        os.close(write)
        with os.fdopen(read, "rb") as f:
            said = f.read().decode()
        os.waitpid(pid, 0)
        return said


def renames(t):
    t.file("f", b"f")
    t.file("g", b"gg")
    t.do("over a file", lambda: os.rename(t.p("f"), t.p("g")))
    t.do("gone", lambda: os.stat(t.p("f")))
    t.do("content", lambda: t.content("g"))
    os.mkdir(t.p("d"))
    os.mkdir(t.p("d/e"))
    os.mkdir(t.p("empty"))
    for a, b in (("d", "d/e/x"), ("d", "d"), ("g", "d"), ("d", "g"), ("d", "empty"), ("none", "x"), ("g", "none/x"), ("g", "g/x"), ("empty", "empty/.."), (".", "x")):
        t.do("rename %s %s" % (a, b), lambda: os.rename(t.p(a), t.p(b)))
    os.mkdir(t.p("full"))
    t.file("full/1")
    t.do("over a full one", lambda: os.rename(t.p("empty"), t.p("full")))
    t.file("a", b"a")
    t.file("b", b"bb")
    t.do("noreplace", lambda: t.rename2("a", "b", NOREPLACE))
    t.do("noreplace, free", lambda: t.rename2("a", "c", NOREPLACE))
    t.do("exchange", lambda: t.rename2("b", "c", EXCHANGE))
    t.do("contents", lambda: (t.content("b"), t.content("c")))
    t.do("exchange with nothing", lambda: t.rename2("b", "nothing", EXCHANGE))
    t.do("exchange with a directory", lambda: t.rename2("b", "full", EXCHANGE))
    t.do("both", lambda: (t.look("b")[0], t.look("full"), t.content("full"), t.content("b/1")))
    t.do("exchange with its own", lambda: t.rename2("b", "b/1", EXCHANGE))
    t.do("both flags", lambda: t.rename2("b", "c", 3))
    t.do("whiteout unknown flag", lambda: t.rename2("b", "c", 64))
    fd = t.open("held")
    os.write(fd, b"held")
    t.file("other", b"other")
    t.do("exchange while open", lambda: t.rename2("held", "other", EXCHANGE))
    t.do("write", lambda: os.pwrite(fd, b"H", 0))
    t.do("contents", lambda: (t.content("held"), t.content("other")))
    inner = t.open("inner")
    os.mkdir(t.p("m"))
    os.rename(t.p("inner"), t.p("m/inner"))
    os.rename(t.p("m"), t.p("n"))
    t.do("through two renames", lambda: (os.write(inner, b"still"), t.content("n/inner")))
    # A directory moves below another: ".." follows.
    os.mkdir(t.p("n/sub"))
    sub = t.open("n/sub", os.O_RDONLY)
    os.rename(t.p("n/sub"), t.p("sub"))
    t.do("..", lambda: os.stat("..", dir_fd=sub).st_ino == os.stat(t.top).st_ino)
    t.do("links of directories", lambda: (t.look("n")[1], t.look("")[1]))
    # A file with two names, of which one is replaced: the other must be the same file still.
    t.file("one", b"one")
    os.link(t.p("one"), t.p("two"))
    fd = t.open("one")
    t.file("three", b"three")
    os.rename(t.p("three"), t.p("one"))
    t.do("one name replaced", lambda: (os.write(fd, b"ONE"), t.content("two"), os.fstat(fd).st_nlink))
    other = t.open("two")
    t.do("other side", lambda: (os.pwrite(other, b"two", 0), os.pread(fd, 9, 0), os.fstat(fd).st_ino == os.fstat(other).st_ino))


def unlinked(t):
    for name in ("plain", "x.db", "x.db-journal", "y.db-wal", "z-shm"):
        fd = t.open(name)
        os.write(fd, b"0123456789" * 1000)
        os.unlink(t.p(name))
        t.do(name + " links", lambda: os.fstat(fd).st_nlink)
        t.do("read", lambda: short(os.pread(fd, 20000, 0)))
        t.do("write", lambda: os.pwrite(fd, b"more", 9998))
        t.do("size", lambda: os.fstat(fd).st_size)
        t.do("truncate", lambda: (os.ftruncate(fd, 100), os.fstat(fd).st_size))
        t.do("grow", lambda: (os.ftruncate(fd, 5000), os.pread(fd, 9, 4000)))
        t.do("allocate", lambda: (os.posix_fallocate(fd, 0, 9000), os.fstat(fd).st_size))
        t.do("sync", lambda: (os.fsync(fd), os.fdatasync(fd)))
        t.do("mode", lambda: (os.fchmod(fd, 0o640), oct(os.fstat(fd).st_mode)))
        t.do("times", lambda: (os.utime(fd, ns=(10**9 + 5, 2 * 10**9 + 7)), os.fstat(fd).st_mtime_ns))
        t.do("hole", lambda: os.lseek(fd, 0, os.SEEK_DATA))
        t.do("lock", lambda: fcntl.lockf(fd, fcntl.LOCK_EX | fcntl.LOCK_NB))
        t.do("xattr", lambda: os.getxattr(fd, "user.none"))
        t.do("through /proc", lambda: os.readlink("/proc/self/fd/%d" % fd).endswith(name + " (deleted)"))

        def again(flags):
            other = os.open("/proc/self/fd/%d" % fd, flags)
            try:
                return short(os.read(other, 10)) if flags != os.O_WRONLY else os.write(other, b"p")
            finally:
                os.close(other)
        t.do("open again", lambda: (again(os.O_RDONLY), again(os.O_RDWR), again(os.O_WRONLY)))
        t.do("link back", lambda: os.link("/proc/self/fd/%d" % fd, t.p("back"), follow_symlinks=True))
        t.file(name, b"a new one")
        t.do("both", lambda: (t.content(name), short(os.pread(fd, 20000, 0)), os.fstat(fd).st_nlink, t.look(name)))
        os.close(fd)
    # Held by a map only, and by a descriptor that cannot read.
    fd = t.open("mapped")
    os.write(fd, b"m" * 5000)
    m = mmap.mmap(fd, 5000)
    os.close(fd)
    os.unlink(t.p("mapped"))
    m[0:2] = b"xy"
    t.do("map", lambda: (m.flush(), bytes(m[0:3])))
    m.close()
    t.file("path", b"path")
    fd = t.open("path", os.O_PATH)
    os.unlink(t.p("path"))
    t.do("O_PATH", lambda: (os.fstat(fd).st_nlink, os.fstat(fd).st_size))
    t.file("two", b"2")
    os.link(t.p("two"), t.p("names"))
    fd = t.open("two", os.O_PATH)
    t.do("two names", lambda: (os.fstat(fd).st_nlink, os.unlink(t.p("two")), os.fstat(fd).st_nlink, os.unlink(t.p("names")), os.fstat(fd).st_nlink))
    fd = t.open("a")
    os.link(t.p("a"), t.p("b"))
    os.unlink(t.p("a"))
    t.do("by its other name", lambda: (os.write(fd, b"x"), os.fstat(fd).st_nlink, t.content("b"), os.fchmod(fd, 0o600), t.look("b")))
    os.close(fd)
    t.do("then", lambda: (t.look("b"), t.content("b"), os.truncate(t.p("b"), 7), t.content("b")))


def links(t):
    for name in ("f", "f.db", "f-journal"):
        other = "l" + name
        t.file(name, b"1")
        os.link(t.p(name), t.p(other))
        a, b = t.open(name), t.open(other)
        t.do("count", lambda: (os.fstat(a).st_nlink, t.look(other)))
        t.do("written by both", lambda: (os.pwrite(a, b"aaaa", 0), os.pwrite(b, b"bb", 2), os.pread(a, 9, 0), os.pread(b, 9, 0)))
        t.do("truncated by one", lambda: (os.ftruncate(a, 3), os.fstat(b).st_size, os.pread(b, 9, 0)))
        t.do("appended", lambda: (os.write(t.open(other, os.O_WRONLY | os.O_APPEND), b"more"), t.content(name)))
        t.do("mode by one", lambda: (os.chmod(t.p(other), 0o604), t.look(name)))
        t.do("rename onto itself", lambda: (os.rename(t.p(name), t.p(other)), t.look(name)))
        t.do("unlink one", lambda: (os.unlink(t.p(name)), os.fstat(a).st_nlink, t.content(other), os.pwrite(a, b"z", 0), t.content(other)))
        t.close()
        t.do("opened anew", lambda: (os.write(t.open(other, os.O_WRONLY | os.O_APPEND), b"x"), t.content(other)))
        t.do("and named back", lambda: (os.link(t.p(other), t.p(name)), t.look(name), os.unlink(t.p(other)), t.content(name)))
    os.mkdir(t.p("d"))
    t.do("of a directory", lambda: os.link(t.p("d"), t.p("e")))
    t.do("over", lambda: (t.file("g"), os.link(t.p("f"), t.p("g"))))
    t.do("of nothing", lambda: os.link(t.p("none"), t.p("e")))
    t.do("into nothing", lambda: os.link(t.p("f"), t.p("none/e")))
    t.do("across", lambda: os.link("/proc/self/status", t.p("e")))
    os.symlink("f", t.p("s"))
    t.do("of a symlink", lambda: (os.link(t.p("s"), t.p("s2"), follow_symlinks=False), os.readlink(t.p("s2")), t.look("s2")[1]))
    t.do("links of a directory", lambda: (t.look("d")[1], os.mkdir(t.p("d/x")), t.look("d")[1], os.rename(t.p("d/x"), t.p("x")), t.look("d")[1], t.look("x")[1], os.rmdir(t.p("x"))))


def symlinks(t):
    os.mkdir(t.p("d"))
    t.file("d/f", b"in d")
    os.symlink("d/f", t.p("rel"))
    os.symlink("d", t.p("dir"))
    os.symlink("../rel", t.p("d/up"))
    os.symlink("nowhere", t.p("dangling"))
    os.symlink("b", t.p("a"))
    os.symlink("a", t.p("b"))
    os.symlink(t.p("d/f"), t.p("abs"))
    for name in ("rel", "dir/f", "d/up", "dir/up", "abs", "dangling", "a", "dir", "rel/x", "a/x"):
        t.do("read " + name, lambda: t.content(name))
        t.do("lstat " + name, lambda: (stat.S_ISLNK(os.lstat(t.p(name)).st_mode), t.look(name, True)))
        t.do("nofollow " + name, lambda: t.open(name, os.O_RDONLY | os.O_NOFOLLOW) > 0)
        t.do("path nofollow " + name, lambda: stat.S_IFMT(os.fstat(t.open(name, os.O_PATH | os.O_NOFOLLOW)).st_mode))
    t.do("excl through", lambda: t.open("dangling", os.O_CREAT | os.O_EXCL | os.O_WRONLY))
    t.do("creat through", lambda: (os.close(t.open("dangling", os.O_CREAT | os.O_WRONLY)), t.look("nowhere")))
    t.do("empty", lambda: os.symlink("", t.p("empty")))
    t.do("over", lambda: os.symlink("x", t.p("rel")))
    t.do("too long", lambda: os.symlink("x" * 5000, t.p("long")))
    t.do("4095", lambda: (os.symlink("x" * 4095, t.p("long")), len(os.readlink(t.p("long"))), os.lstat(t.p("long")).st_size))
    t.do("trailing slash", lambda: (os.stat(t.p("dir/")).st_nlink, outcome(lambda: os.stat(t.p("rel/")))))
    t.do("mkdir over", lambda: os.mkdir(t.p("dangling")))
    t.do("rmdir of", lambda: os.rmdir(t.p("dir")))
    t.do("unlink slash", lambda: os.unlink(t.p("dir/")))
    t.do("rename of", lambda: (os.rename(t.p("rel"), t.p("rel2")), os.readlink(t.p("rel2"))))
    t.do("rename over", lambda: (os.symlink("q", t.p("q")), os.rename(t.p("q"), t.p("rel2")), os.readlink(t.p("rel2"))))
    t.do("times of", lambda: (os.utime(t.p("rel2"), (3, 4), follow_symlinks=False), os.lstat(t.p("rel2")).st_mtime))
    t.do("mode of", lambda: checked(libc.syscall(452, -100, t.p("dir"), 0o600, 0x100)))
    t.do("mode of its target", lambda: t.look("d"))
    t.do("xattr of", lambda: os.setxattr(t.p("dir"), "user.x", b"1", follow_symlinks=False))
    chain = "d/f"
    for i in range(45):
        os.symlink(chain, t.p("c%d" % i))
        chain = "c%d" % i
    t.do("40 deep", lambda: t.content("c39"))
    t.do("41 deep", lambda: t.content("c40"))


def directories(t):
    t.do("mkdir", lambda: os.mkdir(t.p("d")))
    t.do("again", lambda: os.mkdir(t.p("d")))
    t.do("in nothing", lambda: os.mkdir(t.p("n/d")))
    t.file("f")
    t.do("in a file", lambda: os.mkdir(t.p("f/d")))
    t.do("rmdir a file", lambda: os.rmdir(t.p("f")))
    t.do("unlink it", lambda: os.unlink(t.p("d")))
    t.file("d/x")
    t.do("rmdir full", lambda: os.rmdir(t.p("d")))
    t.do("rmdir .", lambda: os.rmdir(t.p("d/.")))
    t.do("rmdir ..", lambda: os.rmdir(t.p("d/..")))
    t.do("open to write", lambda: t.open("d", os.O_RDWR))
    t.do("open to create", lambda: t.open("d", os.O_RDONLY | os.O_CREAT))
    t.do("read", lambda: os.read(t.open("d", os.O_RDONLY), 10))
    t.do("O_DIRECTORY", lambda: t.open("f", os.O_RDONLY | os.O_DIRECTORY))
    t.do("O_DIRECTORY", lambda: t.open("d", os.O_RDONLY | os.O_DIRECTORY) > 0)
    t.do("trailing slash", lambda: t.open("g/", os.O_RDWR | os.O_CREAT))
    t.do("fsync", lambda: os.fsync(t.open("d", os.O_RDONLY)))
    t.do("truncate", lambda: os.truncate(t.p("d"), 0))
    for gone in (lambda name: os.rmdir(t.p(name)), lambda name: (os.mkdir(t.p("new")), os.rename(t.p("new"), t.p(name)))):
        os.mkdir(t.p("gone"), 0o750)
        fd = t.open("gone", os.O_RDONLY)
        path = t.open("gone", os.O_PATH)
        gone("gone")
        t.do("removed: stat", lambda: (os.fstat(fd).st_nlink, oct(os.fstat(fd).st_mode), os.fstat(path).st_nlink))
        t.do("removed: list", lambda: os.listdir(fd))
        t.do("removed: create in it", lambda: os.open("x", os.O_CREAT | os.O_WRONLY, dir_fd=fd))
        t.do("removed: mkdir in it", lambda: os.mkdir("x", dir_fd=fd))
        t.do("removed: find in it", lambda: os.stat("x", dir_fd=fd))
        t.do("removed: its parent", lambda: os.stat("..", dir_fd=fd).st_ino == os.stat(t.top).st_ino)
        t.do("removed: sync", lambda: os.fsync(fd))
        t.do("removed: mode", lambda: (os.fchmod(fd, 0o700), oct(os.fstat(fd).st_mode)))
        t.do("removed: times", lambda: (os.utime(fd, (1, 2)), os.fstat(fd).st_mtime))
        t.do("removed: owner", lambda: (os.fchown(fd, 3 if ROOT else -1, -1), os.fstat(fd).st_uid))
        t.do("made anew", lambda: (outcome(lambda: os.mkdir(t.p("gone"))), t.file("gone/x"), outcome(lambda: os.stat("x", dir_fd=fd)), os.listdir(t.p("gone"))))
        os.unlink(t.p("gone/x"))
        os.rmdir(t.p("gone"))
    os.mkdir(t.p("held"))
    t.do("in a removed one", lambda: t.child(lambda: (os.mkdir("cwd"), os.chdir("cwd"), os.rmdir("../cwd"), os.stat(".").st_nlink, outcome(lambda: os.mkdir("x")), outcome(os.getcwd), os.listdir("."))))


def sizes(t):
    for name in ("f", "f-journal", "f-wal", "f.db"):
        t.file(name, bytes(range(256)) * 40)
        fd = t.open(name)
        for size in (5000, 10000, 4096, 4097, 0, 12345):
            t.do("to %d" % size, lambda: (os.ftruncate(fd, size), os.fstat(fd).st_size, t.content(name)))
        t.do("hole", lambda: (os.pwrite(fd, b"end", 100000), os.pread(fd, 5, 50000), os.lseek(fd, 0, os.SEEK_END)))
        t.do("data, hole", lambda: (os.lseek(fd, 0, os.SEEK_HOLE), os.lseek(fd, 0, os.SEEK_DATA), os.lseek(fd, 99000, os.SEEK_HOLE), outcome(lambda: os.lseek(fd, 200000, os.SEEK_DATA)), outcome(lambda: os.lseek(fd, -1, os.SEEK_HOLE))))
        t.do("negative", lambda: os.ftruncate(fd, -1))
        t.do("read only", lambda: os.ftruncate(t.open(name, os.O_RDONLY), 1))
        t.do("O_TRUNC", lambda: (os.close(t.open(name, os.O_RDWR | os.O_TRUNC)), os.fstat(fd).st_size, os.pread(fd, 9, 0)))
        t.do("O_TRUNC read only", lambda: (os.write(fd, b"x"), os.close(t.open(name, os.O_RDONLY | os.O_TRUNC)), os.fstat(fd).st_size))
        t.do("read beyond", lambda: os.pread(fd, 9, 10**6))
        t.do("no bytes", lambda: (os.pwrite(fd, b"", 10**6), os.fstat(fd).st_size))
        t.do("negative offset", lambda: os.pread(fd, 1, -1))
        t.do("readv", lambda: (os.pwritev(fd, [b"ab", b"cdef"], 3), os.preadv(fd, [bytearray(4), bytearray(20)], 0)))
        t.do("blocks", lambda: (os.ftruncate(fd, 0), os.ftruncate(fd, 1 << 20), os.fstat(fd).st_blocks))
        t.close()


def large(t):
    for name in ("f", "f-journal", "f-wal", "f.db"):
        fd = t.open(name)
        for at in (1 << 31, (1 << 32) - 3, (1 << 32) + 4096, 1 << 40):
            t.do("%s at %d" % (name, at), lambda: (os.pwrite(fd, b"far away", at), os.pread(fd, 8, at), os.fstat(fd).st_size))
            t.do("data at %d" % at, lambda: (os.lseek(fd, at - 10**6, os.SEEK_DATA), os.lseek(fd, at, os.SEEK_HOLE)))
        t.do("to 3 GB", lambda: (os.ftruncate(fd, 3 << 30), os.fstat(fd).st_size, os.pread(fd, 8, 1 << 31)))
        t.do("too large", lambda: os.ftruncate(fd, (1 << 63) - 1))
        t.do("too far", lambda: os.pwrite(fd, b"x", (1 << 62)))
        t.do("allocate too much", lambda: checked(libc.fallocate(fd, 0, ctypes.c_long(0), ctypes.c_long(1 << 62))))
        t.do("punch too much", lambda: checked(libc.fallocate(fd, 3, ctypes.c_long(1 << 62), ctypes.c_long(1 << 62))))
        t.do("size", lambda: os.fstat(fd).st_size)
        t.close()

    def limited():
        import resource
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (10000, 10000))
        fd = os.open("limited", os.O_RDWR | os.O_CREAT)
        return os.write(fd, b"x" * 20000), outcome(lambda: os.write(fd, b"x")), outcome(lambda: os.ftruncate(fd, 10001)), os.fstat(fd).st_size
    t.do("limit of the process", lambda: t.child(limited))


def flags(t):
    t.file("f", b"12345")
    t.do("O_EXCL", lambda: t.open("f", os.O_CREAT | os.O_EXCL | os.O_RDWR))
    t.do("O_EXCL on a directory", lambda: (os.mkdir(t.p("d")), t.open("d", os.O_CREAT | os.O_EXCL | os.O_RDWR)))
    t.do("O_PATH", lambda: os.read(t.open("f", os.O_PATH), 1))
    t.do("O_PATH stat", lambda: os.fstat(t.open("f", os.O_PATH)).st_size)
    t.do("O_PATH chmod", lambda: os.fchmod(t.open("f", os.O_PATH), 0o600))
    t.do("write to O_RDONLY", lambda: os.write(t.open("f", os.O_RDONLY), b"x"))
    t.do("read from O_WRONLY", lambda: os.read(t.open("f", os.O_WRONLY), 1))
    t.do("O_NOATIME", lambda: os.read(t.open("f", os.O_RDONLY | os.O_NOATIME), 3))
    t.do("O_SYNC", lambda: os.write(t.open("f", os.O_WRONLY | os.O_SYNC), b"s"))
    t.do("O_DSYNC", lambda: os.write(t.open("f", os.O_WRONLY | os.O_DSYNC), b"ds"))
    t.do("mode 0", lambda: os.write(t.open("m0", os.O_CREAT | os.O_RDWR, 0), b"x"))
    t.do("fsync of a read-only one", lambda: os.fsync(t.open("f", os.O_RDONLY)))
    t.do("sync_file_range", lambda: checked(libc.sync_file_range(t.open("f"), ctypes.c_long(0), ctypes.c_long(0), 7)))
    t.do("syncfs", lambda: checked(libc.syncfs(t.open("f"))))
    t.do("fadvise", lambda: [os.posix_fadvise(t.open("f"), 0, 0, a) for a in range(6)])
    t.do("readahead", lambda: checked(libc.readahead(t.open("f"), ctypes.c_long(0), 10)))
    t.do("O_APPEND ignores offsets", lambda: (os.pwrite(t.open("f", os.O_WRONLY | os.O_APPEND), b"end", 0), t.content("f")))

    def append():
        fd = os.open("log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        for _ in range(300):
            os.write(fd, b"%d\n" % os.getpid() * 7)
    for name in (b"log", b"log-journal", b"log-wal"):
        def append():
            fd = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
            for _ in range(200):
                os.write(fd, (b"%08d\n" % os.getpid()) * 7)
        threads = [threading.Thread(target=t.child, args=(append,)) for _ in range(3)]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
        t.do("appended by three", lambda: (lambda d: (len(d), sorted(d.count(p) for p in set(d[i:i + 63] for i in range(0, len(d), 63)))))(open(t.p(name), "rb").read()))

    def direct():
        fd = t.open("direct", os.O_RDWR | os.O_CREAT | os.O_DIRECT)
        m = mmap.mmap(-1, 8192)
        m[:] = b"d" * 8192
        return os.pwritev(fd, [m], 4096), os.preadv(fd, [m], 0), bytes(m[0:1]), bytes(m[5000:5001]), t.content("direct")
    t.do("O_DIRECT", direct)

    def mixed():
        a, b = t.open("direct", os.O_RDWR | os.O_DIRECT), t.open("direct")
        m = mmap.mmap(-1, 4096)
        m[:] = b"e" * 4096
        seen = []
        for i in range(5):
            m[0:1] = b"%d" % i
            os.pwritev(a, [m], 4096)
            seen.append(os.pread(b, 2, 4096))
            os.pwrite(b, b"c%d" % i, 4096)
            os.preadv(a, [m], 4096)
            seen.append(bytes(m[0:2]))
        return seen
    t.do("O_DIRECT beside cached", mixed)

    def tmpfile():
        fd = os.open(t.top, os.O_TMPFILE | os.O_RDWR, 0o600)
        return os.write(fd, b"x"), os.fstat(fd).st_nlink, os.link("/proc/self/fd/%d" % fd, t.p("tmp"), follow_symlinks=True), t.content("tmp")
    # EOPNOTSUPP is an answer that programs expect.
    t.do("O_TMPFILE", lambda: outcome(tmpfile) == "EOPNOTSUPP" or tmpfile and True)


def maps(t):
    for name in ("m", "m.db", "m-wal", "m-shm", "m-journal"):
        def run():
            seen = []
            fd = t.open(name)
            os.ftruncate(fd, 20000)
            a = mmap.mmap(fd, 20000)
            b = mmap.mmap(t.open(name), 20000, flags=mmap.MAP_SHARED)
            private = mmap.mmap(fd, 20000, flags=mmap.MAP_PRIVATE, prot=mmap.PROT_READ | mmap.PROT_WRITE)
            readonly = mmap.mmap(t.open(name, os.O_RDONLY), 20000, flags=mmap.MAP_SHARED, prot=mmap.PROT_READ)
            a[4090:4100] = b"0123456789"
            seen.append((bytes(b[4090:4100]), os.pread(fd, 10, 4090), bytes(readonly[4090:4100])))
            os.pwrite(fd, b"written", 4093)
            seen.append((bytes(a[4090:4101]), bytes(b[4090:4101]), bytes(readonly[4090:4101])))
            private[0:4] = b"mine"
            seen.append((os.pread(fd, 4, 0), bytes(a[0:4]), bytes(private[0:4])))
            a.flush()
            b[19999:20000] = b"!"
            b.flush(16384, 20000 - 16384)
            seen.append(t.content(name))
            os.ftruncate(fd, 30000)
            os.ftruncate(fd, 19000)
            os.ftruncate(fd, 20000)
            seen.append((bytes(a[18998:19001]), bytes(b[19998:20000]), os.pread(fd, 1, 19999)))
            for i in range(50):
                a[i * 300:i * 300 + 4] = b"m%03d" % i
                os.pwrite(fd, b"w%03d" % i, i * 300 + 2)
                seen.append(os.pread(fd, 6, i * 300) == bytes(b[i * 300:i * 300 + 6]))
            a.close()
            b.close()
            private.close()
            readonly.close()
            seen.append(t.content(name))
            return seen
        t.do("map " + name, run)

        def other():
            fd = os.open(os.fsencode(name), os.O_RDWR)
            m = mmap.mmap(fd, 20000)
            m[100:105] = b"child"
            os.pwrite(fd, b"CHILD", 200)
            return bytes(m[200:205])
        m = outcome(lambda: mmap.mmap(t.open(name), 20000))
        if isinstance(m, mmap.mmap):
            t.do("another process", lambda: (t.child(other), bytes(m[100:105]), bytes(m[200:205])))
            m.close()
        t.do("write through a read-only one", lambda: mmap.mmap(t.open(name, os.O_RDONLY), 100) and None)
        t.do("executable", lambda: mmap.mmap(t.open(name, os.O_RDONLY), 100, flags=mmap.MAP_PRIVATE, prot=mmap.PROT_READ | mmap.PROT_EXEC) and None)


def allocation(t):
    for name in ("a", "a-journal", "a-wal", "a.db"):
        t.file(name, bytes(range(250)) * 200)
        fd = t.open(name)
        for mode in (0, KEEP_SIZE, KEEP_SIZE | PUNCH_HOLE, ZERO_RANGE, ZERO_RANGE | KEEP_SIZE, PUNCH_HOLE, 64):
            for at, length in ((0, 4096), (5000, 100), (40000, 60000), (200000, 10), (0, 0), (-1, 5), (5, -1)):
                t.do("%s mode %d at %d, %d" % (name, mode, at, length), lambda: (checked(libc.fallocate(fd, mode, ctypes.c_long(at), ctypes.c_long(length))), os.fstat(fd).st_size, t.content(name)))
        t.do("read only", lambda: checked(libc.fallocate(t.open(name, os.O_RDONLY), 0, ctypes.c_long(0), ctypes.c_long(10))))
        t.do("punch all", lambda: (checked(libc.fallocate(fd, 3, ctypes.c_long(0), ctypes.c_long(1 << 40))), t.content(name)))
        t.close()


def copies(t):
    data = random.Random(1).randbytes(300000)
    t.file("from", data)
    for name in ("to", "to-journal", "to-wal", "to.db"):
        def range_copy():
            a, b = t.open("from"), t.open(name)
            left = 250000
            while left > 0:
                n = os.copy_file_range(a, b, left, 300000 - 50000 - left + 1, 7 + 250000 - left)
                if n == 0:
                    break
                left -= n
            return t.content(name)
        t.do("copy_file_range " + name, range_copy)

        def sendfile():
            a, b = t.open("from", os.O_RDONLY), t.open(name, os.O_WRONLY | os.O_TRUNC)
            n = 0
            while n < 200000:
                n += os.sendfile(b, a, n, 200000 - n)
            return t.content(name)
        t.do("sendfile", sendfile)

        def splice():
            a, b = t.open("from", os.O_RDONLY), t.open(name, os.O_WRONLY)
            r, w = os.pipe()
            left = 120000
            while left > 0:
                n = os.splice(a, w, min(left, 65536))
                left -= n
                while n > 0:
                    n -= os.splice(r, b, n)
            os.close(r)
            os.close(w)
            return t.content(name)
        if hasattr(os, "splice"):
            t.do("splice", splice)
        t.do("onto itself", lambda: (os.copy_file_range(t.open(name), t.open(name), 1000, 0, 5000), t.content(name)))
        t.do("overlapping", lambda: os.copy_file_range(t.open(name), t.open(name), 1000, 0, 500))
        t.close()


def xattrs(t):
    t.file("f")
    os.mkdir(t.p("d"))
    for name in ("f", "d"):
        p = t.p(name)
        t.do("none", lambda: os.getxattr(p, "user.x"))
        for key, value in (("user.x", b"1"), ("user.e", b""), ("user.b", bytes(range(256))), ("user." + "n" * 250, b"l"), ("user." + "n" * 251, b"l"), ("user.", b"x"), ("x", b"y"), ("nothing.x", b"y"), ("user.big", b"b" * 3000)):
            t.do("set " + key[:9], lambda: os.setxattr(p, key, value))
            t.do("get " + key[:9], lambda: short(os.getxattr(p, key)))
        t.do("list", lambda: sorted(os.listxattr(p)))
        t.do("create", lambda: os.setxattr(p, "user.x", b"2", os.XATTR_CREATE))
        t.do("replace", lambda: (os.setxattr(p, "user.x", b"2", os.XATTR_REPLACE), os.getxattr(p, "user.x")))
        t.do("replace none", lambda: os.setxattr(p, "user.n", b"2", os.XATTR_REPLACE))
        t.do("remove", lambda: os.removexattr(p, "user.x"))
        t.do("remove none", lambda: os.removexattr(p, "user.x"))
        t.do("too big", lambda: os.setxattr(p, "user.big", b"b" * 65537))
        t.do("short buffer", lambda: checked(libc.getxattr(p, b"user.b", ctypes.create_string_buffer(10), 10)))
        t.do("by descriptor", lambda: (fd := t.open(name, os.O_RDONLY), os.setxattr(fd, "user.fd", b"fd"), os.getxattr(fd, "user.fd"))[1:])
    os.link(t.p("f"), t.p("g"))
    t.do("by the other name", lambda: os.getxattr(t.p("g"), "user.fd"))
    t.do("after rename", lambda: (os.rename(t.p("f"), t.p("h")), os.getxattr(t.p("h"), "user.fd")))
    if ROOT:
        t.do("trusted", lambda: (os.setxattr(t.p("h"), "trusted.x", b"t"), os.getxattr(t.p("h"), "trusted.x")))
        t.do("trusted of others", lambda: t.child(lambda: os.getxattr(b"h", "trusted.x"), 1234, 1234))
        t.do("user of others", lambda: t.child(lambda: os.setxattr(b"h", "user.x", b"t"), 1234, 1234))


def modes(t):
    old = os.umask(0)
    for mask in (0, 0o22, 0o77, 0o777):
        os.umask(mask)
        t.do("umask %o" % mask, lambda: (os.close(os.open(t.p("f%o" % mask), os.O_CREAT | os.O_RDWR, 0o7777)), os.mkdir(t.p("d%o" % mask), 0o7777), os.mkfifo(t.p("p%o" % mask), 0o777), os.mknod(t.p("n%o" % mask), 0o666 | stat.S_IFREG), os.symlink("x", t.p("s%o" % mask))))
        for kind in "fdpns":
            t.do("mode " + kind, lambda: t.look("%s%o" % (kind, mask)))
    os.umask(old)
    t.file("f")
    for mode in (0, 0o777, 0o4755, 0o2755, 0o2644, 0o1644, 0o7777):
        t.do("chmod %o" % mode, lambda: (os.chmod(t.p("f"), mode), t.look("f")))
    if not ROOT:
        return
    for mode in (0o4755, 0o2755, 0o6755, 0o2644, 0o6644):
        t.do("chown of %o" % mode, lambda: (os.chmod(t.p("f"), mode), os.chown(t.p("f"), 5, 6), t.look("f")))
    os.chmod(t.top, 0o777)
    ways = {
        "write": lambda: os.write(os.open("w", os.O_WRONLY), b"x"),
        "truncate": lambda: os.truncate("w", 100),
        "same size": lambda: os.truncate("w", os.stat("w").st_size),
        "O_TRUNC": lambda: os.close(os.open("w", os.O_WRONLY | os.O_TRUNC)),
        "fallocate": lambda: os.posix_fallocate(os.open("w", os.O_WRONLY), 0, 9000),
        "punch": lambda: checked(libc.fallocate(os.open("w", os.O_WRONLY), 3, ctypes.c_long(0), ctypes.c_long(50))),
        "append": lambda: os.write(os.open("w", os.O_WRONLY | os.O_APPEND), b"y"),
        "map": lambda: mmap.mmap(os.open("w", os.O_RDWR), 10).__setitem__(0, 65),
        "chgrp": lambda: os.chown("w", -1, 1234),
        "chmod": lambda: os.chmod("w", 0o6777),
        "open": lambda: os.close(os.open("w", os.O_WRONLY)),
        "creat": lambda: os.close(os.open("w", os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o666)),
    }
    for owner in ((0, 0), (1234, 1234), (1234, 77)):
        for mode in (0o6777, 0o4766):
            for way, work in ways.items():
                t.file("w", b"content of this")
                os.chown(t.p("w"), *owner)
                os.chmod(t.p("w"), mode)
                t.do("%s by others, %s %o" % (way, owner, mode), lambda: (t.child(work, 1234, 1234), t.look("w")))
                t.do("%s by root, %s %o" % (way, owner, mode), lambda: (os.chown(t.p("w"), *owner), os.chmod(t.p("w"), mode), t.child(work), t.look("w")))
                os.unlink(t.p("w"))


def users(t):
    if not ROOT:
        return
    os.chmod(t.top, 0o755)
    t.file("f", b"f", 0o640)
    t.file("ro", b"ro", 0o444)
    t.file("x", b"#!/bin/sh\n", 0o755)
    for name, directory in (("open", 0o777), ("closed", 0o700), ("sticky", 0o1777), ("setgid", 0o2777), ("noexec", 0o766)):
        os.mkdir(t.p(name))
        t.file(name + "/theirs", b"root's", 0o666)
        os.mkdir(t.p(name + "/dir"))
        os.chown(t.p(name), 0, 55)
        os.chmod(t.p(name), directory)
    os.chown(t.p("f"), 0, 55)
    t.do("root writes 0444", lambda: os.close(t.open("ro", os.O_RDWR)))

    def access(name):
        return [os.access(name, how) for how in (os.F_OK, os.R_OK, os.W_OK, os.X_OK)]
    for uid, gid, groups in ((1234, 1234, ()), (1234, 1234, (55,)), (0, 0, ())):
        for name in ("f", "ro", "x", "open", "closed", "closed/theirs", "noexec/theirs", "none"):
            t.do("access %s as %s" % (name, (uid, gid, groups)), lambda: t.child(lambda: access(name), uid, gid, groups))
            t.do("open %s as %s" % (name, (uid, gid, groups)), lambda: t.child(lambda: [outcome(lambda: os.close(os.open(name, how))) for how in (os.O_RDONLY, os.O_WRONLY, os.O_RDWR)], uid, gid, groups))
    works = {
        "create": lambda d: os.close(os.open(d + "/mine", os.O_CREAT | os.O_RDWR, 0o6755)),
        "mkdir": lambda d: os.mkdir(d + "/minedir", 0o2755),
        "fifo": lambda d: os.mkfifo(d + "/minepipe", 0o644),
        "symlink": lambda d: os.symlink("x", d + "/mines"),
        "link theirs": lambda d: os.link(d + "/theirs", d + "/theirs2"),
        "list": lambda d: len(os.listdir(d)) > 0,
        "stat": lambda d: os.stat(d + "/theirs").st_size,
        "write theirs": lambda d: os.write(os.open(d + "/theirs", os.O_WRONLY), b"x"),
        "chmod theirs": lambda d: os.chmod(d + "/theirs", 0o600),
        "utime theirs": lambda d: os.utime(d + "/theirs", (1, 1)),
        "utime now theirs": lambda d: os.utime(d + "/theirs"),
        "chown theirs": lambda d: os.chown(d + "/theirs", 1234, -1),
        "chown mine": lambda d: os.chown(d + "/mine", 0, -1),
        "chgrp mine": lambda d: os.chown(d + "/mine", -1, 55),
        "setgid mine": lambda d: os.chmod(d + "/mine", 0o2755),
        "truncate mine": lambda d: os.truncate(d + "/mine", 9),
        "rename mine": lambda d: os.rename(d + "/mine", d + "/mine2"),
        "rename over theirs": lambda d: os.rename(d + "/mine2", d + "/theirs"),
        "rename theirs": lambda d: os.rename(d + "/theirs", d + "/theirs3"),
        "unlink theirs": lambda d: os.unlink(d + "/theirs"),
        "rmdir theirs": lambda d: os.rmdir(d + "/dir"),
        "unlink mine": lambda d: os.unlink(d + "/mine2"),
    }
    for directory in ("open", "closed", "sticky", "setgid", "noexec"):
        for what, work in works.items():
            t.do("%s in %s" % (what, directory), lambda: t.child(lambda: work(directory), 1234, 1234, (55,)))
            t.do("then", lambda: [(n, t.look(os.fsencode(directory) + b"/" + n)) for n in sorted(os.listdir(t.p(directory)))])
    os.mkdir(t.p("only"), 0o711)
    t.file("only/f", b"found", 0o644)
    t.do("search only", lambda: t.child(lambda: (open("only/f", "rb").read(), outcome(lambda: os.listdir("only"))), 1234, 1234))
    t.do("permission taken away", lambda: (t.child(lambda: os.stat("only/f").st_size, 1234, 1234), os.chmod(t.p("only"), 0o700), t.child(lambda: os.stat("only/f").st_size, 1234, 1234)))

    def held():
        fd = os.open("only2", os.O_RDWR | os.O_CREAT, 0)
        return os.write(fd, b"x"), os.pread(fd, 1, 0), outcome(lambda: os.open("only2", os.O_RDONLY)), os.ftruncate(fd, 5), os.fstat(fd).st_size
    os.chmod(t.top, 0o777)
    t.do("created without permission", lambda: t.child(held, 1234, 1234))


def times(t):
    t.file("f", b"x")
    os.mkdir(t.p("d"))
    for name in ("f", "d"):
        for ns in ((0, 0), (1, 999999999), (10**18 + 123456789, 10**18 + 987654321), (-10**9 + 5, -5 * 10**9), (2**32 * 10**9, 2**33 * 10**9)):
            t.do("set %s %s" % (name, ns), lambda: (os.utime(t.p(name), ns=ns), os.stat(t.p(name)).st_atime_ns, os.stat(t.p(name)).st_mtime_ns))

    def omit():
        spec = (ctypes.c_long * 4)(0, (1 << 30) - 2, 77, 7)
        checked(libc.utimensat(-100, t.p("f"), spec, 0))
        s = os.stat(t.p("f"))
        return s.st_atime_ns, s.st_mtime_ns
    t.do("omit", omit)

    def moves(what, work):
        def run():
            for name in ("f", "d"):
                os.utime(t.p(name), (1, 1))
            before = [(os.stat(t.p(n)).st_mtime_ns, os.stat(t.p(n)).st_ctime_ns) for n in ("f", "d")]
            time.sleep(0.012)
            work()
            after = [(os.stat(t.p(n)).st_mtime_ns, os.stat(t.p(n)).st_ctime_ns) for n in ("f", "d")]
            return [(a[0] != b[0], a[1] != b[1]) for a, b in zip(before, after)]
        t.do("moves " + what, run)
    fd = t.open("f")
    moves("write", lambda: os.pwrite(fd, b"y", 0))
    moves("read", lambda: os.pread(fd, 1, 0))
    moves("truncate", lambda: os.ftruncate(fd, 50))
    moves("same size", lambda: os.ftruncate(fd, 50))
    moves("O_TRUNC", lambda: os.close(os.open(t.p("f"), os.O_WRONLY | os.O_TRUNC)))
    moves("O_TRUNC of an empty one", lambda: os.close(os.open(t.p("f"), os.O_WRONLY | os.O_TRUNC)))
    moves("truncate an empty one", lambda: os.truncate(t.p("f"), 0))
    moves("chmod", lambda: os.chmod(t.p("f"), 0o600))
    moves("link", lambda: os.link(t.p("f"), t.p("d/l")))
    moves("unlink", lambda: os.unlink(t.p("d/l")))
    moves("xattr", lambda: os.setxattr(t.p("f"), "user.x", b"1"))
    moves("remove xattr", lambda: os.removexattr(t.p("f"), "user.x"))
    moves("rename", lambda: (os.rename(t.p("f"), t.p("d/f")), os.rename(t.p("d/f"), t.p("f"))))
    moves("mkdir", lambda: os.mkdir(t.p("d/x")))
    moves("rename within", lambda: os.rename(t.p("d/x"), t.p("d/y")))
    moves("rmdir", lambda: os.rmdir(t.p("d/y")))
    moves("fallocate", lambda: os.posix_fallocate(fd, 0, 5000))

    def map_write():
        with mmap.mmap(fd, 5000) as m:
            m[0:1] = b"z"
            m.flush()
    moves("map", map_write)


def locks(t):
    for name in ("l", "l.db", "l-journal"):
        t.file(name, b"x" * 100)
        fd = t.open(name)

        def held(kind, start, length):
            return t.child(lambda: fcntl.lockf(os.open(os.fsencode(name), os.O_RDWR), kind | fcntl.LOCK_NB, length, start))
        fcntl.lockf(fd, fcntl.LOCK_EX, 10, 0)
        fcntl.lockf(fd, fcntl.LOCK_SH, 10, 20)
        for kind in (fcntl.LOCK_SH, fcntl.LOCK_EX):
            t.do("%s %s" % (name, kind), lambda: [held(kind, start, 5) for start in (0, 8, 10, 20, 25, 30)])
        t.do("who", lambda: t.child(lambda: struct.unpack("hhqqi", fcntl.fcntl(os.open(os.fsencode(name), os.O_RDWR), fcntl.F_GETLK, struct.pack("hhqqi", fcntl.F_WRLCK, 0, 0, 5, 0)))[0:4]))
        t.do("gone with any descriptor", lambda: (os.close(os.open(t.p(name), os.O_RDONLY)), held(fcntl.LOCK_EX, 0, 5)))

        def ofd(d, kind, start=0, length=10):
            return fcntl.fcntl(d, OFD_SETLK, struct.pack("hhqqi4x", kind, 0, start, length, 0)) and None
        a, b = t.open(name), t.open(name)
        t.do("ofd", lambda: (ofd(a, fcntl.F_WRLCK), outcome(lambda: ofd(b, fcntl.F_RDLCK)), ofd(b, fcntl.F_RDLCK, 50), outcome(lambda: ofd(a, fcntl.F_WRLCK, 50)), held(fcntl.LOCK_SH, 0, 5), held(fcntl.LOCK_SH, 50, 5)))
        t.do("ofd gone", lambda: (os.close(a), ofd(b, fcntl.F_WRLCK), os.close(b)))
        c, d = t.open(name), t.open(name)
        t.do("flock", lambda: (fcntl.flock(c, fcntl.LOCK_EX), outcome(lambda: fcntl.flock(d, fcntl.LOCK_SH | fcntl.LOCK_NB)), fcntl.flock(c, fcntl.LOCK_SH), fcntl.flock(d, fcntl.LOCK_SH | fcntl.LOCK_NB), t.child(lambda: fcntl.flock(os.open(os.fsencode(name), os.O_RDONLY), fcntl.LOCK_EX | fcntl.LOCK_NB))))
        t.do("flock gone", lambda: (os.close(c), os.close(d), t.child(lambda: fcntl.flock(os.open(os.fsencode(name), os.O_RDONLY), fcntl.LOCK_EX | fcntl.LOCK_NB))))
        t.do("read lock needs reading", lambda: fcntl.lockf(t.open(name, os.O_WRONLY), fcntl.LOCK_SH))

        def waits():
            fcntl.lockf(fd, fcntl.LOCK_EX)
            read, write = os.pipe()
            pid = os.fork()
            if pid == 0:
                other = os.open(t.p(name), os.O_RDWR)
                os.write(write, b"w")
                fcntl.lockf(other, fcntl.LOCK_EX)
                os.write(write, b"g")
                os._exit(0)
            got = os.read(read, 1)
            early = select.select([read], [], [], 0.02)[0]
            fcntl.lockf(fd, fcntl.LOCK_UN)
            got += os.read(read, 1)
            os.waitpid(pid, 0)
            os.close(read)
            os.close(write)
            return got, early
        t.do("waits", waits)

        def killed():
            pid = os.fork()
            if pid == 0:
                fcntl.lockf(os.open(t.p(name), os.O_RDWR), fcntl.LOCK_EX)
                signal.pause()
            while t.child(lambda: fcntl.lockf(os.open(os.fsencode(name), os.O_RDWR), fcntl.LOCK_EX | fcntl.LOCK_NB)) == "None":
                time.sleep(0.001)
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            return held(fcntl.LOCK_EX, 0, 0)
        t.do("gone with its process", killed)
        t.close()


def names(t):
    odd = [b"n" * 255, "€".encode() * 85, b"\xff\xfe", b"new\nline", b" ", b"%2F", b"%", b"a%00b", b"\\", b"-rf", b"...", b"tab\t", b"'\"", b"\x01", b"*?", b"x-pos", b"-pos", b"-wal", b"-journal", b"-shm", b".sluice2", b"a;b", b"\xc3\xa9", b"e\xcc\x81"]
    for name in odd:
        t.do("make %r" % name, lambda: t.file(name, name))
        t.do("see", lambda: (t.content(name), t.look(name)))
    t.do("list", lambda: sorted(os.listdir(t.top)))
    for name in odd:
        t.do("move", lambda: (os.rename(t.p(name), t.p(name[:200] + b"2")), t.content(name[:200] + b"2"), outcome(lambda: os.stat(t.p(name)))))
        t.do("remove", lambda: os.unlink(t.p(name[:200] + b"2")))
    t.do("list", lambda: sorted(os.listdir(t.top)))
    long = b"n" * 256
    for what, work in (("open", lambda: t.open(long)), ("stat", lambda: os.stat(t.p(long))), ("mkdir", lambda: os.mkdir(t.p(long))), ("symlink", lambda: os.symlink("x", t.p(long))), ("unlink", lambda: os.unlink(t.p(long))), ("rename", lambda: (t.file("f"), os.rename(t.p("f"), t.p(long)))), ("link", lambda: os.link(t.p("f"), t.p(long))), ("rmdir", lambda: os.rmdir(t.p(long)))):
        t.do("too long: " + what, work)
    t.do("long path", lambda: os.stat(t.p(b"x/" * 2100)))


def listing(t):
    os.mkdir(t.p("many"))
    stable = {b"stable %d" % i for i in range(4000 if len(sys.argv) < 4 else 10000)}
    for name in stable:
        os.mknod(t.p(b"many/" + name))
    stop = threading.Event()

    def churn():
        r = random.Random(5)
        while not stop.is_set():
            name = t.p(b"many/temp %d" % r.randrange(2000))
            outcome(lambda: os.unlink(name) if os.path.exists(name) else os.mknod(name))
    threads = [threading.Thread(target=churn) for _ in range(2)]
    for each in threads:
        each.start()

    def once():
        seen = [e.name for e in os.scandir(t.p("many")) if e.name.startswith(b"stable")]
        return len(seen), set(seen) == stable
    t.do("while others come and go", lambda: [once() for _ in range(4)])
    stop.set()
    for each in threads:
        each.join()
    t.do("removed while listed", lambda: ([os.unlink(e.path) for e in os.scandir(t.p("many"))] and None, os.listdir(t.p("many"))))

    class Dirent(ctypes.Structure):
        _fields_ = [("ino", ctypes.c_ulong), ("off", ctypes.c_long), ("len", ctypes.c_ushort), ("type", ctypes.c_ubyte), ("name", ctypes.c_char * 256)]
    libc.opendir.restype = ctypes.c_void_p
    libc.readdir.restype = ctypes.POINTER(Dirent)
    libc.telldir.restype = ctypes.c_long
    for i in range(700):
        os.mknod(t.p(b"many/entry %d" % i))
    os.mkdir(t.p("many/dir"))
    os.symlink("x", t.p("many/link"))

    def seeking():
        d = ctypes.c_void_p(libc.opendir(t.p("many")))
        found = []
        while True:
            at = libc.telldir(d)
            entry = libc.readdir(d)
            if not entry:
                break
            found.append((at, entry.contents.name, entry.contents.ino, entry.contents.type))
        wrong = 0
        for at, name, _, _ in random.Random(3).sample(found, 100):
            libc.seekdir(d, ctypes.c_long(at))
            wrong += libc.readdir(d).contents.name != name
        libc.rewinddir(d)
        first = libc.readdir(d).contents.name == found[0][1]
        os.mknod(t.p("many/late"))
        libc.rewinddir(d)
        late = 0
        while entry := libc.readdir(d):
            late += entry.contents.name == b"late"
        libc.closedir(d)
        numbers = sum(os.lstat(t.p(b"many/" + name)).st_ino != ino for _, name, ino, _ in found if name != b"..")
        parent = [ino == os.stat(t.top).st_ino for _, name, ino, _ in found if name == b".."]
        return len(found), wrong, first, late, numbers, parent, sorted(set((kind, os.path.basename(name)[:3]) for _, name, _, kind in found))
    t.do("telldir, seekdir", seeking)
    t.do("statfs", lambda: (os.statvfs(t.p("many")).f_namemax, os.statvfs(t.top).f_bsize, os.statvfs(t.top).f_blocks, os.statvfs(t.top).f_files))
    os.mkdir(t.p("read"))
    fd = t.open("read", os.O_RDONLY)
    t.do("two listings", lambda: (os.listdir(fd), t.file("read/new"), os.listdir(fd), os.unlink(t.p("read/new")), os.listdir(fd)))


def special(t):
    os.mkfifo(t.p("fifo"))

    def fifo():
        pid = os.fork()
        if pid == 0:
            fd = os.open(t.p("fifo"), os.O_WRONLY)
            os.write(fd, b"through")
            os._exit(0)
        with open(t.p("fifo"), "rb") as f:
            data = f.read()
        os.waitpid(pid, 0)
        return data, t.look("fifo"), outcome(lambda: os.open(t.p("fifo"), os.O_WRONLY | os.O_NONBLOCK))
    t.do("fifo", fifo)

    def sockets():
        os.chdir(t.top)
        server = socket.socket(socket.AF_UNIX)
        server.bind("socket")
        server.listen()
        client = socket.socket(socket.AF_UNIX)
        client.connect("socket")
        accepted, _ = server.accept()
        client.send(b"hello")
        data = accepted.recv(10)
        other = socket.socket(socket.AF_UNIX)
        again = outcome(lambda: other.bind("socket"))
        for s in (server, client, accepted, other):
            s.close()
        refused = outcome(lambda: socket.socket(socket.AF_UNIX).connect("socket"))
        os.chdir("/")
        return data, again, refused, t.look("socket"), outcome(lambda: t.open("socket", os.O_RDONLY)), os.unlink(t.p("socket"))
    t.do("socket", sockets)
    if ROOT:
        t.do("device", lambda: (os.mknod(t.p("null"), stat.S_IFCHR | 0o666, os.makedev(1, 3)), os.lstat(t.p("null")).st_rdev, t.look("null")))
        t.do("block device", lambda: (os.mknod(t.p("block"), stat.S_IFBLK | 0o660, os.makedev(259, 70000)), os.lstat(t.p("block")).st_rdev))
        t.do("device of others", lambda: (os.chmod(t.top, 0o777), t.child(lambda: os.mknod("null2", stat.S_IFCHR | 0o666, os.makedev(1, 3)), 1234, 1234)))

    def run():
        t.file("script", b"#!/bin/sh\necho ran $1\n", 0o755)
        read, write = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.dup2(write, 1)
            os.execv(t.p("script"), ["script", "well"])
        os.close(write)
        got = os.read(read, 100)
        os.close(read)
        return got, os.waitpid(pid, 0)[1]
    t.do("execute", run)

    def busy():
        import shutil
        shutil.copy("/bin/sleep", t.p("sleep"))
        os.chmod(t.p("sleep"), 0o755)
        pid = os.fork()
        if pid == 0:
            os.execv(t.p("sleep"), ["sleep", "20"])
        while b"sleep" not in os.path.basename(os.fsencode(os.readlink("/proc/%d/exe" % pid))):
            time.sleep(0.005)
        got = outcome(lambda: os.open(t.p("sleep"), os.O_WRONLY)), outcome(lambda: os.truncate(t.p("sleep"), 0)), outcome(lambda: os.unlink(t.p("sleep")))
        os.kill(pid, signal.SIGKILL)
        return got, os.waitpid(pid, 0)[1]
    t.do("write to a running program", busy)

    def watch():
        fd = libc.inotify_init1(os.O_NONBLOCK)
        libc.inotify_add_watch(fd, t.top, 0xFFF)
        t.file("watched", b"1")
        os.rename(t.p("watched"), t.p("moved"))
        os.chmod(t.p("moved"), 0o600)
        os.truncate(t.p("moved"), 0)
        os.unlink(t.p("moved"))
        os.mkdir(t.p("wd"))
        os.rmdir(t.p("wd"))
        events, data = [], os.read(fd, 100000)
        while data:
            _, mask, _, length = struct.unpack("iIII", data[:16])
            events.append((hex(mask), data[16:16 + length].rstrip(b"\0")))
            data = data[16 + length:]
        os.close(fd)
        return events
    t.do("inotify", watch)


def writers(t):
    for name in ("w", "w-journal", "w-wal", "w.db"):
        t.file(name)

        def write(part):
            fd = os.open(os.fsencode(name), os.O_RDWR)
            for i in range(150):
                os.pwrite(fd, bytes([65 + part]) * 1000, (i * 4 + part) * 1000)
        threads = [threading.Thread(target=t.child, args=(lambda part=part: write(part),)) for part in range(4)]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
        t.do("four at once in " + name, lambda: t.content(name))

        def grow_and_cut():
            fd = t.open(name)
            seen = set()
            for i in range(100):
                os.ftruncate(fd, 0)
                os.pwrite(fd, b"v%d" % i, 5000)
                seen.add((len(os.pread(fd, 9999, 0)), os.fstat(fd).st_size))
            return sorted(seen)
        t.do("cut and grown", grow_and_cut)


CASES = (renames, unlinked, links, symlinks, directories, sizes, large, flags, maps, allocation, copies, xattrs, modes, users, times, locks, names, listing, special, writers)

if __name__ == "__main__":
    differences = count = 0
    for case in CASES:
        if len(sys.argv) > 3 and case.__name__ not in sys.argv[3:]:
            continue
        logs = []
        started = time.time()
        for top in sys.argv[1:3]:
            directory = os.path.join(top, case.__name__)
            os.mkdir(directory)
            t = Tree(directory)
            try:
                case(t)
            except BaseException as e:
                t.log.append(("ended early", repr(e)))
                import traceback
                traceback.print_exc()
            t.close()
            logs.append([repr(entry).replace(repr(t.top)[2:-1], "TOP") for entry in t.log])
        native, mounted = logs
        count += len(native)
        print("%s: %d answers, %.1f s" % (case.__name__, len(native), time.time() - started), file=sys.stderr)
        context, shown = "", differences + 12
        for a, b in zip(native, mounted):
            if a != b:
                differences += 1
                if differences > shown:
                    continue
                print("%s, after %s:\n   native %s\n  mounted %s" % (case.__name__, context[:120], a[:900], b[:900]))
            context = a
        if len(native) != len(mounted):
            differences += 1
            print("%s: %d against %d answers" % (case.__name__, len(native), len(mounted)))
    print("%d answers compared, %d differ" % (count, differences))
    sys.exit(1 if differences else 0)
