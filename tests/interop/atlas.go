package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"time"

	"ariga.io/atlas/sql/migrate"
	"ariga.io/atlas/sql/schema"
	"ariga.io/atlas/sql/sqlclient"
	_ "ariga.io/atlas/sql/sqlite"
	_ "github.com/mattn/go-sqlite3"
)

// The executor, the scanner, the sums and the driver are Atlas's own. Its command line, with the store of revisions,
// is a module that the proxy does not have: the store here writes the rows as that one does.
type atlasEngine struct {
	client *sqlclient.Client
	dir    *migrate.LocalDir
}

const revisions = "CREATE TABLE `atlas_schema_revisions` (`version` text NOT NULL, `description` text NOT NULL, " +
	"`type` integer NOT NULL DEFAULT (2), `applied` integer NOT NULL DEFAULT (0), `total` integer NOT NULL DEFAULT (0), " +
	"`executed_at` datetime NOT NULL, `execution_time` integer NOT NULL, `error` text NULL, `error_stmt` text NULL, " +
	"`hash` text NOT NULL, `partial_hashes` json NULL, `operator_version` text NOT NULL, PRIMARY KEY (`version`))"

func openAtlas(database, directory string) (engine, error) {
	client, err := sqlclient.Open(context.Background(), "sqlite://"+database)
	if err != nil {
		return nil, err
	}
	dir, err := migrate.NewLocalDir(directory)
	return atlasEngine{client, dir}, err
}

// One transaction a file, as `--tx-mode file`; a file with `atlas:txmode none` has none.
func (a atlasEngine) up(limit int) error {
	ctx := context.Background()
	exists := 0
	err := a.client.DB.QueryRow("SELECT count(*) FROM sqlite_master WHERE name = 'atlas_schema_revisions'").Scan(&exists)
	if err != nil {
		return err
	}
	if exists == 0 {
		if _, err := a.client.DB.Exec(revisions); err != nil {
			return err
		}
	}
	executor, err := a.executor(a.client.Driver)
	if err != nil {
		return err
	}
	pending, err := executor.Pending(ctx)
	if errors.Is(err, migrate.ErrNoPendingFiles) {
		return nil
	}
	if err != nil {
		return err
	}
	for position, file := range pending {
		if limit > 0 && position >= limit {
			break
		}
		if err := a.apply(ctx, executor, file); err != nil {
			return err
		}
	}
	return nil
}

func (a atlasEngine) apply(ctx context.Context, outside *migrate.Executor, file migrate.File) error {
	if modes := file.(*migrate.LocalFile).Directive("txmode"); len(modes) == 1 && modes[0] == "none" {
		return outside.Execute(ctx, file)
	}
	tx, err := a.client.Tx(ctx, nil)
	if err != nil {
		return err
	}
	inside, err := a.executor(tx.Driver)
	if err == nil {
		err = inside.Execute(ctx, file)
	}
	if err != nil {
		return errors.Join(err, tx.Rollback())
	}
	return tx.Commit()
}

func (a atlasEngine) executor(driver migrate.Driver) (*migrate.Executor, error) {
	return migrate.NewExecutor(driver, a.dir, store{driver}, migrate.WithOperatorVersion("Atlas CLI v1.2.3"))
}

func (a atlasEngine) down(int) error {
	return errors.New("atlas: there is no way down")
}

func (a atlasEngine) goTo(version string) error {
	files, err := a.dir.Files()
	if err != nil {
		return err
	}
	all, err := store{a.client.Driver}.ReadRevisions(context.Background())
	if err != nil {
		all = nil
	}
	for position, file := range files {
		if file.Version() == version && position+1 > len(all) {
			return a.up(position + 1 - len(all))
		}
	}
	return nil
}

func (a atlasEngine) version() (string, error) {
	all, err := store{a.client.Driver}.ReadRevisions(context.Background())
	if err != nil || len(all) == 0 {
		return "", err
	}
	return all[len(all)-1].Version, nil
}

type store struct{ schema.ExecQuerier }

func (store) Ident() *migrate.TableIdent {
	return &migrate.TableIdent{Name: "atlas_schema_revisions"}
}

func (s store) ReadRevisions(ctx context.Context) ([]*migrate.Revision, error) {
	return s.read(ctx, "WHERE version <> '.atlas_cloud_identifier' ORDER BY version")
}

func (s store) ReadRevision(ctx context.Context, version string) (*migrate.Revision, error) {
	found, err := s.read(ctx, "WHERE version = ?", version)
	if err == nil && len(found) == 0 {
		err = migrate.ErrRevisionNotExist
	}
	if err != nil {
		return nil, err
	}
	return found[0], nil
}

func (s store) read(ctx context.Context, where string, args ...any) (found []*migrate.Revision, err error) {
	rows, err := s.QueryContext(ctx, "SELECT version, description, type, applied, total, executed_at, execution_time, "+
		"coalesce(error, ''), coalesce(error_stmt, ''), hash, partial_hashes, operator_version "+
		"FROM atlas_schema_revisions "+where, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var r migrate.Revision
		var at any
		var hashes []byte
		if err := rows.Scan(&r.Version, &r.Description, &r.Type, &r.Applied, &r.Total, &at, &r.ExecutionTime,
			&r.Error, &r.ErrorStmt, &r.Hash, &hashes, &r.OperatorVersion); err != nil {
			return nil, err
		}
		if r.ExecutedAt, err = executedAt(at); err != nil {
			return nil, err
		}
		if len(hashes) > 0 {
			if err := json.Unmarshal(hashes, &r.PartialHashes); err != nil {
				return nil, err
			}
		}
		found = append(found, &r)
	}
	return found, rows.Err()
}

func executedAt(value any) (time.Time, error) {
	if at, ok := value.(time.Time); ok {
		return at, nil
	}
	var at sql.NullTime
	err := at.Scan(value)
	return at.Time, err
}

func (s store) WriteRevision(ctx context.Context, r *migrate.Revision) error {
	hashes, err := json.Marshal(r.PartialHashes)
	if err != nil {
		return err
	}
	_, err = s.ExecContext(ctx, "INSERT INTO atlas_schema_revisions (version, description, type, applied, total, executed_at, "+
		"execution_time, error, error_stmt, hash, partial_hashes, operator_version) VALUES (?,?,?,?,?,?,?,?,?,?,?,?) "+
		"ON CONFLICT (version) DO UPDATE SET type = excluded.type, applied = excluded.applied, total = excluded.total, "+
		"execution_time = excluded.execution_time, error = excluded.error, error_stmt = excluded.error_stmt, "+
		"hash = excluded.hash, partial_hashes = excluded.partial_hashes, operator_version = excluded.operator_version",
		r.Version, r.Description, r.Type, r.Applied, r.Total, r.ExecutedAt, r.ExecutionTime, r.Error, r.ErrorStmt, r.Hash,
		hashes, r.OperatorVersion)
	return err
}

func (s store) DeleteRevision(ctx context.Context, version string) error {
	_, err := s.ExecContext(ctx, "DELETE FROM atlas_schema_revisions WHERE version = ?", version)
	return err
}
