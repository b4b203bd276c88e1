package main

import (
	"io"
	"net/url"
	"os"
	"path/filepath"
	"testing/fstest"

	"github.com/amacneil/dbmate/v2/pkg/dbmate"
	_ "github.com/amacneil/dbmate/v2/pkg/driver/sqlite"
)

type dbmateEngine struct{ *dbmate.DB }

func openDbmate(database, directory string) (engine, error) {
	path, err := filepath.Abs(database)
	if err != nil {
		return nil, err
	}
	db := dbmate.New(&url.URL{Scheme: "sqlite", Opaque: path})
	db.AutoDumpSchema = false
	db.Log = io.Discard
	db.FS = os.DirFS(directory)
	db.MigrationsDir = []string{"."}
	return dbmateEngine{db}, nil
}

// dbmate knows no limit: it is shown only the files that it may run.
func (d dbmateEngine) up(limit int) error {
	if limit == 0 {
		return d.CreateAndMigrate()
	}
	all, err := d.FindMigrations()
	if err != nil {
		return err
	}
	shown := fstest.MapFS{}
	for _, migration := range all {
		if !migration.Applied {
			if limit == 0 {
				continue
			}
			limit--
		}
		bytes, err := io.ReadAll(must(d.FS.Open(migration.FileName)))
		if err != nil {
			return err
		}
		shown[migration.FileName] = &fstest.MapFile{Data: bytes}
	}
	d.FS = shown
	return d.CreateAndMigrate()
}

func (d dbmateEngine) down(limit int) error {
	if limit > 0 {
		return times(limit, d.Rollback)
	}
	applied, err := d.applied()
	if err != nil {
		return err
	}
	return times(len(applied), d.Rollback)
}

func (d dbmateEngine) goTo(version string) error {
	all, err := d.FindMigrations()
	if err != nil {
		return err
	}
	for position, migration := range all {
		if migration.Version != version {
			continue
		}
		applied, err := d.applied()
		if err != nil {
			return err
		}
		if up := position + 1 - len(applied); up > 0 {
			return d.up(up)
		} else if up < 0 {
			return d.down(-up)
		}
	}
	return nil
}

func (d dbmateEngine) version() (string, error) {
	applied, err := d.applied()
	if err != nil || len(applied) == 0 {
		return "", err
	}
	return applied[len(applied)-1], nil
}

func (d dbmateEngine) applied() (versions []string, err error) {
	all, err := d.FindMigrations()
	for _, migration := range all {
		if migration.Applied {
			versions = append(versions, migration.Version)
		}
	}
	return versions, err
}

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}
