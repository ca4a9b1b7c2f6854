package aws

import (
	"net/http"
	"reflect"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/eks"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// sdkConfig is a client's configuration: every request goes to t, once.
func sdkConfig(t http.RoundTripper, region string) aws.Config {
	return aws.Config{
		Region:      region,
		HTTPClient:  &http.Client{Transport: t},
		Credentials: credentials.NewStaticCredentialsProvider("AKIAROOT", "secret", ""),
		Retryer:     func() aws.Retryer { return aws.NopRetryer{} },
	}
}

// sdkClients returns a client of each service that is served.
func sdkClients(c aws.Config) map[string]any {
	return map[string]any{
		"ec2": ec2.NewFromConfig(c),
		"eks": eks.NewFromConfig(c),
		"s3":  s3.NewFromConfig(c),
		"sqs": sqs.NewFromConfig(c),
		"sts": sts.NewFromConfig(c),
	}
}

// operate calls a client's operation by its name.
func operate(client any, operation string, args ...any) (any, error) {
	in := make([]reflect.Value, len(args))
	for i, a := range args {
		in[i] = reflect.ValueOf(a)
	}
	out := reflect.ValueOf(client).MethodByName(operation).Call(in)
	err, _ := out[1].Interface().(error)
	return out[0].Interface(), err
}
