// An order desk: writes orders on the primary's mount, and reads each of them back on the follower's.
//
//	order-desk PRIMARY_MOUNT FOLLOWER_MOUNT FOLLOWER_URL ITEM...
package main

import (
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	_ "modernc.org/sqlite"
)

const (
	database = "shop/app.db"
	patience = 30 * time.Second
)

func openDesk(primary string) (*sql.DB, error) {
	file := filepath.Join(primary, database)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return nil, err
	}
	db, err := sql.Open("sqlite", "file:"+file+"?_pragma=busy_timeout(10000)&_pragma=journal_mode(WAL)")
	if err != nil {
		return nil, err
	}
	_, err = db.Exec("CREATE TABLE IF NOT EXISTS orders (number INTEGER PRIMARY KEY, item TEXT NOT NULL)")
	return db, err
}

// position says where the database stands; read after a commit, it covers that commit.
func position(primary string) (string, error) {
	text, err := os.ReadFile(filepath.Join(primary, database+"-pos"))
	return strings.TrimSpace(string(text)), err
}

// waitFor returns once readers on the follower see the position.
func waitFor(followerURL, wanted string) error {
	query := url.Values{"database": {database}, "position": {wanted}, "timeout": {patience.String()}}
	for deadline := time.Now().Add(patience); ; time.Sleep(50 * time.Millisecond) {
		answer, err := http.Get(followerURL + "/v1/wait?" + query.Encode())
		if err != nil {
			return err
		}
		var said struct{ Outcome, Error string }
		err = json.NewDecoder(answer.Body).Decode(&said)
		answer.Body.Close()
		if err != nil {
			return err
		}
		if answer.StatusCode == http.StatusOK {
			return nil
		}
		// The follower may not have heard yet of a database that was only just made.
		if said.Outcome != "unknown_database" || time.Now().After(deadline) {
			return errors.New(said.Error)
		}
	}
}

// readOrder returns what readers on the follower see of an order.
func readOrder(follower string, number int64) (item string, err error) {
	db, err := sql.Open("sqlite", "file:"+filepath.Join(follower, database)+"?mode=ro&_pragma=busy_timeout(10000)")
	if err != nil {
		return "", err
	}
	defer db.Close()
	err = db.QueryRow("SELECT item FROM orders WHERE number = ?", number).Scan(&item)
	return item, err
}

func run(primary, follower, followerURL string, items []string) error {
	desk, err := openDesk(primary)
	if err != nil {
		return err
	}
	defer desk.Close()
	for _, item := range items {
		var number int64
		if err := desk.QueryRow("INSERT INTO orders (item) VALUES (?) RETURNING number", item).Scan(&number); err != nil {
			return err
		}
		wanted, err := position(primary)
		if err != nil {
			return err
		}
		started := time.Now()
		if err := waitFor(followerURL, wanted); err != nil {
			return err
		}
		waited := float64(time.Since(started).Microseconds()) / 1000
		seen, err := readOrder(follower, number)
		if err != nil {
			return err
		}
		fmt.Printf("order %d: %s, at %s, on the follower %.1f ms later\n", number, seen, wanted, waited)
	}
	return nil
}

func main() {
	if len(os.Args) < 5 {
		fmt.Fprintln(os.Stderr, "usage: order-desk PRIMARY_MOUNT FOLLOWER_MOUNT FOLLOWER_URL ITEM...")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Args[2], os.Args[3], os.Args[4:]); err != nil {
		fmt.Fprintln(os.Stderr, "order desk:", err)
		os.Exit(1)
	}
}
