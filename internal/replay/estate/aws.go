package estate

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/bulwarksec/bulwark/internal/replay/aws"
)

// Reader is the name of the role that the product assumes, and AWSKey the key
// that it begins with: both are made up and good for nothing else.
const (
	Reader       = "BulwarkReader"
	AWSKeyID     = "AKIAHALDENDEMO000001"
	AWSKeySecret = "demonstration-only"
)

// denials are what the reader may not do in two accounts, so that gaps show.
var denials = map[string][]string{
	"legacy-pos": {"kms:*", "lambda:GetPolicy"},
	"fennel":     {"s3:GetBucketPolicy", "iam:ListAccessKeys", "secretsmanager:*", "rds:DescribeDBSnapshotAttributes"},
}

func awsAccounts(denied []string) []aws.Account {
	var out []aws.Account
	for _, a := range company {
		out = append(out, aws.Account{ID: a.id, Roles: []aws.Role{{Name: Reader, Trusts: []string{company[0].id}, Deny: slices.Concat(denials[a.key], denied)}}})
	}
	return out
}

func awsKeys(denied []string) []aws.Key {
	return []aws.Key{{ID: AWSKeyID, Secret: AWSKeySecret, Principal: aws.Principal{Account: company[0].id,
		ARN: "arn:aws:iam::" + company[0].id + ":user/bulwark", UserID: "AIDAHALDENDEMO0000001", Deny: denied}}}
}

// site is a place in AWS that is being filled: an account, or a region of it.
type site struct {
	*builder
	*account
	w      *aws.World
	region string // "" is the account as a whole
}

// aws fills the organisation's accounts.
func (b *builder) aws(w *aws.World) {
	b.organization(w)
	for i := range company {
		a := &company[i]
		if !b.serves(a) {
			continue
		}
		s := &site{b, a, w, ""}
		s.whole()
		for i, region := range awsRegions {
			r := &site{b, a, w, region}
			r.watched()
			if i == 0 || a.wide && i == 1 {
				r.network()
			}
			if a.care > 1.5 || a.key == "management" {
				r.defaultVPC()
			}
			if i == 0 {
				r.buses()
				for _, app := range a.apps {
					r.app(app)
				}
			}
		}
	}
}

func (s *site) place() aws.Place { return aws.Place{Account: s.id, Region: s.region} }

func put[T any](s *site, items ...T) { aws.Put(s.w, s.place(), items...) }

func putBelow[T any](s *site, parent string, items ...T) {
	at := s.place()
	at.Parent = parent
	aws.Put(s.w, at, items...)
}

func tell[O any](s *site, key string, out *O) { aws.Answer(s.w, s.place(), key, out) }

// wrong reports whether a mistake of a kind is made here.
func (s *site) wrong(kind, name string, base float64) bool {
	return s.slip(s.care, kind, s.key+"/"+s.region+"/"+name, base)
}

// ref makes an identifier: sg-0a1b….
func (s *site) ref(prefix string, parts ...string) string {
	return prefix + "-0" + s.hex(16, append([]string{s.key, s.region, prefix}, parts...)...)
}

// arn names a thing in the site's region.
func (s *site) arn(service, resource string) string {
	return "arn:aws:" + service + ":" + s.region + ":" + s.id + ":" + resource
}

// tagged are the tags that the company asks for; a mistake leaves some out.
func (s *site) tagged(a app, name string) map[string]string {
	t := map[string]string{"Name": name, "owner": a.team, "env": s.env, "app": a.name, "data-classification": a.class, "managed-by": "terraform"}
	if s.wrong("untagged", name, 0.15) {
		delete(t, "owner")
		delete(t, "data-classification")
		delete(t, "managed-by")
	}
	return t
}

// tagsOf writes tags as a service has them.
func tagsOf[T any](tags map[string]string, make func(k, v *string) T) []T {
	var out []T
	for _, k := range slices.Sorted(maps.Keys(tags)) {
		out = append(out, make(p(k), p(tags[k])))
	}
	return out
}

func ec2Tags(tags map[string]string) []ec2types.Tag {
	return tagsOf(tags, func(k, v *string) ec2types.Tag { return ec2types.Tag{Key: k, Value: v} })
}

// shared is who owns what belongs to no app.
var shared = app{name: "platform", team: "platform", class: "internal"}

// host is a private address of this network.
func (s *site) host(name string) string {
	return fmt.Sprintf("%s.%d.%d", s.cidr(), s.between(1, 5, "host", s.key, name), s.between(10, 250, "address", s.key, name))
}

// cidr begins the addresses of the site's network: 10.20.
func (s *site) cidr() string {
	i := slices.IndexFunc(company, func(a account) bool { return a.key == s.key })
	return fmt.Sprintf("10.%d", 10+i*10+slices.Index(awsRegions, s.region))
}

// public is an address of the block that is kept for documentation (RFC 5737).
func (s *site) public(name string) string {
	return fmt.Sprintf("203.0.113.%d", s.between(2, 250, "public", s.key, name))
}

func title(name string) string { return strings.ToUpper(name[:1]) + name[1:] }
