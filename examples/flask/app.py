"""An order service in Flask: the same program on the primary, where orders come in, and on followers, where they are read.

    DATABASE=mnt/shop/app.db  NODE=http://127.0.0.1:4480 flask --app app run --port 4490
    DATABASE=mnt2/shop/app.db NODE=http://127.0.0.1:4481 flask --app app run --port 4491

An answer to a POST has the position of what was written; who sends it with a GET sees that on every node.
"""

import contextlib
import os
import sqlite3
import urllib.error
import urllib.parse
import urllib.request

from flask import Flask, jsonify, request

DATABASE = os.path.abspath(os.environ["DATABASE"])
NODE = os.environ["NODE"]
# As the nodes call it: its path below the mount.
NAME = os.environ.get("NAME", "shop/app.db")

app = Flask(__name__)


def connect(mode):
    path = urllib.parse.quote(DATABASE)
    return contextlib.closing(sqlite3.connect("file:%s?mode=%s" % (path, mode), uri=True, timeout=10))


@app.post("/orders")
def take_order():
    os.makedirs(os.path.dirname(DATABASE), exist_ok=True)
    with connect("rwc") as db:
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("CREATE TABLE IF NOT EXISTS orders (number INTEGER PRIMARY KEY, item TEXT NOT NULL)")
        with db:
            number = db.execute("INSERT INTO orders (item) VALUES (?)", (request.form["item"],)).lastrowid
    # Read after the commit, it covers the commit.
    with open(DATABASE + "-pos") as position:
        return jsonify(number=number, position=position.read().strip()), 201


@app.get("/orders/<int:number>")
def show_order(number):
    position = request.args.get("position")
    if position:
        query = urllib.parse.urlencode({"database": NAME, "position": position, "timeout": "5s"})
        try:
            urllib.request.urlopen("%s/v1/wait?%s" % (NODE, query), timeout=10).close()
        except urllib.error.HTTPError:
            # Not here in time, or lost with an earlier primary: let the client decide whether to ask again.
            return jsonify(error="this node has not got %s" % position), 503, {"Retry-After": "1"}
    with connect("ro") as db:
        row = db.execute("SELECT item FROM orders WHERE number = ?", (number,)).fetchone()
    return jsonify(item=row[0]) if row else (jsonify(error="no such order"), 404)
