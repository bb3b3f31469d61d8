"""An application behind a proxy: POST keeps a text, GET /?text says how often it is there. Arguments: database, port."""
import sqlite3
import sys
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

DATABASE, PORT = sys.argv[1:3]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, status, text):
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self):
        text = self.rfile.read(int(self.headers["Content-Length"])).decode()
        db = sqlite3.connect(DATABASE, timeout=60)
        try:
            db.execute("PRAGMA journal_mode=wal")
            with db:
                db.execute("CREATE TABLE IF NOT EXISTS t(x)")
                db.execute("INSERT INTO t VALUES(?)", (text,))
            self.answer(201, "kept")
        except sqlite3.OperationalError as e:
            self.answer(500, str(e))
        finally:
            db.close()

    def do_GET(self):
        text = urllib.parse.unquote(urllib.parse.urlparse(self.path).query)
        try:
            db = sqlite3.connect("file:" + DATABASE + "?mode=ro", uri=True, timeout=60)
            count = db.execute("SELECT count(*) FROM t WHERE x=?", (text,)).fetchone()[0]
            db.close()
            self.answer(200, str(count))
        except sqlite3.OperationalError as e:
            self.answer(500, str(e))

    def log_message(self, *args):
        pass


server = ThreadingHTTPServer(("127.0.0.1", int(PORT)), Handler)
print("serving", flush=True)
server.serve_forever()
