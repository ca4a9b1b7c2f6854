package store

import (
	"context"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/crypto/chacha20poly1305"

	"github.com/bulwarksec/bulwark"
)

// keyring holds the keys that seal secrets, by version. Its file has a line a
// key, "<version> <base64>"; the last one seals, all open.
type keyring struct {
	file string
	mu   sync.RWMutex
	keys map[int64][]byte
	last int64
}

// openKeyring reads the key file, or makes it with a first key.
func openKeyring(file string) (*keyring, error) {
	k := &keyring{file: file, keys: map[int64][]byte{}}
	info, err := os.Stat(file)
	if errors.Is(err, fs.ErrNotExist) {
		return k, k.add()
	}
	if err != nil {
		return nil, fmt.Errorf("read key file: %w", err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("%w: key file %s may be read by others: chmod 600 it", bulwark.ErrInvalid, file)
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read key file: %w", err)
	}
	for i, line := range strings.Split(strings.TrimSpace(string(data)), "\n") {
		version, text, _ := strings.Cut(strings.TrimSpace(line), " ")
		n, err := strconv.ParseInt(version, 10, 64)
		key, err2 := base64.StdEncoding.DecodeString(text)
		if err != nil || err2 != nil || len(key) != chacha20poly1305.KeySize || n <= k.last {
			return nil, fmt.Errorf("%w: key file %s: line %d is not a key", bulwark.ErrInvalid, file, i+1)
		}
		k.keys[n], k.last = key, n
	}
	return k, nil
}

// add makes a new key, which seals from now on, and writes the file anew.
func (k *keyring) add() error {
	key := make([]byte, chacha20poly1305.KeySize)
	_, _ = rand.Read(key) // never fails
	k.mu.Lock()
	defer k.mu.Unlock()
	var b strings.Builder
	for v := int64(1); v <= k.last; v++ {
		if old := k.keys[v]; old != nil {
			fmt.Fprintf(&b, "%d %s\n", v, base64.StdEncoding.EncodeToString(old))
		}
	}
	fmt.Fprintf(&b, "%d %s\n", k.last+1, base64.StdEncoding.EncodeToString(key))
	if err := writeSynced(k.file, []byte(b.String())); err != nil {
		return fmt.Errorf("write key file: %w", err)
	}
	k.last++
	k.keys[k.last] = key
	return nil
}

// writeSynced replaces a file, whole or not at all.
func writeSynced(file string, data []byte) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(file), ".key*") // mode 0600
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), file)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return SyncFolder(filepath.Dir(file))
}

func (k *keyring) seal(name string, plain []byte) (version int64, sealed []byte, err error) {
	k.mu.RLock()
	version = k.last
	key := k.keys[version]
	k.mu.RUnlock()
	aead, err := chacha20poly1305.NewX(key)
	if err != nil {
		return 0, nil, err
	}
	nonce := make([]byte, chacha20poly1305.NonceSizeX, chacha20poly1305.NonceSizeX+len(plain)+chacha20poly1305.Overhead)
	_, _ = rand.Read(nonce) // never fails
	return version, aead.Seal(nonce, nonce, plain, boundTo(name, version)), nil
}

func (k *keyring) open(name string, version int64, sealed []byte) ([]byte, error) {
	k.mu.RLock()
	key := k.keys[version]
	k.mu.RUnlock()
	if key == nil {
		return nil, fmt.Errorf("%w: key %d is not in the key file", bulwark.ErrUnavailable, version)
	}
	aead, err := chacha20poly1305.NewX(key)
	if err != nil {
		return nil, err
	}
	if len(sealed) < chacha20poly1305.NonceSizeX {
		return nil, fmt.Errorf("%w: it is cut short", bulwark.ErrInvalid)
	}
	plain, err := aead.Open(nil, sealed[:chacha20poly1305.NonceSizeX], sealed[chacha20poly1305.NonceSizeX:], boundTo(name, version))
	if err != nil {
		return nil, fmt.Errorf("%w: it is not what was sealed under this name", bulwark.ErrInvalid)
	}
	return plain, nil
}

// boundTo binds a sealed text to its name, so that rows cannot be swapped.
func boundTo(name string, version int64) []byte {
	return fmt.Appendf(nil, "bulwark secret %d %s", version, name)
}

var errNoKeys = fmt.Errorf("%w: no key file is configured", bulwark.ErrUnavailable)

// Seal stores a secret under a name, encrypted by the newest key.
func (s *Store) Seal(ctx context.Context, name string, plain []byte) error {
	fail := func(err error) error { return fmt.Errorf("store: seal %s: %w", name, err) }
	if s.keys == nil {
		return fail(errNoKeys)
	}
	version, sealed, err := s.keys.seal(name, plain)
	if err != nil {
		return fail(err)
	}
	err = s.write(ctx, func(ctx context.Context, c conn) error {
		return putSecret(ctx, c, name, version, sealed)
	})
	if err != nil {
		return fail(err)
	}
	return nil
}

func putSecret(ctx context.Context, c conn, name string, version int64, sealed []byte) error {
	return c.exec(ctx, "INSERT INTO secrets (name, version, sealed) VALUES ($1, $2, $3) ON CONFLICT (name) DO UPDATE SET version = excluded.version, sealed = excluded.sealed", name, version, sealed)
}

// Subkey derives a key of 32 bytes for one purpose from the first key of the
// key file, which rotation keeps, so that what it digests compares equal for the
// life of the file. Without a key file it is ErrUnavailable.
func (s *Store) Subkey(purpose string) ([]byte, error) {
	if s.keys == nil {
		return nil, fmt.Errorf("store: derive key for %s: %w", purpose, errNoKeys)
	}
	key, err := hkdf.Key(sha256.New, s.keys.first(), nil, "bulwark "+purpose, 32)
	if err != nil {
		return nil, fmt.Errorf("store: derive key for %s: %w", purpose, err)
	}
	return key, nil
}

// first is the oldest key of the file.
func (k *keyring) first() []byte {
	k.mu.RLock()
	defer k.mu.RUnlock()
	return k.keys[slices.Min(slices.Collect(maps.Keys(k.keys)))]
}

// Unseal returns the secret of a name.
func (s *Store) Unseal(ctx context.Context, name string) ([]byte, error) {
	fail := func(err error) ([]byte, error) { return nil, fmt.Errorf("store: unseal %s: %w", name, err) }
	if s.keys == nil {
		return fail(errNoKeys)
	}
	var version int64
	var sealed []byte
	found, err := one(ctx, s.r, "SELECT version, sealed FROM secrets WHERE name = $1", []any{name}, &version, &sealed)
	if err == nil && !found {
		err = bulwark.ErrNotFound
	}
	if err != nil {
		return fail(err)
	}
	plain, err := s.keys.open(name, version, sealed)
	if err != nil {
		return fail(err)
	}
	return plain, nil
}

// DeleteSecret forgets a secret; one that is not there is no error.
func (s *Store) DeleteSecret(ctx context.Context, name string) error {
	err := s.write(ctx, func(ctx context.Context, c conn) error {
		return c.exec(ctx, "DELETE FROM secrets WHERE name = $1", name)
	})
	if err != nil {
		return fmt.Errorf("store: delete secret %s: %w", name, err)
	}
	return nil
}

// RotateKeys makes a new key and seals every secret by it. Old keys stay in the
// file, for backups.
func (s *Store) RotateKeys(ctx context.Context) error {
	if s.keys == nil {
		return fmt.Errorf("store: rotate keys: %w", errNoKeys)
	}
	if err := s.keys.add(); err != nil {
		return fmt.Errorf("store: rotate keys: %w", err)
	}
	err := s.write(ctx, func(ctx context.Context, c conn) error {
		type secret struct {
			name    string
			version int64
			sealed  []byte
		}
		var list []secret
		err := each(ctx, c, "SELECT name, version, sealed FROM secrets ORDER BY name", nil, func(r rows) error {
			var v secret
			err := r.Scan(&v.name, &v.version, &v.sealed)
			list = append(list, v)
			return err
		})
		if err != nil {
			return err
		}
		for _, v := range list {
			plain, err := s.keys.open(v.name, v.version, v.sealed)
			if err != nil {
				return fmt.Errorf("secret %s: %w", v.name, err)
			}
			version, sealed, err := s.keys.seal(v.name, plain)
			if err != nil {
				return err
			}
			if err := c.exec(ctx, "UPDATE secrets SET version = $1, sealed = $2 WHERE name = $3", version, sealed, v.name); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("store: rotate keys: %w", err)
	}
	return nil
}
