package main

import (
	"context"
	"time"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/internal/pipeline"
	"github.com/bulwarksec/bulwark/internal/provider/aws"
	"github.com/bulwarksec/bulwark/internal/provider/azure"
	"github.com/bulwarksec/bulwark/internal/quota"
	"github.com/bulwarksec/bulwark/internal/replay/estate"
)

// demoSources are the connectors of the demo estate: the ordinary collectors,
// whose requests the estate answers in this process.
func demoSources(e *estate.Estate, types *bulwark.Types, now func() time.Time, key []byte) ([]pipeline.Source, error) {
	limiter := quota.Unlimited()
	cloud, err := aws.New(aws.Config{Organization: true, OrganizationRole: estate.Reader},
		aws.Options{Connector: "demo-aws", Secret: &aws.Secret{AccessKeyID: estate.AWSKeyID, SecretAccessKey: estate.AWSKeySecret}, Types: types, Limiter: limiter.Fork(), HTTP: e.AWS(), Now: now, SecretKey: key})
	if err != nil {
		return nil, err
	}
	list := []pipeline.Source{{ID: "demo-aws", Kind: "aws", Name: "Halden Markets in AWS (demo)", Interval: 5 * time.Minute, Gatherer: &awsEstate{cloud}}}
	tenant, err := azure.New(azure.Config{TenantID: estate.AzureTenant, ClientID: estate.AzureClient, Credential: azure.CredentialSecret, Entra: true},
		azure.Options{Connector: "demo-azure", Secret: azure.Secret{ClientSecret: estate.AzureSecret}, Types: types, Limiter: limiter.Fork(), HTTP: e.Azure(), Now: now, SecretKey: key})
	if err != nil {
		return nil, err
	}
	list = append(list, pipeline.Source{ID: "demo-azure", Kind: "azure", Name: "Halden Markets in Azure (demo)", Interval: 5 * time.Minute, Gatherer: tenant})
	for i := range list {
		list[i].Gatherer = moved{e, now, list[i].Gatherer}
	}
	return list, nil
}

// moved gathers the estate as it is now.
type moved struct {
	estate *estate.Estate
	now    func() time.Time
	pipeline.Gatherer
}

func (m moved) Gather(ctx context.Context, yield func(bulwark.Gathered) error) error {
	if err := m.estate.At(m.now()); err != nil {
		return err
	}
	return m.Gatherer.Gather(ctx, yield)
}
