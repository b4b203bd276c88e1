package main

import (
	"database/sql"

	migrate "github.com/rubenv/sql-migrate"
)

type sqlMigrate struct {
	db     *sql.DB
	source migrate.FileMigrationSource
}

func openSQLMigrate(database, directory string) (engine, error) {
	db, err := sql.Open("sqlite3", database)
	return sqlMigrate{db, migrate.FileMigrationSource{Dir: directory}}, err
}

func (s sqlMigrate) up(limit int) error {
	_, err := migrate.ExecMax(s.db, "sqlite3", s.source, migrate.Up, limit)
	return err
}

func (s sqlMigrate) down(limit int) error {
	_, err := migrate.ExecMax(s.db, "sqlite3", s.source, migrate.Down, limit)
	return err
}

// The version stays applied, as the installer means it; sql-migrate's own `-version` would undo it too.
func (s sqlMigrate) goTo(version string) error {
	all, err := s.source.FindMigrations()
	if err != nil {
		return err
	}
	applied, err := migrate.GetMigrationRecords(s.db, "sqlite3")
	if err != nil {
		return err
	}
	for position, migration := range all {
		if migration.Id != version {
			continue
		}
		if up := position + 1 - len(applied); up > 0 {
			return s.up(up)
		} else if up < 0 {
			return s.down(-up)
		}
	}
	return nil
}

func (s sqlMigrate) version() (string, error) {
	applied, err := migrate.GetMigrationRecords(s.db, "sqlite3")
	if err != nil || len(applied) == 0 {
		return "", err
	}
	return applied[len(applied)-1].Id, nil
}
