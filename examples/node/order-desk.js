// An order desk: writes orders on the primary's mount, and reads each of them back on the follower's.
//
//     node order-desk.js PRIMARY_MOUNT FOLLOWER_MOUNT FOLLOWER_URL ITEM...
//
// The database is better-sqlite3's, or libsql's, which has the same interface and comes ready to run. Both are SQLite itself, with
// its locks, as Sluice needs it; a SQLite in WebAssembly is not.
"use strict";

const fs = require("node:fs");
const path = require("node:path");
const Database = require(process.env.SQLITE_MODULE || "libsql");

const DATABASE = "shop/app.db";
const WAIT_SECONDS = 30;

function openDesk(primary) {
  const file = path.join(primary, DATABASE);
  fs.mkdirSync(path.dirname(file), { recursive: true });
  const db = new Database(file, { timeout: 10_000 });
  db.pragma("journal_mode = WAL");
  db.exec("CREATE TABLE IF NOT EXISTS orders (number INTEGER PRIMARY KEY, item TEXT NOT NULL)");
  return db;
}

/** Where the database stands; read after a commit, it covers that commit. */
function position(primary) {
  return fs.readFileSync(path.join(primary, DATABASE) + "-pos", "utf8").trim();
}

/** Returns once readers on the follower see the position. */
async function waitFor(followerUrl, wanted) {
  const deadline = Date.now() + WAIT_SECONDS * 1000;
  const query = new URLSearchParams({ database: DATABASE, position: wanted, timeout: `${WAIT_SECONDS}s` });
  for (;;) {
    const answer = await fetch(`${followerUrl}/v1/wait?${query}`);
    const { outcome, error } = await answer.json();
    if (answer.ok) return;
    // The follower may not have heard yet of a database that was only just made.
    if (outcome !== "unknown_database" || Date.now() > deadline) throw new Error(error);
    await new Promise((again) => setTimeout(again, 50));
  }
}

/** What readers on the follower see of an order. */
function readOrder(follower, number) {
  const db = new Database(path.join(follower, DATABASE), { readonly: true, timeout: 10_000 });
  try {
    const row = db.prepare("SELECT item FROM orders WHERE number = ?").get(number);
    if (!row) throw new Error(`order ${number} is not on the follower`);
    return row.item;
  } finally {
    db.close();
  }
}

async function main([primary, follower, followerUrl, ...items]) {
  const desk = openDesk(primary);
  const insert = desk.prepare("INSERT INTO orders (item) VALUES (?)");
  for (const item of items) {
    const number = Number(insert.run(item).lastInsertRowid);
    const wanted = position(primary);
    const started = performance.now();
    await waitFor(followerUrl, wanted);
    const waited = (performance.now() - started).toFixed(1);
    console.log(`order ${number}: ${readOrder(follower, number)}, at ${wanted}, on the follower ${waited} ms later`);
  }
  desk.close();
}

if (process.argv.length < 6) {
  console.error("usage: order-desk.js PRIMARY_MOUNT FOLLOWER_MOUNT FOLLOWER_URL ITEM...");
  process.exitCode = 2;
} else {
  main(process.argv.slice(2)).catch((error) => {
    console.error(`order desk: ${error.message}`);
    process.exitCode = 1;
  });
}
