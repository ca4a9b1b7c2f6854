package providers_test

import (
	"context"
	"os"
	"sync"
	"testing"
	"time"
)

// azureClock goes on only when somebody sleeps.
type azureClock struct {
	mu sync.Mutex
	at time.Time
}

func (c *azureClock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *azureClock) sleep(ctx context.Context, d time.Duration) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
	return ctx.Err()
}

func writeFile(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
