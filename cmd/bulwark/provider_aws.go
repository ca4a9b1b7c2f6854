package main

import (
	"context"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/internal/onboard"
	"github.com/bulwarksec/bulwark/internal/provider/aws"
)

var awsKind = describe(kind{
	title: "Amazon Web Services",
	about: "An account, some accounts, or all accounts of an organisation, found as they come. It reads with the credentials that the server has, or with a static key, and assumes a role in each account.",
	fields: map[string]string{
		"accountIds":             "only these accounts; every account that is reached when absent",
		"profile":                "profile of the server's own configuration files",
		"roleArn":                "ARN of a role to assume first",
		"externalId":             "the external id that the roles ask for",
		"organization":           "read all accounts of the organisation",
		"organizationRole":       "name of the role in each account; BulwarkReader when absent",
		"regions":                "only these regions; every enabled one when absent",
		"exclude":                "accounts, regions and types to leave out; * is any text",
		"types":                  "only these types of assets; * is any text",
		"inventory":              "list also the types about which nothing is checked: near a thousand calls for each region of an account",
		"secret.accessKeyId":     "id of a static access key; better none, and a role",
		"secret.secretAccessKey": "the static access key's secret",
		"secret.sessionToken":    "of a key that expires",
	},
	access: func(types *bulwark.Types) []bulwark.Access {
		e, err := aws.New(aws.Config{Organization: true}, aws.Options{Types: types})
		if err != nil {
			return nil // it asks nothing of the world: the types are there
		}
		return e.Access()
	},
	templates: onboard.AWS,
	mend:      onboard.AWSPolicy,
}, func(d deps, c aws.Config, s *aws.Secret) (*awsEstate, error) {
	e, err := aws.New(c, aws.Options{Connector: d.connector, Secret: s, Types: d.types, Limiter: d.limiter, Now: d.now, SecretKey: d.secretKey})
	if err != nil {
		return nil, err
	}
	return &awsEstate{e}, nil
})

// awsEstate yields probes one by one.
type awsEstate struct{ *aws.Estate }

func (e *awsEstate) Probe(ctx context.Context, yield func(bulwark.Probe) error) error {
	list, err := e.Estate.Probe(ctx)
	for _, p := range list {
		if err := yield(p); err != nil {
			return err
		}
	}
	return err
}
