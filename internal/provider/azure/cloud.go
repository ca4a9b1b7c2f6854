package azure

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/bulwarksec/bulwark"
)

// Endpoints are the addresses of a cloud. They must be https, unless they are
// on this machine's loopback.
type Endpoints struct {
	ARM       string `json:"arm"`       // https://management.azure.com
	Graph     string `json:"graph"`     // https://graph.microsoft.com
	Authority string `json:"authority"` // https://login.microsoftonline.com
}

// cloudEndpoints are endpoints that were checked, and the audiences of tokens
// for them.
type cloudEndpoints struct {
	Endpoints
	armScope   string
	graphScope string
	known      bool // one of Microsoft's own clouds
}

// clouds are Microsoft's clouds. Source: Azure documentation, "Compare Azure
// Government and global Azure" and "Azure China endpoints"; Microsoft Graph,
// "National cloud deployments".
var clouds = map[string]Endpoints{
	"public":       {"https://management.azure.com", "https://graph.microsoft.com", "https://login.microsoftonline.com"},
	"usgovernment": {"https://management.usgovcloudapi.net", "https://graph.microsoft.us", "https://login.microsoftonline.us"},
	"china":        {"https://management.chinacloudapi.cn", "https://microsoftgraph.chinacloudapi.cn", "https://login.chinacloudapi.cn"},
}

func endpointsOf(c Config) (cloudEndpoints, error) {
	if c.Endpoints == nil {
		name := c.Cloud
		if name == "" {
			name = "public"
		}
		e, ok := clouds[name]
		if !ok {
			return cloudEndpoints{}, fmt.Errorf("azure: read configuration: %w: cloud %q is none of public, china, usgovernment", bulwark.ErrInvalid, c.Cloud)
		}
		return cloudEndpoints{e, e.ARM + "/.default", e.Graph + "/.default", true}, nil
	}
	e := *c.Endpoints
	for _, at := range []*string{&e.ARM, &e.Graph, &e.Authority} {
		clean, err := checkEndpoint(*at)
		if err != nil {
			return cloudEndpoints{}, err
		}
		*at = clean
	}
	return cloudEndpoints{e, e.ARM + "/.default", e.Graph + "/.default", false}, nil
}

func checkEndpoint(text string) (string, error) {
	u, err := url.Parse(strings.TrimRight(text, "/"))
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Path != "" {
		return "", fmt.Errorf("azure: read configuration: %w: endpoint %q is not https://host", bulwark.ErrInvalid, text)
	}
	if u.Scheme != "https" && !(u.Scheme == "http" && bulwark.IsLoopback(u.Hostname())) {
		return "", fmt.Errorf("azure: read configuration: %w: endpoint %q must be https: it is sent credentials", bulwark.ErrInvalid, text)
	}
	return u.String(), nil
}
