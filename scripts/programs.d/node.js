// better-sqlite3, and its online backup.
const Database = require("better-sqlite3");
const crypto = require("crypto");
const [file, mode, who, number, backup] = process.argv.slice(2);
const count = Number(number);
async function main() {
  const db = new Database(file, { timeout: 60000 });
  db.pragma("journal_mode=" + mode);
  db.exec("CREATE TABLE IF NOT EXISTS t(who TEXT, n INTEGER, body TEXT, PRIMARY KEY(who, n))");
  const insert = db.prepare("INSERT INTO t VALUES(?, ?, ?)");
  const seen = db.prepare("SELECT count(*) AS c FROM t WHERE who = ?");
  const add = db.transaction((n) => insert.run(who, n, crypto.randomBytes(300).toString("hex")));
  for (let n = 1; n <= count; n++) {
    add.immediate(n);
    if (n === count >> 1) await db.backup(backup);
    const c = seen.get(who).c;
    if (c !== n) throw new Error(`read ${c} after ${n}`);
  }
  db.exec("VACUUM");
  db.close();
  console.log("t", count);
}
main().catch((e) => {
  console.error(e);
  process.exit(1);
});
