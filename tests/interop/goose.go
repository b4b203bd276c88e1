package main

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"strconv"

	"github.com/pressly/goose/v3"
)

type gooseEngine struct{ *goose.Provider }

func openGoose(database, directory string) (engine, error) {
	db, err := sql.Open("sqlite3", database)
	if err != nil {
		return nil, err
	}
	provider, err := goose.NewProvider(goose.DialectSQLite3, db, os.DirFS(directory))
	return gooseEngine{provider}, err
}

func (g gooseEngine) up(limit int) error {
	if limit == 0 {
		_, err := g.Provider.Up(context.Background())
		return err
	}
	return times(limit, func() error {
		_, err := g.UpByOne(context.Background())
		return err
	})
}

func (g gooseEngine) down(limit int) error {
	if limit == 0 {
		_, err := g.DownTo(context.Background(), 0)
		return err
	}
	return times(limit, func() error {
		_, err := g.Provider.Down(context.Background())
		return err
	})
}

func (g gooseEngine) goTo(version string) error {
	target, err := strconv.ParseInt(version, 10, 64)
	if err != nil {
		return err
	}
	current, err := g.GetDBVersion(context.Background())
	if err != nil {
		return err
	}
	if target < current {
		_, err = g.DownTo(context.Background(), target)
	} else {
		_, err = g.UpTo(context.Background(), target)
	}
	return err
}

func (g gooseEngine) version() (string, error) {
	version, err := g.GetDBVersion(context.Background())
	return fmt.Sprint(version), err
}

func times(count int, act func() error) error {
	for range count {
		if err := act(); err != nil {
			return err
		}
	}
	return nil
}
