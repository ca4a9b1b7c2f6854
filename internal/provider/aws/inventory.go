package aws

import (
	"context"
	_ "embed"
	"fmt"
	"regexp"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudcontrol"
	"github.com/aws/aws-sdk-go-v2/service/cloudcontrol/types"

	"github.com/bulwarksec/bulwark"
)

// Every type that no file here collects, and that AWS Cloud Control can list, is
// collected through it: what there is, and the properties that a list tells.
// Where the type has a file each asset is read too. Cloud Control calls the
// services with the caller's own permissions, so a list needs those as well; a
// type that a region does not know is disabled there.
//
// A type that has no file is listed only if the configuration asks for the
// inventory, or names it: it costs a call for each of nearly a thousand types in
// each region of each account, of which CloudTrail logs every one.

//go:embed inventory.tsv
var inventoryTSV string // written by scripts/awsinventory, which explains it

// stock is a line of the inventory.
type stock struct {
	typ        string
	where      where
	arn        string   // how an ARN is made of the identifier
	list, read []string // permissions of the services
	properties []string // of the top level, that can be read
}

func inventory() []stock {
	var out []stock
	for line := range strings.Lines(inventoryTSV) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		for len(f) < 6 {
			f = append(f, "")
		}
		k := stock{typ: f[0], arn: f[2], list: strings.Fields(f[3]), properties: strings.Fields(f[4]), read: strings.Fields(f[5])}
		if f[1] == "global" {
			k.where = global
		}
		out = append(out, k)
	}
	return out
}

// collector returns what lists the type, and reads each asset if it has a file.
func (k stock) collector() *collector {
	c := &collector{Type: k.typ, Service: "cloudcontrol", Where: k.where, Late: true, Needs: []need{lists("cloudformation:ListResources")}, List: k.collect}
	if len(k.properties) > 0 {
		c.Needs = append(c.Needs, each("cloudformation:GetResource"))
		c.Via = append(append([]string{}, k.list...), k.read...)
	}
	return c
}

func (k stock) collect(ctx context.Context, s *session) error {
	client := cloudcontrol.NewFromConfig(s.cfg)
	return assets(ctx, s, func(ctx context.Context, token *string) ([]types.ResourceDescription, *string, error) {
		out, err := client.ListResources(ctx, &cloudcontrol.ListResourcesInput{TypeName: &k.typ, NextToken: token, MaxResults: aws.Int32(100)})
		if err != nil {
			return nil, nil, s.handler(err)
		}
		return out.ResourceDescriptions, out.NextToken, nil
	}, func(ctx context.Context, v types.ResourceDescription, d *draft) error {
		id := aws.ToString(v.Identifier)
		if id == "" {
			return &bulwark.Fault{Kind: bulwark.FaultMalformed, Call: s.collector.call(), Object: s.where(), Err: fmt.Errorf("%w: a resource has no identifier", errAnswer)}
		}
		d.ARN, d.Name = k.identity(s, d.Region, id), lastPart(id)
		d.observe("Identifier", id)
		if err := d.resource(v.Properties); err != nil && len(k.properties) == 0 {
			return err
		}
		if len(k.properties) == 0 {
			return nil
		}
		return s.part(ctx, d, strings.Join(k.unsaid(d), " "), "", func() error {
			out, err := client.GetResource(ctx, &cloudcontrol.GetResourceInput{TypeName: &k.typ, Identifier: &id})
			if err != nil {
				return s.handler(err)
			}
			if out.ResourceDescription == nil || out.ResourceDescription.Properties == nil {
				return errAnswer
			}
			if err := d.resource(out.ResourceDescription.Properties); err != nil {
				return err
			}
			for _, name := range k.unsaid(d) {
				if !k.tells(name) {
					d.unknown(name, "unsupported: Cloud Control does not tell it")
				}
			}
			return nil
		})
	})
}

// identity returns the ARN of an asset, made of its identifier alone, so that it
// is the same whatever else was told. Where it is not known how, it is one in
// the manner of CloudFormation that names type and identifier.
func (k stock) identity(s *session, region, id string) string {
	if strings.HasPrefix(id, "arn:") && k.arn == "=" {
		return id
	}
	if k.arn != "=" && k.arn != "-" {
		out := strings.NewReplacer("{partition}", s.account.partition, "{region}", region, "{account}", s.account.id).Replace(k.arn)
		parts := strings.Split(id, "|")
		for i, p := range parts {
			out = strings.ReplaceAll(out, fmt.Sprintf("{%d}", i), p)
		}
		if strings.Count(k.arn, "{0}")+strings.Count(k.arn, "{1}")+strings.Count(k.arn, "{2}") == len(parts) && !strings.HasPrefix(parts[0], "arn:") {
			return out
		}
	}
	return "arn:" + s.account.partition + ":cloudformation:" + region + ":" + s.account.id + ":resource/" + k.typ + "/" + id
}

// resource puts the properties that a JSON text has, under the names that the
// type has in CloudFormation already.
func (d *draft) resource(text *string) error {
	if text == nil {
		return nil
	}
	v, ok := document(d.names, *text).(bulwark.Value)
	if !ok || v.Kind() != bulwark.Object {
		return errAnswer
	}
	for name, c := range v.Children() {
		if c.Kind() != bulwark.Absent && name != "" {
			d.put(name, c)
		}
	}
	return nil
}

// put puts a value under a name that may hold dots.
func (d *draft) put(name string, v bulwark.Value) {
	if p := d.property(name); p != nil {
		d.properties[name] = scalar(v, p)
		return
	}
	d.observed[name] = v
}

// unsaid returns the properties of the type, of the top level, that an asset has
// not got yet.
func (k stock) unsaid(d *draft) []string {
	var out []string
	for _, p := range d.typ.Properties {
		first, _, _ := strings.Cut(p.Path, ".")
		first = strings.TrimRight(first, "[]{}")
		if !p.Observed && first != "Ref" && first != "Arn" && d.properties[first] == nil {
			out = append(out, first)
		}
	}
	return out
}

// tells tells whether Cloud Control can read a property.
func (k stock) tells(name string) bool {
	for _, p := range k.properties {
		if p == name {
			return true
		}
	}
	return false
}

var performs = regexp.MustCompile(`(?:perform|permission)s?: ([a-z0-9-]{2,40}:[A-Za-z]{2,80})`)

// handler returns an error of Cloud Control, or of the service that it asked:
// denied with the service's own permission, and disabled where the type cannot
// be listed as it is here.
func (s *session) handler(err error) error {
	f := s.fault(err, s.where())
	text := f.Err.Error()
	switch {
	case f.Kind == bulwark.FaultDenied:
		if m := performs.FindStringSubmatch(text); m != nil {
			f.Needs = m[1]
		}
	case code(err) == "InvalidRequestException" && strings.Contains(text, "ResourceModel"):
		f.Kind = bulwark.FaultDisabled
	default:
		return err
	}
	return f
}
