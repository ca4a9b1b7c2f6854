package aws

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/bulwarksec/bulwark"
)

// newServer returns an estate whose calls go over HTTP to a handler; who the
// caller is is answered already.
func newServer(t *testing.T, c Config, handle func(w http.ResponseWriter, r *http.Request, body string)) *Estate {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if strings.Contains(string(body), "Action=GetCallerIdentity") {
			fmt.Fprintf(w, `<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::%[1]s:user/reader</Arn><Account>%[1]s</Account></GetCallerIdentityResult></GetCallerIdentityResponse>`, testAccount)
			return
		}
		handle(w, r, string(body))
	}))
	t.Cleanup(server.Close)
	t.Setenv("AWS_ENDPOINT_URL", server.URL)
	t.Setenv("AWS_CONFIG_FILE", "none")
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", "none")
	e, err := New(c, Options{Connector: "test", Types: testTypes(t), Secret: &Secret{AccessKeyID: "AKIA", SecretAccessKey: "x"}, HTTP: server.Client().Transport})
	if err != nil {
		t.Fatal(err)
	}
	e.limiter = free{}
	e.backoff = func(int) time.Duration { return 0 }
	return e
}

const oneVPC = `<DescribeVpcsResponse><vpcSet><item><vpcId>vpc-1</vpcId><cidrBlock>10.0.0.0/16</cidrBlock><isDefault>false</isDefault></item></vpcSet></DescribeVpcsResponse>`

// TestAnswers sends bodies of every sort with status 200: what is not the
// operation's answer must not be read as an empty list.
func TestAnswers(t *testing.T) {
	tests := map[string]struct {
		body     string
		complete bool
		assets   int
	}{
		"one":                 {oneVPC, true, 1},
		"none":                {`<?xml version="1.0"?>` + "\n" + `<DescribeVpcsResponse><vpcSet/></DescribeVpcsResponse>`, true, 0},
		"empty":               {"", false, 0},
		"spaces":              {"  \n", false, 0},
		"page_of_a_proxy":     {"<!DOCTYPE html><html><body>please sign in</body></html>", false, 0},
		"html":                {"<html></html>", false, 0},
		"other_operation":     {"<DescribeSubnetsResponse></DescribeSubnetsResponse>", false, 0},
		"cut_short":           {oneVPC[:len(oneVPC)-40], false, 0},
		"text":                {"ok", false, 0},
		"error_of_status_200": {"<Response><Errors><Error><Code>InternalError</Code></Error></Errors></Response>", false, 0},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			e := newServer(t, Config{Types: []string{"AWS::EC2::VPC"}, Regions: []string{"eu-west-1"}}, func(w http.ResponseWriter, r *http.Request, body string) {
				switch {
				case strings.Contains(body, "Action=DescribeVpcs"):
					fmt.Fprint(w, tt.body)
				default:
					w.WriteHeader(http.StatusForbidden)
					fmt.Fprint(w, `<Response><Errors><Error><Code>UnauthorizedOperation</Code><Message>no</Message></Error></Errors></Response>`)
				}
			})
			g := gather(t, e)
			l := g.listings["AWS::EC2::VPC eu-west-1"]
			if l == nil || l.Complete != tt.complete || len(g.assets) != tt.assets {
				t.Fatalf("%d assets, listing %+v, want %d and complete %v", len(g.assets), l, tt.assets, tt.complete)
			}
			if !tt.complete && !strings.Contains(l.Gap.Why, string(bulwark.FaultMalformed)) {
				t.Errorf("the gap is %q, want it malformed", l.Gap.Why)
			}
		})
	}
}

// TestCallsBearTheName wants the application id in each call, by which logs are
// filtered, and no call to another host.
func TestCallsBearTheName(t *testing.T) {
	calls := 0
	e := newServer(t, Config{Types: []string{"AWS::S3::Bucket", typeAccount}, Regions: []string{"eu-west-1"}}, func(w http.ResponseWriter, r *http.Request, body string) {
		calls++
		if ua := r.UserAgent(); !strings.Contains(ua, "app/"+SessionName) {
			t.Errorf("User-Agent = %q", ua)
		}
		if r.URL.Path == "/" && r.Method == http.MethodGet {
			fmt.Fprint(w, `<ListAllMyBucketsResult><Buckets><Bucket><Name>shop-logs</Name><BucketRegion>eu-west-1</BucketRegion></Bucket></Buckets></ListAllMyBucketsResult>`)
			return
		}
		w.WriteHeader(http.StatusForbidden)
		fmt.Fprint(w, `<Error><Code>AccessDenied</Code><Message>no</Message></Error>`)
	})
	g := gather(t, e)
	if g.assets["live:arn:aws:s3:::shop-logs"] == nil || calls < 10 {
		t.Errorf("%d calls, %d assets", calls, len(g.assets))
	}
	account := g.assets["live:arn:aws:iam::"+testAccount+":root"]
	if got, want := account.Properties.Get("_PublicAccessBlock").Reason(), "denied: needs s3:GetAccountPublicAccessBlock"; got != want {
		t.Errorf("_PublicAccessBlock is unknown for %q, want %q", got, want)
	}
}

// silentIn is a transport on which calls to one region end as if nobody answered.
type silentIn struct {
	region string
	base   http.RoundTripper
}

func (s silentIn) RoundTrip(r *http.Request) (*http.Response, error) {
	if strings.Contains(r.Header.Get("Authorization"), "/"+s.region+"/") {
		return nil, &net.OpError{Op: "read", Err: os.ErrDeadlineExceeded}
	}
	return s.base.RoundTrip(r)
}

// TestSilentRegion wants a region that never answers to cost its own listings
// alone, and not to be asked for each of its types.
func TestSilentRegion(t *testing.T) {
	e := newServer(t, Config{Types: []string{"AWS::EC2::*"}, Regions: []string{"eu-west-1", "us-west-2"}}, func(w http.ResponseWriter, r *http.Request, body string) {
		if strings.HasPrefix(body, "{") {
			fmt.Fprint(w, "{}") // Cloud Control
			return
		}
		action, _, _ := strings.Cut(strings.TrimPrefix(body, "Action="), "&")
		fmt.Fprintf(w, "<%[1]sResponse></%[1]sResponse>", action)
	})
	e.options.HTTP = silentIn{"us-west-2", e.options.HTTP}
	g := gather(t, e)
	for where, l := range g.listings {
		if silent := strings.HasSuffix(where, "us-west-2"); l.Complete == silent {
			t.Errorf("listing %s: complete %v, %+v", where, l.Complete, l.Gap)
		} else if silent && !strings.Contains(l.Gap.Why, string(bulwark.FaultTimeout)) {
			t.Errorf("listing %s: %s, want a timeout", where, l.Gap.Why)
		}
	}
	if len(g.listings) < 30 {
		t.Errorf("%d listings", len(g.listings))
	}
}

// TestAttemptEnds wants an attempt that gets no answer to end by its bound.
func TestAttemptEnds(t *testing.T) {
	done := make(chan struct{})
	e := newServer(t, Config{Types: []string{"AWS::EC2::VPC"}, Regions: []string{"eu-west-1"}}, func(w http.ResponseWriter, r *http.Request, body string) {
		if !strings.Contains(body, "Action=DescribeVpcs") {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		select {
		case <-r.Context().Done():
		case <-done:
		}
	})
	t.Cleanup(func() { close(done) })
	found, err := e.accounts(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	e.attempt = time.Millisecond
	found[0].regions = []string{"eu-west-1"}
	var listing *bulwark.Listing
	err = e.read(t.Context(), []*place{{account: found[0], region: "eu-west-1", where: regional, runs: make(slots, 1)}}, func(x bulwark.Gathered) error {
		listing = x.Listing
		return nil
	})
	if err != nil || listing == nil || listing.Complete || !strings.Contains(listing.Gap.Why, string(bulwark.FaultTimeout)) {
		t.Errorf("read() = %v, listing %+v, want a timeout", err, listing)
	}
}

// TestRedirects wants an answer that sends calls elsewhere to be refused: they
// bear credentials.
func TestRedirects(t *testing.T) {
	elsewhere := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { t.Errorf("%s went elsewhere", r.URL) }))
	t.Cleanup(elsewhere.Close)
	e := newServer(t, Config{Types: []string{"AWS::EC2::VPC"}, Regions: []string{"eu-west-1"}}, func(w http.ResponseWriter, r *http.Request, body string) {
		http.Redirect(w, r, elsewhere.URL, http.StatusTemporaryRedirect)
	})
	g := gather(t, e)
	if l := g.listings["AWS::EC2::VPC eu-west-1"]; l.Complete || !strings.Contains(l.Gap.Why, string(bulwark.FaultMalformed)) {
		t.Errorf("complete %v, gap %+v", l.Complete, l.Gap)
	}
}

// TestThrottled wants a call that is throttled to go on until it succeeds.
func TestThrottled(t *testing.T) {
	n := 0
	e := newServer(t, Config{Types: []string{"AWS::EC2::Subnet"}, Regions: []string{"eu-west-1"}}, func(w http.ResponseWriter, r *http.Request, body string) {
		if !strings.Contains(body, "Action=DescribeSubnets") {
			return
		}
		if n++; n < 20 {
			w.WriteHeader(http.StatusServiceUnavailable)
			fmt.Fprint(w, `<Response><Errors><Error><Code>RequestLimitExceeded</Code><Message>slow down</Message></Error></Errors></Response>`)
			return
		}
		fmt.Fprint(w, `<DescribeSubnetsResponse><subnetSet><item><subnetId>subnet-1</subnetId></item></subnetSet></DescribeSubnetsResponse>`)
	})
	g := gather(t, e)
	if l := g.listings["AWS::EC2::Subnet eu-west-1"]; !l.Complete || n != 20 || len(g.assets) != 1 {
		t.Errorf("%d calls, %d assets, listing %+v", n, len(g.assets), l)
	}
}
