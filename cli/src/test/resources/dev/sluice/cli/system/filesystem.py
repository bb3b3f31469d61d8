"""The same file operations in two directories; prints what differs in results, errors and trees."""
import ctypes
import errno
import fcntl
import hashlib
import mmap
import os
import random
import stat
import subprocess
import sys

libc = ctypes.CDLL(None, use_errno=True)


def outcome(operation):
    try:
        return operation()
    except OSError as e:
        return errno.errorcode.get(e.errno, e.errno)


class Tree:
    """One of the two directories. Every method's answers go into the log that is compared."""

    def __init__(self, top):
        self.top = os.fsencode(top)
        self.log = []

    def p(self, name):
        return os.path.join(self.top, os.fsencode(name))

    def do(self, label, operation):
        self.log.append((label, outcome(operation)))
        return self.log[-1][1]

    def write(self, name, data, flags=os.O_WRONLY | os.O_CREAT, mode=0o644):
        def run():
            fd = os.open(self.p(name), flags, mode)
            try:
                return os.write(fd, data)
            finally:
                os.close(fd)
        return self.do("write " + repr(name), run)

    def read(self, name):
        def run():
            with open(self.p(name), "rb") as f:
                data = f.read()
            return len(data), hashlib.sha256(data).hexdigest()
        return self.do("read " + repr(name), run)

    def stat(self, name, follow=False):
        def run():
            s = os.stat(self.p(name)) if follow else os.lstat(self.p(name))
            size = None if stat.S_ISDIR(s.st_mode) else s.st_size
            links = None if stat.S_ISDIR(s.st_mode) else s.st_nlink
            return oct(s.st_mode), links, s.st_uid, s.st_gid, size
        return self.do("stat " + repr(name), run)

    def list(self, name):
        return self.do("list " + repr(name), lambda: sorted(os.listdir(self.p(name))))


def basics(t):
    t.write("a", b"hello")
    t.read("a")
    t.stat("a")
    t.write("a", b"J")
    t.read("a")
    t.write("a", b" world", os.O_WRONLY | os.O_APPEND)
    t.read("a")
    t.write("a", b"x", os.O_WRONLY | os.O_CREAT | os.O_EXCL)
    t.write("a", b"new", os.O_WRONLY | os.O_TRUNC)
    t.read("a")
    t.write("missing", b"", os.O_WRONLY)
    t.write("no/such/directory", b"")
    t.write("a/b", b"")
    t.read(".")
    t.do("truncate up", lambda: os.truncate(t.p("a"), 10000))
    t.read("a")
    t.do("truncate down", lambda: os.truncate(t.p("a"), 2))
    t.read("a")
    t.do("truncate a directory", lambda: os.truncate(t.top, 2))
    t.do("negative", lambda: os.truncate(t.p("a"), -1))
    t.write("ro", b"x", os.O_WRONLY | os.O_CREAT, 0o400)
    t.stat("ro")
    t.do("umask", lambda: os.umask(0o077) and None)
    t.write("masked", b"x", mode=0o666)
    t.do("mkdir masked", lambda: os.mkdir(t.p("maskdir"), 0o777))
    os.umask(0o022)
    t.stat("masked")
    t.stat("maskdir")

    def reading():
        fd = os.open(t.p("a"), os.O_RDONLY)
        try:
            return os.write(fd, b"x")
        finally:
            os.close(fd)
    t.do("write through a read-only handle", reading)

    def pieces():
        with open(t.p("big"), "wb") as f:
            f.write(bytes(range(256)) * 5000)
        with open(t.p("big"), "r+b", buffering=0) as f:
            f.seek(700001)
            f.write(b"abc" * 100000)
            f.seek(1)
            return hashlib.sha256(f.read(999999)).hexdigest(), f.tell()
    t.do("a large file in pieces", pieces)
    t.read("big")

    def appenders():
        fds = [os.open(t.p("log"), os.O_WRONLY | os.O_CREAT | os.O_APPEND) for _ in range(3)]
        for i in range(30):
            os.write(fds[i % 3], b"line %d\n" % i)
        for fd in fds:
            os.close(fd)
    t.do("several append", appenders)
    t.read("log")


def names(t):
    for n in [b"n" * 255, "ä€😀".encode() * 10, b"\xff\xfe not utf-8", b"with\nline", b" ", b"-", b"\\040", b"%2F"]:
        t.write(n, b"data of " + n[:20])
        t.read(n)
    t.write(b"n" * 256, b"")
    t.do("mkdir long", lambda: os.mkdir(t.p(b"m" * 256)))
    t.list(".")
    deep = b"deep"
    for _ in range(12):
        t.do("mkdir deep", lambda: os.mkdir(t.p(deep)))
        deep += b"/" + b"d" * 100
    t.do("mkdir deep", lambda: os.mkdir(t.p(deep)))
    t.write(deep + b"/file", b"down there")
    t.read(deep + b"/file")
    t.do("rmdir non-utf8", lambda: os.mkdir(t.p(b"\xe4")))
    t.write(b"\xe4/\xf6", b"x")
    t.list(b"\xe4")
    t.do("rename non-utf8", lambda: os.rename(t.p(b"\xe4"), t.p("ä")))
    t.read("ä".encode() + b"/\xf6")
    t.do("dot", lambda: os.mkdir(t.p(".")))
    t.do("dotdot", lambda: os.rmdir(t.p("..") if False else t.p("ä/..")))


def directories(t):
    t.do("mkdir", lambda: os.mkdir(t.p("d")))
    t.do("mkdir again", lambda: os.mkdir(t.p("d")))
    t.do("mkdir below", lambda: os.mkdir(t.p("d/e"), 0o700))
    t.stat("d/e")
    t.do("rmdir full", lambda: os.rmdir(t.p("d")))
    t.do("unlink a directory", lambda: os.unlink(t.p("d")))
    t.write("f", b"f")
    t.do("rmdir a file", lambda: os.rmdir(t.p("f")))
    t.do("rename file over directory", lambda: os.rename(t.p("f"), t.p("d")))
    t.do("rename directory over file", lambda: os.rename(t.p("d"), t.p("f")))
    t.do("rename into itself", lambda: os.rename(t.p("d"), t.p("d/e/g")))
    t.do("mkdir", lambda: os.mkdir(t.p("empty")))
    t.write("d/e/x", b"x")
    t.do("rename over empty directory", lambda: os.rename(t.p("d"), t.p("empty")))
    t.list("empty")
    t.read("empty/e/x")
    t.do("mkdir", lambda: os.mkdir(t.p("full")))
    t.write("full/1", b"1")
    t.do("rename over full directory", lambda: os.rename(t.p("empty"), t.p("full")))
    t.do("rename away", lambda: os.rename(t.p("empty"), t.p("full/moved")))
    t.read("full/moved/e/x")
    t.read("empty/e/x")
    t.write("empty", b"a file now")
    t.read("empty")
    t.do("rename missing", lambda: os.rename(t.p("nothing"), t.p("x")))
    t.do("rmdir missing", lambda: os.rmdir(t.p("nothing")))
    t.do("rmdir", lambda: os.rmdir(t.p("full/moved/e")))

    def many():
        os.mkdir(t.p("many"))
        for i in range(3000):
            os.close(os.open(t.p("many/entry number %d" % i), os.O_CREAT | os.O_WRONLY))
        seen = os.listdir(t.p("many"))
        found = len(seen), len(set(seen))
        for i in range(0, 3000, 2):
            os.unlink(t.p("many/entry number %d" % i))
        return found, len(os.listdir(t.p("many")))
    t.do("many entries", many)

    def unlink_while_listing():
        with os.scandir(t.p("many")) as entries:
            for entry in entries:
                os.unlink(entry.path)
        return os.listdir(t.p("many")), os.rmdir(t.p("many"))
    t.do("remove while listing", unlink_while_listing)


def links(t):
    t.write("target", b"target")
    t.do("symlink", lambda: os.symlink("target", t.p("s")))
    t.do("readlink", lambda: os.readlink(t.p("s")))
    t.read("s")
    t.stat("s")
    t.stat("s", True)
    t.do("dangling", lambda: os.symlink("nowhere", t.p("dangling")))
    t.read("dangling")
    t.write("dangling", b"through", os.O_WRONLY | os.O_CREAT)
    t.read("nowhere")
    t.do("loop", lambda: os.symlink("loop", t.p("loop")))
    t.read("loop")
    t.do("readlink of a file", lambda: os.readlink(t.p("target")))
    t.do("long symlink", lambda: os.symlink("l" * 4000, t.p("longlink")))
    t.do("read long", lambda: len(os.readlink(t.p("longlink"))))
    t.do("non-utf8 symlink", lambda: os.symlink(b"\xff\xfe", t.p("bytelink")))
    t.do("read it", lambda: os.readlink(t.p(b"bytelink")))
    t.do("link", lambda: os.link(t.p("target"), t.p("hard")))
    t.stat("hard")
    t.stat("target")
    t.write("hard", b"changed!")
    t.read("target")
    t.do("link over", lambda: os.link(t.p("target"), t.p("hard")))
    t.do("link a directory", lambda: os.link(t.top, t.p("hd")))
    t.do("unlink one", lambda: os.unlink(t.p("target")))
    t.stat("hard")
    t.read("hard")
    t.do("link back", lambda: os.link(t.p("hard"), t.p("target")))
    t.do("rename to its own link", lambda: os.rename(t.p("hard"), t.p("target")))
    t.list(".")
    t.do("same inode", lambda: os.stat(t.p("hard")).st_ino == os.stat(t.p("target")).st_ino)
    t.do("fifo", lambda: os.mkfifo(t.p("fifo"), 0o600))
    t.stat("fifo")


def open_unlinked(t):
    def run(gone):
        fd = os.open(t.p("u"), os.O_RDWR | os.O_CREAT)
        try:
            os.write(fd, b"before")
            gone()
            got = [os.fstat(fd).st_nlink, os.fstat(fd).st_size]
            os.pwrite(fd, b"after", 3)
            got.append(os.pread(fd, 100, 0))
            os.ftruncate(fd, 4)
            got.append(os.fstat(fd).st_size)
            os.fchmod(fd, 0o600)
            got.append(oct(os.fstat(fd).st_mode))
            os.utime(fd, (5, 6))
            got.append(os.fstat(fd).st_mtime)
            os.fsync(fd)
            return got
        finally:
            os.close(fd)
    t.do("unlinked while open", lambda: run(lambda: os.unlink(t.p("u"))))
    t.stat("u")

    def replace():
        t.write("v", b"another")
        os.rename(t.p("v"), t.p("u"))
    t.do("replaced while open", lambda: run(replace))
    t.read("u")

    def again():
        fd = os.open(t.p("w"), os.O_RDWR | os.O_CREAT)
        os.write(fd, b"old")
        os.unlink(t.p("w"))
        t.write("w", b"the new one")
        got = os.pread(fd, 10, 0)
        os.close(fd)
        return got
    t.do("unlinked and made again", again)
    t.read("w")

    def moved():
        fd = os.open(t.p("m1"), os.O_RDWR | os.O_CREAT)
        os.write(fd, b"old")
        os.rename(t.p("m1"), t.p("m2"))
        os.pwrite(fd, b"new", 0)
        os.close(fd)
    t.do("renamed while open", moved)
    t.read("m1")
    t.read("m2")


def attributes(t):
    t.write("f", b"x")
    for mode in (0o600, 0o777, 0o4755, 0o2755, 0o000, 0o1777):
        t.do("chmod", lambda: os.chmod(t.p("f"), mode))
        t.stat("f")
    t.do("chmod missing", lambda: os.chmod(t.p("none"), 0o600))
    if os.getuid() == 0:
        for owner in ((1, 2), (-1, 3), (4, -1), (0, 0)):
            t.do("chown", lambda: os.chown(t.p("f"), *owner))
            t.stat("f")
        os.symlink("f", t.p("l"))
        t.do("lchown", lambda: os.lchown(t.p("l"), 7, 8))
        t.stat("l")
        t.stat("f")
        t.do("setuid", lambda: os.chmod(t.p("f"), 0o4755))
    t.do("utime", lambda: os.utime(t.p("f"), ns=(1_000_000_001, 2_000_000_002)))
    t.do("times", lambda: (os.stat(t.p("f")).st_atime_ns, os.stat(t.p("f")).st_mtime_ns))
    t.do("utime before 1970", lambda: os.utime(t.p("f"), (-5, -6)))
    t.do("times", lambda: (os.stat(t.p("f")).st_atime, os.stat(t.p("f")).st_mtime))
    t.do("utime now", lambda: os.utime(t.p("f")))
    t.do("recent", lambda: os.stat(t.p("f")).st_mtime > 1e9)
    t.do("mtime moves on write", lambda: (os.utime(t.p("f"), (1, 1)), t.write("f", b"y"), os.stat(t.p("f")).st_mtime > 1e9)[2])
    t.do("mtime of directory", lambda: (os.mkdir(t.p("d")), os.utime(t.p("d"), (1, 1)), t.write("d/x", b""), os.stat(t.p("d")).st_mtime > 1e9)[3])
    t.do("access", lambda: (os.access(t.p("f"), os.R_OK), os.access(t.p("none"), os.R_OK)))
    for name in ("user.a", "user.ä", "user.empty", "trusted.t", "nonsense"):
        value = b"" if name == "user.empty" else b"value of " + name.encode()
        t.do("setxattr " + name, lambda: os.setxattr(t.p("f"), name, value))
        t.do("getxattr " + name, lambda: os.getxattr(t.p("f"), name))
    t.do("listxattr", lambda: sorted(n for n in os.listxattr(t.p("f")) if n.startswith("user.")))
    t.do("create existing", lambda: os.setxattr(t.p("f"), "user.a", b"2", os.XATTR_CREATE))
    t.do("replace missing", lambda: os.setxattr(t.p("f"), "user.none", b"2", os.XATTR_REPLACE))
    t.do("remove", lambda: os.removexattr(t.p("f"), "user.a"))
    t.do("remove again", lambda: os.removexattr(t.p("f"), "user.a"))
    t.do("statfs", lambda: (os.statvfs(t.p("f")).f_bsize > 0, os.statvfs(t.top).f_namemax, os.statvfs(t.top).f_blocks > 0))


def space(t):
    def sparse():
        with open(t.p("sparse"), "wb") as f:
            f.seek(10_000_000)
            f.write(b"end")
        fd = os.open(t.p("sparse"), os.O_RDWR)
        try:
            got = [os.fstat(fd).st_blocks * 512 < 1_000_000]
            got.append(outcome(lambda: os.lseek(fd, 20_000_000, os.SEEK_DATA)))
            got.append(outcome(lambda: os.lseek(fd, 0, os.SEEK_END)))
            # A filesystem may know no holes; what it says must still be true.
            data = os.lseek(fd, 0, os.SEEK_DATA)
            got.append(data <= 10_000_000 and os.pread(fd, 1, 10_000_001) == b"n")
            got.append(os.lseek(fd, 0, os.SEEK_HOLE) <= 10_000_003)
            return got
        finally:
            os.close(fd)
    t.do("sparse", sparse)
    t.read("sparse")

    def allocate(mode, offset, length):
        fd = os.open(t.p("alloc"), os.O_RDWR | os.O_CREAT)
        try:
            if libc.fallocate(fd, mode, ctypes.c_long(offset), ctypes.c_long(length)) < 0:
                raise OSError(ctypes.get_errno(), "fallocate")
            return os.fstat(fd).st_size
        finally:
            os.close(fd)
    t.write("alloc", bytes(range(200)) * 1000)
    t.do("fallocate", lambda: allocate(0, 0, 300000))
    t.do("keep size", lambda: allocate(1, 0, 500000))
    t.do("punch a hole", lambda: allocate(3, 4096, 8192))
    t.read("alloc")
    t.do("zero a range", lambda: allocate(16, 20000, 5000))
    t.read("alloc")
    t.do("nothing", lambda: allocate(0, 0, 0))
    t.do("posix_fallocate", lambda: os.posix_fallocate(os.open(t.p("alloc"), os.O_RDWR), 0, 400000))
    t.stat("alloc")

    def mapped():
        with open(t.p("map"), "w+b") as f:
            f.truncate(100000)
            with mmap.mmap(f.fileno(), 100000) as a, mmap.mmap(f.fileno(), 100000) as b:
                a[50000:50005] = b"hello"
                seen = bytes(b[50000:50005]), os.pread(f.fileno(), 5, 50000)
                os.pwrite(f.fileno(), b"J", 50000)
                a.flush()
                return seen, bytes(a[50000:50005])
    t.do("mmap", mapped)
    t.read("map")

    def copied():
        a = os.open(t.p("alloc"), os.O_RDONLY)
        b = os.open(t.p("copy"), os.O_WRONLY | os.O_CREAT)
        try:
            return os.sendfile(b, a, 0, 100000)
        finally:
            os.close(a)
            os.close(b)
    t.do("sendfile", copied)
    t.read("copy")

    def locks():
        with open(t.p("lock"), "w") as f:
            fcntl.lockf(f, fcntl.LOCK_EX)
            child = subprocess.run([sys.executable, "-c", "import fcntl,sys\nf=open(sys.argv[1],'r+')\ntry: fcntl.lockf(f,fcntl.LOCK_EX|fcntl.LOCK_NB)\nexcept OSError: print('held')", t.p("lock")], capture_output=True)
            fcntl.flock(f, fcntl.LOCK_EX)
            return child.stdout
    t.do("locks", locks)


def chance(t):
    r = random.Random(7)
    names = ["r%d" % i for i in range(6)] + ["rd/%d" % i for i in range(4)]
    os.mkdir(t.p("rd"))
    for _ in range(600):
        a, b, x = r.choice(names), r.choice(names), r.randrange(9)
        if x < 3:
            t.write(a, r.randbytes(r.choice([1, 100, 5000, 200000])), os.O_WRONLY | os.O_CREAT | r.choice([0, os.O_TRUNC, os.O_APPEND, os.O_EXCL]))
        elif x == 3:
            t.do("rename", lambda: os.rename(t.p(a), t.p(b)))
        elif x == 4:
            t.do("unlink", lambda: os.unlink(t.p(a)))
        elif x == 5:
            t.do("link", lambda: os.link(t.p(a), t.p(b)))
        elif x == 6:
            n = r.randrange(300000)
            t.do("truncate", lambda: os.truncate(t.p(a), n))
        elif x == 7:
            t.read(a)
        else:
            t.stat(a)
    t.do("rename the directory", lambda: os.rename(t.p("rd"), t.p("rd2")))


def tools(t):
    top = os.fsdecode(t.top)

    def shell(script):
        done = subprocess.run(["sh", "-e", "-c", script], cwd=top, capture_output=True, text=True, timeout=60)
        return done.returncode, done.stdout.replace(top, "TOP"), done.stderr.replace(top, "TOP")
    t.do("tree", lambda: shell("mkdir -p src/a/b; echo 1 > src/a/1; echo 2 > src/a/b/2; ln -s ../1 src/a/b/l; ln src/a/1 src/h; touch -d 2001-01-01 src/a/1; chmod 640 src/a/b/2"))
    t.do("cp -a", lambda: shell("cp -a src copy; diff -r src copy; stat -c '%n %a %Y' copy/a/1"))
    t.do("tar", lambda: shell("tar cf s.tar src; mkdir x; tar xf s.tar -C x; diff -r src x/src; find x | sort; rm s.tar"))
    t.do("mv", lambda: shell("mv x/src y; find y | sort; mv -n y/a/1 y/h; ls -R y"))
    t.do("rm", lambda: shell("rm -r copy x; ls -A"))
    t.do("git", lambda: shell("command -v git > /dev/null || exit 0; git init -q g; cd g; echo a > a; git add a; git -c user.name=n -c user.email=e@e commit -q -m m; git status --short; git gc -q; git fsck; git log --format=%s"))
    t.do("sh", lambda: shell("echo 'echo ran' > s.sh; chmod +x s.sh; ./s.sh; echo more >> s.sh; cat s.sh; sed -i s/more/less/ s.sh; cat s.sh"))
    t.do("many processes", lambda: shell("for i in 1 2 3 4; do (for j in 1 2 3 4 5 6 7 8 9; do echo $i $j >> shared; echo $j > own$i; done) & done; wait; sort shared | md5sum; cat own*; rm shared"))


def tree(t):
    """The whole tree as it is at the end."""
    found = []
    for directory, subdirectories, files in os.walk(t.top):
        subdirectories[:] = sorted(d for d in subdirectories if d != b".git")
        for name in sorted(files + subdirectories):
            path = os.path.join(directory, name)
            s = os.lstat(path)
            content = None
            if stat.S_ISREG(s.st_mode):
                with open(path, "rb") as f:
                    content = hashlib.sha256(f.read()).hexdigest()
            elif stat.S_ISLNK(s.st_mode):
                content = os.readlink(path)
            found.append((os.path.relpath(path, t.top), oct(s.st_mode), s.st_uid, s.st_gid, content))
    return found


differences = 0
count = 0
for part in (basics, names, directories, links, open_unlinked, attributes, space, chance, tools):
    trees = []
    for top in sys.argv[1:3]:
        directory = os.path.join(top, part.__name__)
        os.mkdir(directory)
        t = Tree(directory)
        part(t)
        t.log.append(("the tree", None))
        t.log += tree(t)
        trees.append(t)
    plain, mounted = trees
    count += len(plain.log)
    for a, b in zip(plain.log, mounted.log):
        if a != b:
            differences += 1
            print("%s: native %s, mounted %s" % (part.__name__, a, b))
    if len(plain.log) != len(mounted.log):
        differences += 1
        print("%s: %d against %d answers" % (part.__name__, len(plain.log), len(mounted.log)))
print("%d answers compared, %d differ" % (count, differences))
sys.exit(1 if differences else 0)
