// database/sql, with the driver that the build tag says.
package main

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/hex"
	"fmt"
	"os"
	"strconv"
)

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func main() {
	file, mode, who, backup := os.Args[1], os.Args[2], os.Args[3], os.Args[5]
	count, err := strconv.Atoi(os.Args[4])
	check(err)
	db, err := sql.Open(driver, "file:"+file)
	check(err)
	// Two connections, of which one reads.
	ctx := context.Background()
	writer, err := db.Conn(ctx)
	check(err)
	reader, err := db.Conn(ctx)
	check(err)
	run := func(c *sql.Conn, statement string, args ...any) {
		_, err := c.ExecContext(ctx, statement, args...)
		check(err)
	}
	run(writer, "PRAGMA busy_timeout=60000")
	run(reader, "PRAGMA busy_timeout=60000")
	run(writer, "PRAGMA journal_mode="+mode)
	run(writer, "CREATE TABLE IF NOT EXISTS t(who TEXT, n INTEGER, body TEXT, PRIMARY KEY(who, n))")
	for n := 1; n <= count; n++ {
		body := make([]byte, 300)
		rand.Read(body)
		run(writer, "INSERT INTO t VALUES(?, ?, ?)", who, n, hex.EncodeToString(body))
		if n == count/2 {
			run(writer, "VACUUM INTO ?", backup)
		}
		var seen int
		check(reader.QueryRowContext(ctx, "SELECT count(*) FROM t WHERE who = ?", who).Scan(&seen))
		if seen != n {
			check(fmt.Errorf("read %d after %d", seen, n))
		}
	}
	run(writer, "VACUUM")
	check(reader.Close())
	check(writer.Close())
	check(db.Close())
	fmt.Println("t", count)
}
