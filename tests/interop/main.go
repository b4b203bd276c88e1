// Drives the real migration engines, for the tests that compare the installer with them.
//
//	interop ENGINE DATABASE DIRECTORY up [N] | down [N] | goto V | version
//	interop read ENGINE     one file a line on stdin, in base64; what the engine reads from it on stdout, as JSON
package main

import (
	"fmt"
	"os"
	"strconv"
)

// An engine on one database and one directory. All is meant where limit is 0.
type engine interface {
	up(limit int) error
	down(limit int) error
	goTo(version string) error
	version() (string, error)
}

var engines = map[string]func(database, directory string) (engine, error){
	"golang-migrate":            openGolangMigrate,
	"golang-migrate-no-tx-wrap": openUnwrappedGolangMigrate,
	"goose":                     openGoose,
	"dbmate":                    openDbmate,
	"sql-migrate":               openSQLMigrate,
	"atlas":                     openAtlas,
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "interop:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) == 2 && args[0] == "read" {
		return readFiles(args[1], os.Stdin, os.Stdout)
	}
	if len(args) < 4 {
		return fmt.Errorf("usage: interop ENGINE DATABASE DIRECTORY up [N] | down [N] | goto V | version")
	}
	open, ok := engines[args[0]]
	if !ok {
		return fmt.Errorf("no engine %q", args[0])
	}
	engine, err := open(args[1], args[2])
	if err != nil {
		return err
	}
	limit, argument := 0, ""
	if len(args) > 4 {
		argument = args[4]
	}
	switch command := args[3]; command {
	case "up", "down":
		if argument != "" {
			if limit, err = strconv.Atoi(argument); err != nil {
				return err
			}
		}
		if command == "up" {
			return engine.up(limit)
		}
		return engine.down(limit)
	case "goto":
		return engine.goTo(argument)
	case "version":
		version, err := engine.version()
		fmt.Println(version)
		return err
	default:
		return fmt.Errorf("no command %q", command)
	}
}
