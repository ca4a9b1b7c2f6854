package main

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/internal/api"
	"github.com/bulwarksec/bulwark/internal/pipeline"
	"github.com/bulwarksec/bulwark/internal/replay"
	"github.com/bulwarksec/bulwark/internal/replay/estate"
)

// TestDemoSources gathers the estate by every collector at one time.
func TestDemoSources(t *testing.T) {
	until := time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)
	e, err := estate.New(estate.Options{Seed: 1, From: until.Add(-26 * 7 * 24 * time.Hour), Until: until, Limits: replay.Unlimited})
	if err != nil {
		t.Fatal(err)
	}
	loaded, _ := pipeline.LoadContent(pipeline.ContentOptions{})
	sources, err := demoSources(e, loaded.Content.Types, func() time.Time { return until }, []byte("key"))
	if err != nil {
		t.Fatal(err)
	}
	types, gaps := map[string]int{}, map[string]int{}
	for _, s := range sources {
		start := time.Now()
		err := s.Gatherer.Gather(t.Context(), func(g bulwark.Gathered) error {
			if g.Asset != nil {
				types[g.Asset.Type]++
				if at := g.Asset.Properties.Position(); s.Kind == "iac" && (at.File == "" || at.Line == 0) {
					t.Errorf("%s: %s stands at %v, want a file and a line", s.ID, g.Asset.ID, at)
				}
			}
			if g.Gap != nil && (s.Kind == "iac" || s.Kind == "host") {
				t.Errorf("%s: gap %v: all of it can be read", s.ID, *g.Gap)
			}
			if g.Gap != nil {
				gaps[s.ID+" "+g.Gap.What+" "+g.Gap.Needs+" "+g.Gap.Why]++
			}
			return nil
		})
		if err != nil {
			t.Errorf("%s: %v", s.ID, err)
		}
		t.Logf("%s took %s", s.ID, time.Since(start))
	}
	total := 0
	for _, typ := range slices.Sorted(maps.Keys(types)) {
		t.Logf("%5d %s", types[typ], typ)
		total += types[typ]
	}
	if total < 2500 || total > 3500 {
		t.Errorf("%d assets, want about 3000", total)
	}
	for typ, least := range inhabited {
		if types[typ] < least {
			t.Errorf("%d assets of %s, want %d or more", types[typ], typ, least)
		}
	}
	t.Logf("%d assets, %d kinds of gaps: %q", total, len(gaps), slices.Sorted(maps.Keys(gaps)))
	if len(gaps) == 0 || len(gaps) > 40 {
		t.Errorf("%d kinds of gaps, want some and not many: %v", len(gaps), slices.Sorted(maps.Keys(gaps)))
	}
}

// inhabited are types that the estate must have, a few of each service.
var inhabited = map[string]int{
	"AWS::Account": 10, "AWS::Organizations::Account": 11, "AWS::EC2::Instance": 40, "AWS::EC2::SecurityGroup": 60, "AWS::S3::Bucket": 50, "AWS::IAM::User": 20, "AWS::IAM::Role": 50, "AWS::KMS::Key": 20, "AWS::RDS::DBInstance": 10,
	"AWS::Lambda::Function": 30, "AWS::CloudTrail::Trail": 5, "AWS::AccessAnalyzer::Analyzer": 5, "AWS::DynamoDB::Table": 10, "AWS::SQS::Queue": 10, "AWS::SNS::Topic": 5, "AWS::SecretsManager::Secret": 20, "AWS::Logs::LogGroup": 20,
	"AWS::ElasticLoadBalancingV2::LoadBalancer": 10, "AWS::AutoScaling::AutoScalingGroup": 10, "AWS::ECR::Repository": 10, "AWS::GuardDuty::Detector": 10, "AWS::SecurityHub::Hub": 10, "AWS::Config::ConfigurationRecorder": 10,
	"AWS::ApiGateway::RestApi": 2, "AWS::ApiGateway::Stage": 2, "AWS::ApiGateway::Method": 4, "AWS::ApiGateway::DomainName": 2, "AWS::ApiGatewayV2::Api": 3, "AWS::ApiGatewayV2::Stage": 3, "AWS::AutoScaling::LaunchConfiguration": 1, "AWS::Backup::BackupVault": 5, "AWS::CloudFront::Distribution": 2,
	"AWS::CodeBuild::Project": 6, "AWS::Config::ConfigurationAggregator": 1, "AWS::DAX::Cluster": 2, "AWS::DMS::ReplicationInstance": 2, "AWS::EC2::VPCPeeringConnection": 1, "AWS::ECS::Cluster": 3, "AWS::ECS::Service": 3, "AWS::ECS::TaskDefinition": 3, "AWS::EFS::FileSystem": 3, "AWS::EFS::AccessPoint": 3,
	"AWS::EKS::Cluster": 1, "AWS::EKS::Nodegroup": 2, "AWS::EKS::Addon": 3, "AWS::EKS::AccessEntry": 1, "AWS::ElasticLoadBalancing::LoadBalancer": 1, "AWS::Events::EventBus": 10, "AWS::Events::Rule": 10, "AWS::FSx::FileSystem": 1, "AWS::Logs::MetricFilter": 3, "AWS::OpenSearchService::Domain": 3,
	"AWS::RDS::DBCluster": 2, "AWS::RDS::DBClusterSnapshot": 2, "AWS::Redshift::Cluster": 2, "AWS::Redshift::ClusterParameterGroup": 2, "AWS::Route53::HostedZone": 2, "AWS::Route53::RecordSet": 8, "AWS::WAFv2::WebACL": 2, "docker/Dockerfile": 3, "host/Linux": 6,
	"Microsoft.Resources/subscriptions": 4, "Microsoft.Management/managementGroups": 3, "Microsoft.Storage/storageAccounts": 20, "Microsoft.Web/sites": 20, "Microsoft.Sql/servers": 5, "Microsoft.KeyVault/vaults": 5, "Microsoft.Compute/virtualMachines": 8,
	"Microsoft.ContainerService/managedClusters": 1, "Microsoft.Network/networkSecurityGroups": 10, "microsoft.graph/user": 120, "microsoft.graph/group": 10, "microsoft.graph/application": 5,
	"cloudresourcemanager.googleapis.com/Project": 5, "storage.googleapis.com/Bucket": 20, "bigquery.googleapis.com/Dataset": 5, "compute.googleapis.com/Instance": 5, "sqladmin.googleapis.com/Instance": 3, "run.googleapis.com/Service": 6, "container.googleapis.com/Cluster": 1,
	"kubernetes/Cluster": 3, "v1/Pod": 60, "apps/v1/Deployment": 25, "v1/Namespace": 30, "networking.k8s.io/v1/NetworkPolicy": 20, "rbac.authorization.k8s.io/v1/ClusterRole": 5,
}

// TestDecisions tells that what people of the demo decide is about checks that
// there are.
func TestDecisions(t *testing.T) {
	loaded, _ := pipeline.LoadContent(pipeline.ContentOptions{})
	for _, d := range decisions {
		if loaded.Check(d.check) == nil {
			t.Errorf("%s is no check", d.check)
		}
	}
}

// TestDemoComesAndGoes makes the demo with a short history, ends the server and
// starts it again, removes the demo, and starts again.
func TestDemoComesAndGoes(t *testing.T) {
	if testing.Short() {
		t.Skip("it gathers the whole estate")
	}
	loaded, _ := pipeline.LoadContent(pipeline.ContentOptions{})
	dir := t.TempDir()
	log := slog.New(slog.DiscardHandler)
	st, err := openStore(t.Context(), "sqlite:"+filepath.Join(dir, "main.db"), loaded, time.Now, log, filepath.Join(dir, "key"))
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	folder := filepath.Join(dir, "demo")
	if err := errors.Join(os.MkdirAll(folder, 0o700), os.WriteFile(filepath.Join(folder, "bulwark.db"), []byte("half of it"), 0o600)); err != nil {
		t.Fatal(err)
	}
	begin := func() (*demos, func()) {
		d := &demos{main: st, loaded: loaded, dir: folder, log: log, steps: 1, wanted: true}
		d.serve = func(st api.Store, e *pipeline.Engine, now func() time.Time) (*api.Server, error) {
			return api.New(api.Options{Store: st, Content: e, Runs: e, Scorer: scorer{control: loaded.Control}, Now: now, Organization: demoID})
		}
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- d.Run(ctx) }()
		return d, func() {
			stop()
			if err := <-ended; err != nil {
				t.Error(err)
			}
		}
	}
	ready := func(d *demos) {
		t.Helper()
		for {
			list := d.Organizations()
			if len(list) == 2 && list[1].State == bulwark.OrganizationFailed {
				t.Fatal(list[1].Doing)
			}
			if len(list) == 2 && list[1].State == bulwark.OrganizationReady && d.Handler(demoID) != nil {
				return
			}
			if t.Context().Err() != nil {
				t.Fatal("the demo does not get ready")
			}
			time.Sleep(20 * time.Millisecond)
		}
	}

	d, stop := begin()
	ready(d)
	if err := d.AddDemo(t.Context()); !errors.Is(err, bulwark.ErrConflict) {
		t.Errorf("a second demo: %v, want a conflict", err)
	}
	stop()
	d, stop = begin() // what is whole is taken up again
	ready(d)
	if err := d.RemoveDemo(t.Context()); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(folder); !errors.Is(err, fs.ErrNotExist) || d.Handler(demoID) != nil {
		t.Errorf("after its removal something of the demo is there: %v", err)
	}
	stop()
	d, stop = begin()
	defer stop()
	for range 20 { // it looks whether it is wanted at once
		if n := len(d.Organizations()); n != 1 {
			t.Fatalf("%d organisations after the demo was removed", n)
		}
		time.Sleep(5 * time.Millisecond)
	}
}
