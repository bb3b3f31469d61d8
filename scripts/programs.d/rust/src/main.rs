// rusqlite with the SQLite it brings along, and its online backup.
use rusqlite::{backup::Backup, params, Connection, TransactionBehavior};
use std::time::Duration;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let args: Vec<String> = std::env::args().collect();
    let (file, mode, who, backup) = (&args[1], &args[2], &args[3], &args[5]);
    let count: i64 = args[4].parse()?;
    let mut db = Connection::open(file)?;
    db.busy_timeout(Duration::from_secs(60))?;
    db.pragma_update_and_check(None, "journal_mode", mode, |_| Ok(()))?;
    db.execute_batch("CREATE TABLE IF NOT EXISTS t(who TEXT, n INTEGER, body TEXT, PRIMARY KEY(who, n))")?;
    for n in 1..=count {
        let transaction = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
        transaction.execute("INSERT INTO t VALUES(?1, ?2, hex(randomblob(300)))", params![who, n])?;
        transaction.commit()?;
        if n == count / 2 {
            let mut copy = Connection::open(backup)?;
            Backup::new(&db, &mut copy)?.run_to_completion(20, Duration::from_millis(1), None)?;
        }
        let seen: i64 = db.query_row("SELECT count(*) FROM t WHERE who = ?1", params![who], |r| r.get(0))?;
        assert_eq!(seen, n);
    }
    db.execute_batch("VACUUM")?;
    println!("t {count}");
    Ok(())
}
