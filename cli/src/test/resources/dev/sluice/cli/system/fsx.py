"""Random reads and writes of files, against what the files have to hold; after fsx of the BSDs.

fsx.py MOUNTED DATA SEED OPERATIONS [WITHOUT...]: five files with names that mean something to Sluice, and content that
mostly means nothing. DATA is where the mount keeps them: there they have to be the same in the end.
"""
import ctypes
import mmap
import os
import random
import struct
import sys

libc = ctypes.CDLL(None, use_errno=True)
mounted, data, seed, operations = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
r = random.Random(seed)
LARGEST = r.choice([5000, 70000, 400000, 2500000])
HEADS = [
    b"SQLite format 3\0" + struct.pack(">HBBBBBB", 4096, 1, 1, 0, 64, 32, 32),
    b"SQLite format 3\0" + struct.pack(">HBBBBBB", 512, 2, 2, 0, 64, 32, 32) + bytes(4) + struct.pack(">I", 7),
    b"SQLite format 3\0",
    bytes.fromhex("d9d505f920a163d7") + struct.pack(">IIIII", 3, 77, 9, 512, 4096),
    bytes.fromhex("d9d505f920a163d7"),
    struct.pack(">IIIIIIII", 0x377F0682, 3007000, 4096, 0, 1, 2, 3, 4),
    struct.pack(">IIII", 0x377F0683, 3007000, 512, 0),
    bytes(32),
]


class File:
    def __init__(self, name):
        self.name = name
        self.model = bytearray()
        self.fd = self.other = self.appender = -1
        self.open(os.O_CREAT)

    def path(self, top=None):
        return os.path.join(top or mounted, self.name)

    def open(self, flags=0):
        for fd in (self.fd, self.other, self.appender):
            if fd >= 0:
                os.close(fd)
        self.fd = os.open(self.path(), os.O_RDWR | flags)
        self.other = os.open(self.path(), os.O_RDONLY)
        self.appender = os.open(self.path(), os.O_WRONLY | os.O_APPEND)

    def put(self, at, what):
        if at > len(self.model) and what:
            self.model.extend(bytes(at - len(self.model)))
        self.model[at:at + len(what)] = what

    def expect(self, got, at, length):
        wanted = bytes(self.model[at:at + length])
        if got != wanted:
            first = next((i for i, (a, b) in enumerate(zip(got, wanted)) if a != b), min(len(got), len(wanted)))
            raise AssertionError("%s of %d bytes: read %d at %d, got %d; the first wrong is at %d: %r, not %r" % (
                self.name, len(self.model), length, at, len(got), at + first, got[first:first + 16], wanted[first:first + 16]))


def full(write, what):
    done = 0
    while done < len(what):
        done += write(done)


def place(f):
    kind = r.randrange(5)
    at = 0 if kind == 0 else r.randrange(LARGEST) & ~4095 if kind == 1 else r.randrange(LARGEST)
    if kind == 2:
        at = min(LARGEST - 1, max(0, len(f.model) - r.randrange(5000)))
    return at, min(LARGEST - at, r.choice([1, 8, 24, 512, 4096, 4120, r.randrange(1, 20000), r.randrange(1, 200000)]))


def fill(at, length):
    if at == 0 and r.randrange(2):
        head = r.choice(HEADS)
        return (head + r.randbytes(length))[:max(length, len(head))]
    return r.choice([r.randbytes, bytes])(length)


def write(f):
    at, length = place(f)
    what = fill(at, length)
    full(lambda n: os.pwrite(f.fd, what[n:], at + n), what)
    f.put(at, what)
    return at, len(what)


def append(f):
    what = r.randbytes(min(max(0, LARGEST - len(f.model)), r.choice([1, 100, 4096, 30000])))
    full(lambda n: os.write(f.appender, what[n:]), what)
    f.put(len(f.model), what)
    return len(what)


def read(f):
    at, length = place(f)
    f.expect(os.pread(r.choice([f.fd, f.other]), length, at), at, length)
    return at, length


def mapped_read(f):
    at, length = place(f)
    length = min(length, len(f.model) - at)
    if length > 0:
        with mmap.mmap(f.other, 0, flags=r.choice([mmap.MAP_SHARED, mmap.MAP_PRIVATE]), prot=mmap.PROT_READ) as m:
            f.expect(m[at:at + length], at, length)
    return at, length


def mapped_write(f):
    at, length = place(f)
    length = min(length, len(f.model) - at)
    if length > 0:
        what = r.randbytes(length)
        with mmap.mmap(f.fd, 0) as m:
            m[at:at + length] = what
            f.put(at, what)
            # Others see it before it is written back.
            f.expect(os.pread(f.other, length, at), at, length)
            if r.randrange(2):
                m.flush()
    return at, length


def truncate(f):
    size = r.choice([0, r.randrange(LARGEST), r.randrange(LARGEST), len(f.model)])
    if r.randrange(2):
        os.ftruncate(f.fd, size)
    else:
        os.truncate(f.path(), size)
    if size < len(f.model):
        del f.model[size:]
    else:
        f.model.extend(bytes(size - len(f.model)))
    return size


def allocate(f, mode, at, length):
    if libc.fallocate(f.fd, mode, ctypes.c_long(at), ctypes.c_long(length)) < 0:
        raise OSError(ctypes.get_errno(), "fallocate %d" % mode)


def punch(f):
    at, length = place(f)
    mode = r.choice([3, 16, 17])
    allocate(f, mode, at, length)
    if mode == 16:
        f.put(at, bytes(length))
    else:
        n = min(length, max(0, len(f.model) - at))
        f.put(at, bytes(n))
    return mode, at, length


def grow(f):
    at, length = place(f)
    mode = r.randrange(2)
    allocate(f, mode, at, length)
    if mode == 0 and at + length > len(f.model):
        f.model.extend(bytes(at + length - len(f.model)))
    return mode, at, length


def reopen(f):
    flags = os.O_TRUNC if r.randrange(6) == 0 else 0
    if flags:
        del f.model[:]
    f.open(flags)
    return flags


def copy(f):
    from_, length = place(f)
    to = r.randrange(LARGEST)
    length = min(length, LARGEST - to, len(f.model) - from_)
    if length > 0 and (from_ + length <= to or to + length <= from_):
        done = 0
        while done < length:
            done += os.copy_file_range(f.other, f.fd, length - done, from_ + done, to + done)
        f.put(to, bytes(f.model[from_:from_ + length]))
    return from_, to, length


def forget(f):
    os.fsync(f.fd)
    os.posix_fadvise(f.fd, 0, 0, os.POSIX_FADV_DONTNEED)


def sync(f):
    r.choice([os.fsync, os.fdatasync])(r.choice([f.fd, f.other]))


def size(f):
    sizes = os.fstat(f.fd).st_size, os.stat(f.path()).st_size, os.lseek(f.other, 0, os.SEEK_END)
    if set(sizes) != {len(f.model)}:
        raise AssertionError("%s: size %s, should be %d" % (f.name, sizes, len(f.model)))


def holes(f):
    at, hole = 0, 0
    while at < len(f.model):
        try:
            at = os.lseek(f.other, hole, os.SEEK_DATA)
        except OSError:
            at = len(f.model)
        if any(f.model[hole:at]):
            raise AssertionError("%s: no hole from %d to %d" % (f.name, hole, at))
        if at < len(f.model):
            hole = os.lseek(f.other, at, os.SEEK_HOLE)


def remove(f):
    """The descriptors stay for a while, then the name is taken by a new file."""
    if r.randrange(3) == 0:
        os.unlink(f.path())
        old = bytes(f.model)
        f.expect(os.pread(f.fd, len(old) + 1, 0), 0, len(old) + 1)
        os.pwrite(f.fd, b"gone", 0)
        os.ftruncate(f.fd, 3)
        if os.pread(f.other, 9, 0) != b"gon":
            raise AssertionError("a file without a name")
        del f.model[:]
        f.open(os.O_CREAT | os.O_EXCL)


def exchange(f):
    """Another content under the name, as programs save: what is open stays the old one until it is opened anew."""
    new = fill(0, r.randrange(1, 30000))
    with open(f.path() + ".new", "wb") as out:
        out.write(new)
    os.rename(f.path() + ".new", f.path())
    f.expect(os.pread(f.fd, len(f.model) + 1, 0), 0, len(f.model) + 1)
    f.model[:] = new
    f.open()


def swap(f):
    """Two of the files change names."""
    g = r.choice(files)
    if g is not f:
        if libc.renameat2(-100, os.fsencode(f.path()), -100, os.fsencode(g.path()), 2) < 0:
            raise OSError(ctypes.get_errno(), "renameat2")
        f.name, g.name = g.name, f.name
    return g.name


ways = [write] * 6 + [append] * 2 + [read] * 5 + [mapped_read] * 2 + [mapped_write] * 3 + [truncate] * 2 + [
    punch, grow, copy, reopen, forget, sync, size, holes, remove, exchange, swap]
ways = [w for w in ways if w.__name__ not in sys.argv[5:]]
top = "fsx%d" % seed
os.mkdir(os.path.join(mounted, top))
files = [File(os.path.join(top, n)) for n in ("plain", "x.db", "x.db-journal", "x.db-wal", "x.db-shm")]
log = []
try:
    for i in range(operations):
        f, way = r.choice(files), r.choice(ways)
        log.append((i, way.__name__, f.name))
        log.append(way(f))
    for f in files:
        with open(f.path(), "rb") as content:
            f.expect(content.read(), 0, len(f.model) + 1)
        os.fsync(f.fd)
        with open(f.path(data), "rb") as content:
            f.expect(content.read(), 0, len(f.model) + 1)
except (AssertionError, OSError) as e:
    print("seed %d, operation %d: %r" % (seed, len(log) // 2, e))
    for entry in log[-24:]:
        print("  ", entry)
    sys.exit(1)
for f in files:
    os.unlink(f.path())
os.rmdir(os.path.join(mounted, top))
print("seed %d: %d operations" % (seed, operations))
