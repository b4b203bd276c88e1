package main

import (
	"database/sql"
	"errors"
	"fmt"
	"strconv"

	"github.com/golang-migrate/migrate/v4"
	driver "github.com/golang-migrate/migrate/v4/database/sqlite3"
	_ "github.com/golang-migrate/migrate/v4/source/file"
)

type golangMigrate struct{ *migrate.Migrate }

func openGolangMigrate(database, directory string) (engine, error) {
	return golangMigrateWith(driver.Config{}, database, directory)
}

// As with `x-no-tx-wrap=true`, for files with a transaction of their own.
func openUnwrappedGolangMigrate(database, directory string) (engine, error) {
	return golangMigrateWith(driver.Config{NoTxWrap: true}, database, directory)
}

func golangMigrateWith(config driver.Config, database, directory string) (engine, error) {
	db, err := sql.Open("sqlite3", database)
	if err != nil {
		return nil, err
	}
	instance, err := driver.WithInstance(db, &config)
	if err != nil {
		return nil, err
	}
	m, err := migrate.NewWithDatabaseInstance("file://"+directory, "sqlite3", instance)
	return golangMigrate{m}, err
}

func (m golangMigrate) up(limit int) error {
	if limit == 0 {
		return changed(m.Migrate.Up())
	}
	return m.Steps(limit)
}

func (m golangMigrate) down(limit int) error {
	if limit == 0 {
		return changed(m.Migrate.Down())
	}
	return m.Steps(-limit)
}

func (m golangMigrate) goTo(version string) error {
	number, err := strconv.ParseUint(version, 10, 63)
	if err != nil {
		return err
	}
	return changed(m.Migrate.Migrate(uint(number)))
}

func (m golangMigrate) version() (string, error) {
	version, dirty, err := m.Migrate.Version()
	if errors.Is(err, migrate.ErrNilVersion) {
		return "", nil
	}
	return fmt.Sprint(version, " ", dirty), err
}

func changed(err error) error {
	if errors.Is(err, migrate.ErrNoChange) {
		return nil
	}
	return err
}
