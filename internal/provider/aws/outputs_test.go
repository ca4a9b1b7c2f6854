package aws

import (
	"reflect"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/accessanalyzer"
	accountapi "github.com/aws/aws-sdk-go-v2/service/account"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3control"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// clients are those of the services that collectors call.
var clients = map[string]any{
	accessanalyzer.ServiceID: &accessanalyzer.Client{},
	accountapi.ServiceID:     &accountapi.Client{},
	cloudtrail.ServiceID:     &cloudtrail.Client{},
	ec2.ServiceID:            &ec2.Client{},
	iam.ServiceID:            &iam.Client{},
	kms.ServiceID:            &kms.Client{},
	lambda.ServiceID:         &lambda.Client{},
	organizations.ServiceID:  &organizations.Client{},
	rds.ServiceID:            &rds.Client{},
	s3.ServiceID:             &s3.Client{},
	s3control.ServiceID:      &s3control.Client{},
	sts.ServiceID:            &sts.Client{},
}

var allOutputs = sync.OnceValue(func() map[string]reflect.Type {
	out := map[string]reflect.Type{}
	for service, client := range clients {
		t := reflect.TypeOf(client)
		for m := range t.Methods() {
			if f := m.Type; f.NumOut() == 2 && strings.HasSuffix(f.Out(0).String(), m.Name+"Output") {
				out[serviceName(service)+":"+m.Name] = f.Out(0)
			}
		}
	}
	return out
})

// outputs returns the type that each operation returns, by service:Operation.
func outputs(t testing.TB) map[string]reflect.Type {
	t.Helper()
	return allOutputs()
}
