"""Writes to a database in a rollback mode what an SQL script changes, and dies before its journal is gone.

usage: unfinished.py DATABASE SQL
"""
import os
import shutil
import sqlite3
import struct
import sys
import tempfile

SECTOR = 512
MAGIC = b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7"
NONCE = 12345

path, sql = sys.argv[1:]
with tempfile.TemporaryDirectory() as directory:
    copy = os.path.join(directory, "copy.db")
    shutil.copyfile(path, copy)
    connection = sqlite3.connect(copy)
    connection.executescript(sql)
    connection.close()
    after = open(copy, "rb").read()
before = open(path, "rb").read()
assert len(before) == len(after)
size = struct.unpack(">H", before[16:18])[0]
changed = [at for at in range(0, len(before), size) if before[at : at + size] != after[at : at + size]]
with open(path + "-journal", "wb") as journal:
    header = MAGIC + struct.pack(">IIIII", len(changed), NONCE, len(before) // size, SECTOR, size)
    journal.write(header.ljust(SECTOR, b"\0"))
    for at in changed:
        page = before[at : at + size]
        checksum = NONCE + sum(page[i] for i in range(size - 200, 0, -200))
        journal.write(struct.pack(">I", at // size + 1) + page + struct.pack(">I", checksum & 0xFFFFFFFF))
    journal.flush()
    os.fsync(journal.fileno())
database = os.open(path, os.O_RDWR)
for at in changed:
    os.pwrite(database, after[at : at + size], at)
os.fsync(database)
