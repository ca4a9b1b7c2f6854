// Package stream hands messages on: events that every listener gets, and work
// that one worker gets. It is the only NATS: JetStream in the process, without
// a listener, or a cluster, behind one Stream and one contract test.
//
// It is not the system of record. What must not be lost is a row of an outbox
// first: Pump publishes rows under their random ids and gives them back as done
// once the stream has synced them, so after a kill a row is published again and
// dropped as a duplicate, or, beyond the window in which duplicates are known,
// delivered twice. Consumers must be able to take a message twice.
package stream

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/bulwarksec/bulwark"
)

// The kinds of subject: everybody gets an event, one worker gets work.
const (
	Events = "events"
	Work   = "work"
)

// Options say where the stream is.
type Options struct {
	Dir    string // of the embedded server's files; it must belong to one process
	URL    string // of a cluster; "" embeds a server. Beyond loopback it must be tls://
	Prefix string // of streams and subjects, one an organisation; "" is bulwark
	Log    *slog.Logger

	Replicas int // of a cluster's streams; 0 is 1. There an acknowledgement says that most have the message; how often a server syncs is its own setting

	EventAge   time.Duration // how long events are kept; 0 is a day
	Duplicates time.Duration // how long ids are known; 0 is an hour
	MaxBytes   int64         // of events and of work each; 0 is 4 GiB. The oldest events go first; full work refuses
}

// Stream is safe for concurrent use.
type Stream struct {
	opts   Options
	server *server.Server // nil for a cluster
	conn   *nats.Conn
	js     jetstream.JetStream
}

// Message is what is handed on.
type Message struct {
	ID      string // published once within the window of duplicates; "" always is
	Subject string // events.… or work.…: letters, digits, - and _ between dots
	Data    []byte
}

const maxPayload = 8 << 20

// Open starts or finds the server and makes the streams.
func Open(ctx context.Context, opts Options) (*Stream, error) {
	if opts.Prefix == "" {
		opts.Prefix = "bulwark"
	}
	if opts.Log == nil {
		opts.Log = slog.New(slog.DiscardHandler)
	}
	if opts.EventAge == 0 {
		opts.EventAge = 24 * time.Hour
	}
	if opts.Duplicates == 0 {
		opts.Duplicates = time.Hour
	}
	opts.Duplicates = min(opts.Duplicates, opts.EventAge)
	if opts.Replicas == 0 {
		opts.Replicas = 1
	}
	if opts.MaxBytes == 0 {
		opts.MaxBytes = 4 << 30
	}
	if !token(opts.Prefix) {
		return nil, fmt.Errorf("open stream: %w: prefix %q", bulwark.ErrInvalid, opts.Prefix)
	}
	s := &Stream{opts: opts}
	if err := s.connect(); err != nil {
		return nil, fmt.Errorf("open stream: %w", errors.Join(err, s.Close()))
	}
	if err := s.declare(ctx); err != nil {
		return nil, fmt.Errorf("open stream: %w", errors.Join(err, s.Close()))
	}
	return s, nil
}

func (s *Stream) connect() error {
	options := []nats.Option{nats.Name("bulwark"), nats.MaxReconnects(-1)}
	address := s.opts.URL
	if address == "" {
		if err := s.embed(); err != nil {
			return err
		}
		options = append(options, nats.InProcessServer(s.server))
	} else if err := demandTLS(address); err != nil {
		return err
	}
	conn, err := nats.Connect(address, options...)
	if err != nil {
		return fmt.Errorf("%w: connect: %w", bulwark.ErrUnavailable, err)
	}
	s.conn = conn
	s.js, err = jetstream.New(conn, jetstream.WithPublishAsyncMaxPending(256))
	return err
}

// embed starts a server that listens to nobody and syncs every message: an
// acknowledgement says that a message outlives the power.
func (s *Stream) embed() error {
	if s.opts.Dir == "" {
		return fmt.Errorf("%w: neither folder nor address", bulwark.ErrInvalid)
	}
	srv, err := server.NewServer(&server.Options{
		ServerName: "bulwark", DontListen: true, NoSigs: true, NoLog: true, JetStream: true, StoreDir: s.opts.Dir, SyncAlways: true,
		JetStreamMaxMemory: 64 << 20, JetStreamMaxStore: 2*s.opts.MaxBytes + 1<<20, MaxPayload: maxPayload,
	})
	if err != nil {
		return fmt.Errorf("make server: %w", err)
	}
	s.server = srv
	srv.Start()
	if !srv.ReadyForConnections(20 * time.Second) {
		return fmt.Errorf("%w: the embedded server does not start", bulwark.ErrUnavailable)
	}
	return nil
}

// demandTLS refuses a cluster beyond loopback without TLS.
func demandTLS(address string) error {
	for _, one := range strings.Split(address, ",") {
		u, err := url.Parse(strings.TrimSpace(one))
		if err != nil || u.Host == "" {
			return fmt.Errorf("%w: address of the stream: want tls://host:port", bulwark.ErrInvalid)
		}
		if u.Scheme != "tls" && !bulwark.IsLoopback(u.Hostname()) {
			return fmt.Errorf("%w: stream on %s: beyond loopback TLS is needed: write tls://", bulwark.ErrInvalid, u.Hostname())
		}
	}
	return nil
}

// declare makes the two streams, or brings them up to date.
func (s *Stream) declare(ctx context.Context) error {
	for _, c := range []jetstream.StreamConfig{
		{Name: s.name(Events), Retention: jetstream.LimitsPolicy, Discard: jetstream.DiscardOld, MaxAge: s.opts.EventAge},
		{Name: s.name(Work), Retention: jetstream.WorkQueuePolicy, Discard: jetstream.DiscardNew},
	} {
		kind := strings.TrimPrefix(c.Name, s.opts.Prefix+"-")
		c.Subjects, c.Storage, c.Duplicates, c.MaxBytes, c.Replicas = []string{s.opts.Prefix + "." + kind + ".>"}, jetstream.FileStorage, s.opts.Duplicates, s.opts.MaxBytes, s.opts.Replicas
		if _, err := s.js.CreateOrUpdateStream(ctx, c); err != nil {
			return fmt.Errorf("declare %s: %w", c.Name, err)
		}
	}
	return nil
}

func (s *Stream) name(kind string) string { return s.opts.Prefix + "-" + kind }

// Close ends the connection and the embedded server.
func (s *Stream) Close() error {
	if s.conn != nil {
		s.conn.Close()
	}
	if s.server != nil {
		s.server.Shutdown()
		s.server.WaitForShutdown()
	}
	return nil
}

// Ping reports whether the stream answers.
func (s *Stream) Ping(ctx context.Context) error {
	if _, err := s.js.Stream(ctx, s.name(Events)); err != nil {
		return fmt.Errorf("stream: %w: %w", bulwark.ErrUnavailable, err)
	}
	return nil
}

func token(s string) bool {
	for _, r := range s {
		if (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-' && r != '_' {
			return false
		}
	}
	return s != ""
}

// subject checks a subject and puts the prefix before it.
func (s *Stream) subject(name string, wild bool) (string, error) {
	parts := strings.Split(name, ".")
	ok := len(parts) > 1 && (parts[0] == Events || parts[0] == Work)
	for i, p := range parts {
		ok = ok && (token(p) || wild && (p == "*" || p == ">" && i == len(parts)-1))
	}
	if !ok {
		return "", fmt.Errorf("%w: subject %q: want events.… or work.…", bulwark.ErrInvalid, name)
	}
	return s.opts.Prefix + "." + name, nil
}

// Publish hands messages on and returns when all are stored and synced. On an
// error some may be; publishing them again under their ids doubles none.
func (s *Stream) Publish(ctx context.Context, list ...Message) error {
	futures := make([]jetstream.PubAckFuture, 0, len(list))
	for _, m := range list {
		subject, err := s.subject(m.Subject, false)
		if err != nil {
			return fmt.Errorf("stream: publish: %w", err)
		}
		if len(m.Data) > maxPayload-1024 {
			return fmt.Errorf("stream: publish to %s: %w: %d bytes", m.Subject, bulwark.ErrInvalid, len(m.Data))
		}
		var opts []jetstream.PublishOpt
		if m.ID != "" {
			opts = append(opts, jetstream.WithMsgID(m.ID))
		}
		f, err := s.js.PublishAsync(subject, m.Data, opts...)
		if err != nil {
			return fmt.Errorf("stream: publish to %s: %w: %w", m.Subject, bulwark.ErrUnavailable, err)
		}
		futures = append(futures, f)
	}
	for i, f := range futures {
		select {
		case <-f.Ok():
		case err := <-f.Err():
			return fmt.Errorf("stream: publish to %s: %w: %w", list[i].Subject, bulwark.ErrUnavailable, err)
		case <-ctx.Done():
			return fmt.Errorf("stream: publish to %s: %w", list[i].Subject, ctx.Err())
		}
	}
	return nil
}

// Subscribe hands each message of a subject, which may hold * and >, to handle,
// one at a time, until ctx ends; it then returns nil. A durable name remembers,
// over restarts, what was acknowledged, and consumers of one name share the
// messages; without a name only what comes from now on is delivered. A message
// is acknowledged when handle returns nil, else delivered again, after a while
// that grows to a minute.
func (s *Stream) Subscribe(ctx context.Context, durable, subject string, handle func(ctx context.Context, m Message) error) error {
	filter, err := s.subject(subject, true)
	if err != nil {
		return fmt.Errorf("stream: subscribe: %w", err)
	}
	if durable != "" && !token(durable) {
		return fmt.Errorf("stream: subscribe: %w: name %q", bulwark.ErrInvalid, durable)
	}
	kind, _, _ := strings.Cut(subject, ".")
	config := jetstream.ConsumerConfig{Durable: durable, FilterSubject: filter, AckPolicy: jetstream.AckExplicitPolicy, AckWait: time.Minute, MaxAckPending: 64}
	if durable == "" && kind == Events {
		config.DeliverPolicy = jetstream.DeliverNewPolicy
		config.InactiveThreshold = 5 * time.Minute
	}
	consumer, err := s.js.CreateOrUpdateConsumer(ctx, s.name(kind), config)
	if err != nil {
		return fmt.Errorf("stream: subscribe to %s: %w: %w", subject, bulwark.ErrUnavailable, err)
	}
	// A heartbeat that a busy machine misses is asked for again, not an end; that
	// the connection or the consumer is gone is told apart from it.
	messages, err := consumer.Messages(jetstream.PullMaxMessages(32), jetstream.WithMessagesErrOnMissingHeartbeat(false))
	if err != nil {
		return fmt.Errorf("stream: subscribe to %s: %w: %w", subject, bulwark.ErrUnavailable, err)
	}
	stop := context.AfterFunc(ctx, messages.Stop)
	defer stop()
	for {
		m, err := messages.Next()
		if ctx.Err() != nil || errors.Is(err, jetstream.ErrMsgIteratorClosed) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("stream: read %s: %w: %w", subject, bulwark.ErrUnavailable, err)
		}
		s.handle(ctx, m, handle)
	}
}

func (s *Stream) handle(ctx context.Context, m jetstream.Msg, handle func(ctx context.Context, m Message) error) {
	out := Message{ID: m.Headers().Get(jetstream.MsgIDHeader), Subject: strings.TrimPrefix(m.Subject(), s.opts.Prefix+"."), Data: m.Data()}
	if err := handle(ctx, out); err != nil {
		s.opts.Log.Warn("message not handled", "subject", out.Subject, "error", err)
		wait := time.Second
		if meta, e := m.Metadata(); e == nil {
			wait = min(time.Minute, time.Second<<min(meta.NumDelivered, 6)/2)
		}
		if err := m.NakWithDelay(wait); err != nil {
			s.opts.Log.Warn("message not given back", "subject", out.Subject, "error", err)
		}
		return
	}
	if err := m.DoubleAck(ctx); err != nil && ctx.Err() == nil {
		s.opts.Log.Warn("message not acknowledged: it comes again", "subject", out.Subject, "error", err)
	}
}
