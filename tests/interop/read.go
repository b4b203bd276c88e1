package main

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"testing/fstest"
	_ "unsafe"

	atlas "ariga.io/atlas/sql/migrate"
	"github.com/amacneil/dbmate/v2/pkg/dbmate"
	"github.com/rubenv/sql-migrate/sqlparse"
)

// What an engine reads from one file.
type reading struct {
	Error string `json:"error"`
	Up    way    `json:"up"`
	Down  way    `json:"down"`
}

type way struct {
	Pieces      []string `json:"pieces"`
	Transaction bool     `json:"transaction"`
}

var readers = map[string]func([]byte) (up, down way, err error){
	"goose": readGoose, "dbmate": readDbmate, "sql-migrate": readSQLMigrate, "atlas": readAtlas,
}

func readFiles(engine string, in io.Reader, out io.Writer) error {
	read, ok := readers[engine]
	if !ok {
		return fmt.Errorf("no reader of %q", engine)
	}
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, 64<<20)
	writer := bufio.NewWriter(out)
	for lines.Scan() {
		content, err := base64.StdEncoding.DecodeString(lines.Text())
		if err != nil {
			return err
		}
		var answer reading
		answer.Up, answer.Down, err = read(content)
		if err != nil {
			answer = reading{Error: err.Error()}
		}
		if err := json.NewEncoder(writer).Encode(answer); err != nil {
			return err
		}
	}
	if err := lines.Err(); err != nil {
		return err
	}
	return writer.Flush()
}

// The parser is internal to goose, and all that its two interfaces have in common.
//
//go:linkname parseGoose github.com/pressly/goose/v3/internal/sqlparser.ParseSQLMigration
func parseGoose(content io.Reader, direction string, debug bool) ([]string, bool, error)

func readGoose(content []byte) (up, down way, err error) {
	if up.Pieces, up.Transaction, err = parseGoose(bytes.NewReader(content), "up", false); err != nil {
		return
	}
	down.Pieces, down.Transaction, err = parseGoose(bytes.NewReader(content), "down", false)
	return
}

func readDbmate(content []byte) (up, down way, err error) {
	files := fstest.MapFS{"1_a.sql": &fstest.MapFile{Data: content}}
	migration := dbmate.Migration{FileName: "1_a.sql", FilePath: "1_a.sql", FS: files, Version: "1"}
	parsed, err := migration.Parse()
	if err != nil {
		return
	}
	up = way{[]string{parsed.Up}, parsed.UpOptions.Transaction()}
	down = way{[]string{parsed.Down}, parsed.DownOptions.Transaction()}
	return
}

func readSQLMigrate(content []byte) (up, down way, err error) {
	parsed, err := sqlparse.ParseMigration(bytes.NewReader(content))
	if err != nil {
		return
	}
	up = way{sent(parsed.UpStatements), !parsed.DisableTransactionUp}
	down = way{sent(parsed.DownStatements), !parsed.DisableTransactionDown}
	return
}

// sql-migrate takes these off just before it runs a statement.
func sent(statements []string) (sent []string) {
	for _, statement := range statements {
		statement = strings.TrimSuffix(strings.TrimSuffix(strings.TrimSuffix(statement, "\n"), " "), ";")
		sent = append(sent, statement)
	}
	return
}

// The way down stands for the file's entry in atlas.sum.
func readAtlas(content []byte) (up, down way, err error) {
	file := atlas.NewLocalFile("1_a.sql", content)
	scanner := atlas.Scanner{ScannerOptions: atlas.ScannerOptions{MatchBegin: true}}
	statements, err := scanner.Scan(string(content))
	if err != nil {
		return
	}
	for _, statement := range statements {
		up.Pieces = append(up.Pieces, statement.Text)
	}
	modes := file.Directive("txmode")
	if len(modes) > 1 || len(modes) == 1 && modes[0] != "file" && modes[0] != "none" || len(file.Directive("checkpoint")) > 0 {
		return up, down, fmt.Errorf("directives: %q", modes)
	}
	up.Transaction = len(modes) == 0 || modes[0] == "file"
	sum, err := atlas.NewHashFile([]atlas.File{file})
	if err != nil {
		return
	}
	entry, _ := sum.SumByName("1_a.sql")
	down.Pieces = []string{entry}
	return
}
