package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/internal/store"
)

func backupCommand() *cobra.Command {
	var f sourceFlags
	cmd := &cobra.Command{
		Use:   "backup FILE",
		Short: "Write the whole state to a file, while the server runs or not",
		Long: "Writes the whole state as of one instant to a file, while the server runs or not, and reads it back\n" +
			"before it says so. A backup fits SQLite and PostgreSQL alike. It holds password hashes, and secrets\n" +
			"only as sealed: the key file is not in it, so keep that apart, and keep both. Only its owner may\n" +
			"read the file.",
		Example: "  bulwark backup state.backup\n  bulwark backup state.backup --database postgres://bulwark@127.0.0.1/bulwark\n" +
			"  bulwark restore state.backup --data restored-data",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := f.open(cmd, false)
			if err != nil {
				return err
			}
			err = writeFile(args[0], func(w io.Writer) error {
				r, err := s.Open(cmd.Context(), "GET", "/backup", nil, nil)
				if err != nil {
					return err
				}
				_, err = io.Copy(w, r)
				return errors.Join(err, r.Close())
			}, verifyBackup)
			if err = errors.Join(err, s.Close()); err != nil {
				return fmt.Errorf("back up to %s: %w", args[0], err)
			}
			info, err := os.Stat(args[0])
			if err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "backed up to %s: %d bytes, read back and whole\n", args[0], info.Size())
			return nil
		},
	}
	f.register(cmd, false)
	return cmd
}

// verifyBackup reads a backup through.
func verifyBackup(file string) error {
	r, err := os.Open(file)
	if err != nil {
		return err
	}
	return errors.Join(store.VerifyBackup(r), r.Close())
}

type restoreFlags struct {
	data, database string
	force          bool
}

func restoreCommand() *cobra.Command {
	var f restoreFlags
	cmd := &cobra.Command{
		Use:   "restore FILE",
		Short: "Make the state of a backup that of a data folder or database",
		Long: "Makes the state of a backup that of a data folder or of an empty PostgreSQL database. The backup is\n" +
			"restored and checked apart first and then takes its place in one step: interrupted anywhere, the\n" +
			"folder holds the old state or the new one, whole. A folder that holds a state is refused without\n" +
			"--force, and one that a server uses always. Bring the key file of sealed secrets yourself.",
		Example: "  bulwark restore state.backup --data restored-data\n  bulwark restore state.backup --force\n" +
			"  bulwark restore state.backup --database postgres://bulwark@127.0.0.1/empty",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			restore := f.intoFolder
			if f.database != "" {
				restore = f.intoDatabase
			}
			if err := restore(cmd.Context(), args[0]); err != nil {
				return fmt.Errorf("restore %s: %w", args[0], err)
			}
			fmt.Fprintf(cmd.OutOrStdout(), "restored %s\n", args[0])
			return nil
		},
	}
	cmd.Flags().StringVar(&f.data, "data", "bulwark-data", "folder of the data")
	cmd.Flags().StringVar(&f.database, "database", "", "URL of an empty PostgreSQL database, instead of a folder")
	cmd.Flags().BoolVar(&f.force, "force", false, "replace the state that the folder holds")
	return cmd
}

func (f *restoreFlags) intoDatabase(ctx context.Context, file string) error {
	if f.force {
		return fmt.Errorf("%w: --force replaces a folder's state, not a database's: restore into an empty one", bulwark.ErrInvalid)
	}
	return restoreInto(ctx, file, f.database)
}

// restoreInto fills an empty store, in one transaction, and closes it.
func restoreInto(ctx context.Context, file, address string) error {
	r, err := os.Open(file)
	if err != nil {
		return err
	}
	st, err := store.Open(ctx, address, store.Options{Now: time.Now, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return errors.Join(err, r.Close())
	}
	return errors.Join(st.Restore(ctx, r), st.Close(), r.Close())
}

func (f *restoreFlags) intoFolder(ctx context.Context, file string) error {
	if err := verifyBackup(file); err != nil {
		return err
	}
	folder, err := holdFolder(f.data)
	if err != nil {
		return err
	}
	return errors.Join(f.replace(ctx, folder, file), folder.Close())
}

// replace restores beside the folder's state and then puts it in its place.
func (f *restoreFlags) replace(ctx context.Context, folder *dataFolder, file string) error {
	if _, err := os.Stat(filepath.Join(folder.dir, "bulwark.db")); err == nil && !f.force {
		return fmt.Errorf("data folder %s: %w: it holds a state: --force replaces it", folder.dir, bulwark.ErrConflict)
	}
	work, err := os.MkdirTemp(folder.dir, restoring+"*")
	if err != nil {
		return err
	}
	err = restoreInto(ctx, file, "sqlite:"+filepath.Join(work, "bulwark.db"))
	if err == nil {
		err = syncFile(filepath.Join(work, "bulwark.db"))
	}
	if err == nil {
		err = store.SyncFolder(work)
	}
	if err == nil {
		err = os.Rename(work, filepath.Join(folder.dir, "restored")) // the decision
	}
	if err != nil {
		return errors.Join(err, os.RemoveAll(work))
	}
	return errors.Join(store.SyncFolder(folder.dir), folder.finishRestore())
}

func syncFile(name string) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
