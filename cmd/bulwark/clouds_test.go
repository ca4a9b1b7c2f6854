package main

import (
	"net/http/httptest"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	awsreplay "github.com/bulwarksec/bulwark/internal/replay/aws"
	"github.com/bulwarksec/bulwark/test/estates"
)

// clouds starts a server shaped like AWS with a small organisation, whose reader
// is denied a permission in the first account, and sets what the SDK reads to
// reach it:
//
//	clouds
func clouds(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) > 0 {
		ts.Fatalf("usage: clouds")
	}
	o := estates.AWS{Accounts: 2, Regions: []string{"eu-west-1"}, Share: 0.05}.Serve()
	o.Keys[0].Deny = []string{"s3:GetBucketPolicy"}
	server, err := awsreplay.New(o)
	ts.Check(err)
	web := httptest.NewServer(server)
	ts.Defer(web.Close)
	for name, value := range cloudEnv(web.URL) {
		ts.Setenv(name, value)
	}
}

// cloudEnv is what the AWS SDK reads.
func cloudEnv(url string) map[string]string {
	return map[string]string{"AWS_ENDPOINT_URL": url, "AWS_ACCESS_KEY_ID": estates.AWSKey, "AWS_SECRET_ACCESS_KEY": estates.AWSSecret, "AWS_EC2_METADATA_DISABLED": "true"}
}

// eventually runs bulwark until what it prints has a text, for what a server does
// by itself:
//
//	eventually TEXT ARGUMENT...
func eventually(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: eventually TEXT ARGUMENT...")
	}
	for range 600 {
		ts.Check(ts.Exec("bulwark", args[1:]...))
		if strings.Contains(ts.ReadFile("stdout"), args[0]) {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	ts.Fatalf("bulwark %v does not come to print %s", args[1:], args[0])
}
