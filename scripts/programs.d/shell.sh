#!/bin/sh
# The sqlite3 shell; a process for each statement.
set -eu
file=$1 mode=$2 who=$3 count=$4 backup=$5
sql() {
  sqlite3 -bail -cmd ".timeout 60000" "$file" "$@"
}
sql "PRAGMA journal_mode=$mode" >/dev/null
sql "CREATE TABLE IF NOT EXISTS t(who TEXT, n INTEGER, body TEXT, PRIMARY KEY(who, n))"
n=1
while [ "$n" -le "$count" ]; do
  sql "INSERT INTO t VALUES('$who', $n, hex(randomblob(300)))"
  if [ "$n" = $((count / 2)) ]; then
    sql ".backup '$backup'"
  fi
  seen=$(sql "SELECT count(*) FROM t WHERE who='$who'")
  [ "$seen" = "$n" ] || { echo "read $seen after $n" >&2; exit 1; }
  n=$((n + 1))
done
sql "VACUUM"
echo "t $count"
