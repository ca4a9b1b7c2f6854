package kubernetes

import (
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/bulwarksec/bulwark"
)

// Types of the assets that stand for a managed cluster at its provider.
const (
	typeEKS = "AWS::EKS::Cluster"
	typeAKS = "Microsoft.ContainerService/managedClusters"
	typeGKE = "container.googleapis.com/Cluster"
)

var (
	eksARN  = regexp.MustCompile(`^arn:aws[a-z-]*:eks:[a-z0-9-]+:\d{12}:cluster/[A-Za-z0-9][A-Za-z0-9_-]{0,99}$`)
	eksHost = regexp.MustCompile(`^[0-9A-F]{32}\.[a-z0-9.-]+\.eks\.amazonaws\.com(\.cn)?$`)
	gkeName = regexp.MustCompile(`^gke_([a-z][a-z0-9-]{4,28}[a-z0-9])_([a-z0-9-]+)_([a-z][a-z0-9-]{0,39})$`)
	aksHost = regexp.MustCompile(`\.azmk8s\.io$`)
)

// managed relates the cluster to the asset that its provider's own API makes
// of it: by its names, a person's first, among them those that the providers'
// tools write into kubeconfigs, or by what its nodes say. Where the provider is known but not the cluster's
// place there, the relation is unknown.
func managed(names []string, host string, f *facts) []bulwark.Relation {
	relate := func(typ, target, reason string) []bulwark.Relation {
		return []bulwark.Relation{{Name: "managedBy", Inverse: "kubernetes", Type: typ, Target: target, Reason: reason}}
	}
	for _, name := range names {
		if eksARN.MatchString(name) {
			return relate(typeEKS, bulwark.AssetID(bulwark.Live, name), "")
		}
		if m := gkeName.FindStringSubmatch(name); m != nil {
			return relate(typeGKE, bulwark.AssetID(bulwark.Live, "//container.googleapis.com/projects/"+m[1]+"/locations/"+m[2]+"/clusters/"+m[3]), "")
		}
	}
	if id := aks(f); id != "" {
		return relate(typeAKS, bulwark.AssetID(bulwark.Live, id), "")
	}
	switch {
	case eksHost.MatchString(strings.ToUpper(host[:min(32, len(host))]) + host[min(32, len(host)):]):
		return relate(typeEKS, "", "the cluster does not say in which account it is; name the connector by the cluster's ARN")
	case aksHost.MatchString(host):
		return relate(typeAKS, "", "the nodes do not say which cluster they belong to")
	}
	return nil
}

// aks returns the ARM id of an Azure cluster, from the subscription in its
// nodes' provider ids and the name of their resource group,
// MC_<group>_<cluster>_<region>. It is "" where that can be read in two ways.
func aks(f *facts) string {
	if len(f.groups) != 1 || len(f.regions) != 1 {
		return ""
	}
	group := slices.Collect(maps.Keys(f.groups))[0]
	region := slices.Collect(maps.Keys(f.regions))[0]
	subscription := ""
	for id := range f.providers {
		rest, ok := strings.CutPrefix(strings.ToLower(id), "azure:///subscriptions/")
		if !ok {
			return ""
		}
		s, _, _ := strings.Cut(rest, "/")
		if subscription != "" && subscription != s {
			return ""
		}
		subscription = s
	}
	middle, ok := strings.CutPrefix(strings.ToLower(group), "mc_")
	if !ok || subscription == "" {
		return ""
	}
	if middle, ok = strings.CutSuffix(middle, "_"+strings.ToLower(region)); !ok || strings.Count(middle, "_") != 1 {
		return ""
	}
	rg, name, _ := strings.Cut(middle, "_")
	return "/subscriptions/" + subscription + "/resourcegroups/" + rg + "/providers/microsoft.containerservice/managedclusters/" + name
}

// distribution says whose Kubernetes a cluster is: by the version's suffix,
// the server's name or the nodes. It is "" where nothing tells.
func distribution(gitVersion, host string, f *facts) string {
	for suffix, name := range map[string]string{"-eks-": "eks", "-gke.": "gke", "+k3s": "k3s", "+rke2": "rke2", "+k0s": "k0s", "-aliyun": "ack"} {
		if strings.Contains(gitVersion, suffix) {
			return name
		}
	}
	if aksHost.MatchString(host) || len(f.groups) > 0 {
		return "aks"
	}
	return ""
}

var machineID = regexp.MustCompile(`^[0-9a-f]{32}$`)

// sameAs relates a node to the machine that it is: the host by its machine id,
// and the instance by the provider id where that is a full name.
func sameAs(a *bulwark.Asset) []bulwark.Relation {
	if a.Type != "v1/Node" {
		return nil
	}
	var list []bulwark.Relation
	add := func(typ, target string) {
		list = append(list, bulwark.Relation{Name: bulwark.RelSameAs, Inverse: bulwark.RelSameAs, Type: typ, Target: target})
	}
	if id := a.Observed.At("status", "nodeInfo", "machineID").Text(); machineID.MatchString(id) {
		add("host/Linux", bulwark.AssetID(bulwark.Host, id))
	}
	id := a.Properties.At("spec", "providerID").Text()
	if arm, ok := strings.CutPrefix(id, "azure://"); ok && strings.HasPrefix(arm, "/subscriptions/") && !strings.Contains(strings.ToLower(arm), "/virtualmachinescalesets/") {
		add("Microsoft.Compute/virtualMachines", bulwark.AssetID(bulwark.Live, strings.ToLower(arm)))
	}
	if gce, ok := strings.CutPrefix(id, "gce://"); ok && strings.Count(gce, "/") == 2 {
		parts := strings.Split(gce, "/")
		add("compute.googleapis.com/Instance", bulwark.AssetID(bulwark.Live, "//compute.googleapis.com/projects/"+parts[0]+"/zones/"+parts[1]+"/instances/"+parts[2]))
	}
	return list
}
