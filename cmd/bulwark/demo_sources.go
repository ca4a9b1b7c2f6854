package main

import (
	"context"
	"time"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/internal/pipeline"
	"github.com/bulwarksec/bulwark/internal/provider/aws"
	"github.com/bulwarksec/bulwark/internal/provider/azure"
	"github.com/bulwarksec/bulwark/internal/provider/gcp"
	"github.com/bulwarksec/bulwark/internal/provider/host"
	"github.com/bulwarksec/bulwark/internal/provider/kubernetes"
	"github.com/bulwarksec/bulwark/internal/quota"
	"github.com/bulwarksec/bulwark/internal/replay/estate"
	"github.com/bulwarksec/bulwark/internal/scan/iac"
)

// demoSources are the connectors of the demo estate: the ordinary collectors,
// whose requests the estate answers, and whose files it makes, in this process.
func demoSources(e *estate.Estate, types *bulwark.Types, now func() time.Time, key []byte) ([]pipeline.Source, error) {
	limiter := quota.Unlimited()
	calls := map[string]*quota.Limiter{} // counted by connector
	counted := func(id string) *quota.Limiter { calls[id] = limiter.Fork(); return calls[id] }
	cloud, err := aws.New(aws.Config{Organization: true, OrganizationRole: estate.Reader},
		aws.Options{Connector: "demo-aws", Secret: &aws.Secret{AccessKeyID: estate.AWSKeyID, SecretAccessKey: estate.AWSKeySecret}, Types: types, Limiter: counted("demo-aws"), HTTP: e.Transport(estate.AWS), Now: now, SecretKey: key, Places: 2}) // nothing is waited for
	if err != nil {
		return nil, err
	}
	list := []pipeline.Source{{ID: "demo-aws", Kind: "aws", Name: "Halden Markets in AWS (demo)", Interval: 5 * time.Minute, Gatherer: &awsEstate{cloud}}}
	tenant, err := azure.New(azure.Config{TenantID: estate.AzureTenant, ClientID: estate.AzureClient, Credential: azure.CredentialSecret, Entra: true},
		azure.Options{Connector: "demo-azure", Secret: azure.Secret{ClientSecret: estate.AzureSecret}, Types: types, Limiter: counted("demo-azure"), HTTP: e.Transport(estate.Azure), Now: now, SecretKey: key})
	if err != nil {
		return nil, err
	}
	list = append(list, pipeline.Source{ID: "demo-azure", Kind: "azure", Name: "Halden Markets in Azure (demo)", Interval: 5 * time.Minute, Gatherer: tenant})
	google, err := gcp.New(gcp.Config{Organization: estate.GoogleOrganization, Credential: gcp.Credential{Kind: gcp.CredentialKey}},
		gcp.Options{Connector: "demo-gcp", Secret: &gcp.Secret{File: string(e.GoogleCredential(""))}, Types: types, Limiter: counted("demo-gcp"), HTTP: e.Transport(estate.Google), SecretKey: key})
	if err != nil {
		return nil, err
	}
	list = append(list, pipeline.Source{ID: "demo-gcp", Kind: "gcp", Name: "Halden Markets in Google Cloud (demo)", Interval: 5 * time.Minute, Gatherer: google})
	for _, c := range estate.Clusters {
		id := "demo-" + c.Name
		cluster, err := kubernetes.New(kubernetes.Config{Name: c.Name, Server: "https://" + c.Name + ".example"},
			kubernetes.Options{Secret: kubernetes.Secret{Token: estate.KubernetesToken}, Types: types, Limiter: counted(id), Now: now, SecretKey: key, Connector: id, Transport: e.Transport(c.Name)})
		if err != nil {
			return nil, err
		}
		list = append(list, pipeline.Source{ID: id, Kind: "kubernetes", Name: "Cluster " + c.Name + " (demo)", Interval: 10 * time.Minute, Gatherer: cluster})
	}
	parts := e.Served() // in the order of the list
	for i, s := range list {
		list[i].Calls = calls[s.ID].Calls
		m := moved{e, parts[i], now, s.Gatherer}
		list[i].Gatherer = m
		if w, ok := s.Gatherer.(pipeline.Watcher); ok {
			list[i].Gatherer = movedWatcher{m, w}
		}
	}
	files, err := demoFiles(e, types, now, key)
	return append(list, files...), err
}

// demoFiles are the connectors of the estate's repositories and machines, which
// are read from memory.
func demoFiles(e *estate.Estate, types *bulwark.Types, now func() time.Time, key []byte) ([]pipeline.Source, error) {
	var list []pipeline.Source
	for _, r := range estate.Repositories {
		id := "demo-" + r.Name
		scanner, err := iac.New(iac.Options{FS: e.Files(r.Name), RepositoryID: r.Name, Types: types, Connector: id, SecretKey: key, Now: now})
		if err != nil {
			return nil, err
		}
		list = append(list, pipeline.Source{ID: id, Kind: "iac", Name: r.Title + " (demo)", Interval: 10 * time.Minute, Gatherer: moved{e, r.Name, now, scanner}})
	}
	for _, m := range estate.Machines {
		id := "demo-" + m.Name
		machine := &host.Host{FS: e.Files(m.Name), Live: true, Connector: id, Names: types.Names(), Now: now}
		list = append(list, pipeline.Source{ID: id, Kind: "host", Name: m.Title + " (demo)", Interval: 10 * time.Minute, Gatherer: moved{e, m.Name, now, machine}})
	}
	return list, nil
}

// movedWatcher is moved for a gatherer that watches.
type movedWatcher struct {
	moved
	pipeline.Watcher
}

// moved gathers a part of the estate as it is now.
type moved struct {
	estate *estate.Estate
	part   string
	now    func() time.Time
	pipeline.Gatherer
}

func (m moved) Gather(ctx context.Context, yield func(bulwark.Gathered) error) error {
	if err := m.estate.Move(m.part, m.now()); err != nil {
		return err
	}
	return m.Gatherer.Gather(ctx, yield)
}
