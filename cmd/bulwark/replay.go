package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/internal/api"
	"github.com/bulwarksec/bulwark/internal/replay"
	"github.com/bulwarksec/bulwark/internal/replay/estate"
)

// replayCommand serves the demo estate over the providers' own protocols.
func replayCommand() *cobra.Command {
	var f replayFlags
	cmd := &cobra.Command{
		Use:   "replay",
		Short: "Serve a made-up company over the protocols of AWS, Azure, Google Cloud and Kubernetes",
		Long: "Serves what the demo shows of clouds and clusters, a company that does not exist, over the providers' own\n" +
			"protocols and within their quotas, until it is interrupted: to try out checks, permissions and connectors\n" +
			"without an account. Each provider listens on a port of its own, from that of --listen on. What to run against it is printed,\n" +
			"and stands as settings and secrets in the folder --dir.",
		Example: "  bulwark replay --deny s3:GetBucketPolicy\n  bulwark replay --listen 127.0.0.1:9000 --dir replay --unlimited",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return f.run(cmd) },
	}
	cmd.Flags().StringVar(&f.listen, "listen", "127.0.0.1:9000", "address of the first server, on loopback; with port 0 all ports are free ones")
	cmd.Flags().StringVar(&f.dir, "dir", "", "folder for the settings and secrets; a temporary one, removed at the end, when absent")
	cmd.Flags().StringArrayVar(&f.denied, "deny", nil, "action or permission that the reader has not, such as s3:GetBucketPolicy or Microsoft.KeyVault/vaults/read; * is any text (repeatable)")
	cmd.Flags().BoolVar(&f.unlimited, "unlimited", false, "enforce no quotas")
	cmd.Flags().StringVar(&f.at, "at", "", "the day that is shown, such as 2026-01-31, up to half a year ago; today when absent")
	return cmd
}

type replayFlags struct {
	listen, dir, at string
	denied          []string
	unlimited       bool
}

func (f *replayFlags) run(cmd *cobra.Command) (err error) {
	if err := api.CheckListen(f.listen, false); err != nil {
		return fmt.Errorf("--listen %s: %w: it serves on loopback only, such as 127.0.0.1:9000", f.listen, bulwark.ErrInvalid)
	}
	e, err := f.estate(time.Now())
	if err != nil {
		return err
	}
	if f.dir == "" {
		if f.dir, err = os.MkdirTemp("", "bulwark-replay-"); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, os.RemoveAll(f.dir)) }()
	}
	servers, err := f.serve(e)
	defer func() { err = errors.Join(err, servers.close()) }()
	if err != nil {
		return err
	}
	out := cmd.OutOrStdout()
	fmt.Fprintln(out, "Halden Markets, a company that does not exist, until interrupted. In another shell:")
	for _, s := range servers.list {
		line, err := f.invite(e, s)
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "  %s\n", line)
	}
	select {
	case <-cmd.Context().Done():
		return nil
	case err := <-servers.failed:
		return err
	}
}

// estate makes the estate of the day that is asked for.
func (f *replayFlags) estate(now time.Time) (*estate.Estate, error) {
	from := now.AddDate(0, -6, 0)
	at := now
	if f.at != "" {
		var err error
		if at, err = time.Parse(time.DateOnly, f.at); err != nil || at.Before(from) || at.After(now) {
			return nil, fmt.Errorf("--at %q: %w: it is no day of the last half year, such as %s", f.at, bulwark.ErrInvalid, now.AddDate(0, -1, 0).Format(time.DateOnly))
		}
	}
	o := estate.Options{Seed: demoSeed, From: from, Until: now, Denied: f.denied}
	if f.unlimited {
		o.Limits = replay.Unlimited
	}
	e, err := estate.New(o)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", bulwark.ErrInvalid, err)
	}
	return e, e.At(at)
}

// replayServers are those that listen.
type replayServers struct {
	list   []replayServer
	failed chan error // of one that ended by itself
}

type replayServer struct {
	part, url string
	server    *http.Server
}

// serve has every part of an estate listen.
func (f *replayFlags) serve(e *estate.Estate) (replayServers, error) {
	out := replayServers{failed: make(chan error, len(e.Served()))}
	address, err := net.ResolveTCPAddr("tcp", f.listen)
	if err != nil {
		return out, fmt.Errorf("--listen %s: %w: %w", f.listen, bulwark.ErrInvalid, err)
	}
	for _, part := range e.Served() {
		listener, err := net.ListenTCP("tcp", address)
		if err != nil {
			return out, fmt.Errorf("serve %s: %w (--listen chooses other ports)", part, err)
		}
		if address.Port != 0 {
			address.Port++
		}
		s := &http.Server{Handler: e.Handler(part), ReadHeaderTimeout: 10 * time.Second, IdleTimeout: time.Minute}
		out.list = append(out.list, replayServer{part, "http://" + listener.Addr().String(), s})
		go func() {
			if err := s.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
				out.failed <- fmt.Errorf("serve %s: %w", part, err)
			}
		}()
	}
	return out, nil
}

func (s replayServers) close() error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	var errs []error
	for _, one := range s.list {
		if err := one.server.Shutdown(ctx); errors.Is(err, context.DeadlineExceeded) {
			errs = append(errs, one.server.Close()) // a watch goes on for as long as it is let
		} else {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// invite writes the settings and the secret that reach a server, and returns the
// command that reads it.
func (f *replayFlags) invite(e *estate.Estate, s replayServer) (string, error) {
	kind, before := s.part, ""
	var config, secret any
	switch s.part {
	case estate.AWS:
		before = "AWS_ENDPOINT_URL=" + s.url + " "
		config = map[string]any{"organization": true, "organizationRole": estate.Reader}
		secret = map[string]any{"accessKeyId": estate.AWSKeyID, "secretAccessKey": estate.AWSKeySecret}
	case estate.Azure:
		config = map[string]any{"tenantId": estate.AzureTenant, "clientId": estate.AzureClient, "credential": "secret", "entra": true,
			"endpoints": map[string]string{"arm": s.url, "graph": s.url, "authority": s.url}}
		secret = map[string]any{"clientSecret": estate.AzureSecret}
	case estate.Google:
		config = map[string]any{"organization": estate.GoogleOrganization, "endpoint": s.url, "credential": map[string]string{"kind": "key"}}
		secret = map[string]any{"file": json.RawMessage(e.GoogleCredential(s.url))}
	default:
		kind = "kubernetes"
		config = map[string]any{"name": s.part, "server": s.url}
		secret = map[string]any{"token": estate.KubernetesToken}
	}
	settings, secrets := filepath.Join(f.dir, s.part+".json"), filepath.Join(f.dir, s.part+"-secret.json")
	if err := os.MkdirAll(f.dir, 0o700); err != nil {
		return "", err
	}
	for name, content := range map[string]any{settings: config, secrets: secret} {
		data, err := json.MarshalIndent(content, "", "  ")
		if err != nil {
			return "", err
		}
		if err := os.WriteFile(name, append(data, '\n'), 0o600); err != nil {
			return "", err
		}
	}
	return strings.Join([]string{before + "bulwark scan", kind, "--settings", settings, "--secret-file", secrets}, " "), nil
}
