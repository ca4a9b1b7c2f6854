package aws

import (
	"encoding/json"
	"reflect"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// filled returns a value of a type with every field set: one element in each
// list, no token of a next page. So each collector finds one object, and makes
// every call that it knows.
func filled(t reflect.Type) any {
	v := reflect.New(t).Elem()
	fill(v, "", 0)
	return v.Interface()
}

const madeARN = "arn:aws:made:eu-west-1:" + testAccount + ":thing/made"

// madeReport is a credential report of the user whom filled makes.
const madeReport = "user,arn,password_enabled,password_last_used,password_last_changed,password_next_rotation,mfa_active,access_key_1_active,access_key_1_last_rotated,access_key_1_last_used_date,access_key_2_active,access_key_2_last_rotated,access_key_2_last_used_date,access_key_1_last_used_region,access_key_1_last_used_service,access_key_2_last_used_region,access_key_2_last_used_service,cert_1_active,cert_2_active\n" +
	"made," + madeARN + ",true,d,d,d,false,true,d,d,false,d,d,r,s,r,s,false,false\n" +
	"<root_account>,arn:aws:iam::" + testAccount + ":root,not_supported,d,not_supported,not_supported,true,false,d,d,false,d,d,r,s,r,s,false,false\n"

var timeType = reflect.TypeFor[time.Time]()

func fill(v reflect.Value, name string, depth int) {
	if depth > 9 {
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		if v.Type().Elem().Kind() == reflect.String && isToken(name) {
			return
		}
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), name, depth)
	case reflect.Struct:
		if v.Type() == timeType {
			v.Set(reflect.ValueOf(time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)))
			return
		}
		for i := range v.NumField() {
			f := v.Type().Field(i)
			if f.IsExported() && f.Name != "ResultMetadata" {
				fill(v.Field(i), f.Name, depth+1)
			}
		}
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			v.SetBytes([]byte(madeReport))
			return
		}
		if depth > 8 {
			return
		}
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(v.Index(0), name, depth+1)
	case reflect.Map:
		key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		fill(key, "", depth+1)
		fill(value, "", depth+1)
		m := reflect.MakeMap(v.Type())
		m.SetMapIndex(key, value)
		v.Set(m)
	case reflect.String:
		v.SetString(text(name))
	case reflect.Bool:
		v.SetBool(!strings.HasPrefix(name, "IsTruncated") && name != "Truncated")
	case reflect.Int, reflect.Int32, reflect.Int64:
		v.SetInt(1)
	case reflect.Float32, reflect.Float64:
		v.SetFloat(1)
	}
}

func isToken(name string) bool {
	switch name {
	case "NextToken", "Marker", "NextMarker", "ContinuationToken", "NextContinuationToken", "Position", "NextPageToken", "LastEvaluatedTableName":
		return true
	}
	return false
}

// text is what a field of a name may hold.
func text(name string) string {
	switch {
	case name == "CloudWatchLogsLogGroupArn":
		return "arn:aws:logs:eu-west-1:" + testAccount + ":log-group:made:*"
	case strings.HasSuffix(strings.ToLower(name), "arn"), strings.HasSuffix(name, "Arns"):
		return madeARN
	case strings.Contains(name, "Policy") || strings.HasSuffix(name, "Document"):
		return `{"Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Condition":{"StringEquals":{"aws:SourceAccount":"1","aws:SourceArn":"arn:aws:s3:::x","aws:PrincipalOrgID":"o-1"}}}]}`
	}
	switch name {
	case "BucketRegion", "RegionName", "Region":
		return "eu-west-1"
	case "MasterAccountId", "Account":
		return testAccount
	case "ResourceId":
		return "vpc-made"
	case "AttributeName":
		return "restore"
	case "SnapshotType":
		return "manual"
	case "KeySpec":
		return "SYMMETRIC_DEFAULT"
	case "Origin":
		return "AWS_KMS"
	case "CustomKeyStoreId":
		return ""
	}
	return "made"
}

// special are the answers that must hold together with others.
func special(c call, out any) any {
	v := reflect.ValueOf(out).Elem()
	set := func(field string, value any) { v.FieldByName(field).Set(reflect.ValueOf(value)) }
	switch c.Name {
	case "cloudcontrol:ListResources":
		v.FieldByName("ResourceDescriptions").Index(0).FieldByName("Properties").Set(reflect.ValueOf(ptr(`{"Arn":"made"}`)))
	case "cloudcontrol:GetResource":
		v.FieldByName("ResourceDescription").Elem().FieldByName("Properties").Set(reflect.ValueOf(ptr(everyProperty(c.Input))))
	case "cloudwatch:DescribeAlarms":
		v.FieldByName("MetricAlarms").Index(0).FieldByName("AlarmActions").Set(reflect.ValueOf([]string{"arn:aws:sns:eu-west-1:" + testAccount + ":made"}))
	case "sns:GetTopicAttributes":
		set("Attributes", map[string]string{"TopicArn": madeARN, "KmsMasterKeyId": "made", "Policy": text("Policy")})
	case "sqs:GetQueueAttributes":
		set("Attributes", map[string]string{"QueueArn": madeARN, "KmsMasterKeyId": "made", "SqsManagedSseEnabled": "true", "Policy": text("Policy"), "RedrivePolicy": `{"deadLetterTargetArn":"made"}`})
	case "opensearch:DescribeDomains":
		list := v.FieldByName("DomainStatusList")
		list.Set(reflect.AppendSlice(list, reflect.ValueOf(filled(list.Type()))))
		for i, engine := range []string{"OpenSearch_2.13", "Elasticsearch_7.10"} {
			list.Index(i).FieldByName("EngineVersion").Set(reflect.ValueOf(&engine))
			list.Index(i).FieldByName("Deleted").Set(reflect.ValueOf(ptr(false)))
		}
	case "elasticloadbalancingv2:DescribeLoadBalancerAttributes":
		list := v.FieldByName("Attributes")
		one := list.Index(0).Interface()
		for key := range ofAttribute {
			a := reflect.New(list.Type().Elem()).Elem()
			a.Set(reflect.ValueOf(one))
			a.FieldByName("Key").Set(reflect.ValueOf(&key))
			list.Set(reflect.Append(list, a))
		}
	case "iam:GetAccountSummary":
		set("SummaryMap", map[string]int32{"AccountMFAEnabled": 1, "AccountAccessKeysPresent": 0})
	case "kms:DescribeKey":
		v.FieldByName("KeyMetadata").Elem().FieldByName("CustomKeyStoreId").Set(reflect.ValueOf((*string)(nil)))
	case "lambda:ListFunctions":
		env := v.FieldByName("Functions").Index(0).FieldByName("Environment").Elem().FieldByName("Error")
		env.Set(reflect.Zero(env.Type()))
	case "rds:DescribeDBClusters":
		list := v.FieldByName("DBClusters")
		for _, engine := range []string{"docdb", "neptune"} {
			c := reflect.New(list.Type().Elem()).Elem()
			fill(c, "", 3)
			c.FieldByName("Engine").Set(reflect.ValueOf(ptr(engine)))
			list.Set(reflect.Append(list, c))
		}
	case "s3:ListBuckets":
		v.FieldByName("Buckets").Index(0).FieldByName("BucketRegion").Set(reflect.ValueOf((*string)(nil)))
	case "s3:GetBucketAcl":
		grant := v.FieldByName("Grants").Index(0)
		grant.FieldByName("Grantee").Elem().FieldByName("Type").SetString("Group")
		grant.FieldByName("Grantee").Elem().FieldByName("URI").Set(reflect.ValueOf(ptr("http://acs.amazonaws.com/groups/global/AllUsers")))
		grant.FieldByName("Permission").SetString("READ")
	case "s3:GetBucketLocation":
		v.FieldByName("LocationConstraint").SetString("eu-west-1")
	case "organizations:ListOrganizationalUnitsForParent":
		in := reflect.ValueOf(c.Input).Elem().FieldByName("ParentId").Interface().(*string)
		if aws.ToString(in) != "root" {
			return reflect.New(v.Type()).Interface() // a unit contains none
		}
	case "organizations:ListRoots":
		v.FieldByName("Roots").Index(0).FieldByName("Id").Set(reflect.ValueOf(ptr("root")))
	}
	return out
}

// made answers every call with a filled output.
func made(c call) (any, error) {
	if c.Name == "sts:GetCallerIdentity" || c.Name == "ec2:DescribeRegions" || c.Output == nil {
		return nil, nil
	}
	out := reflect.New(c.Output.Elem())
	out.Elem().Set(reflect.ValueOf(filled(c.Output.Elem())))
	return special(c, out.Interface()), nil
}

// everyProperty is a resource of Cloud Control with all that can be read of it.
func everyProperty(in any) string {
	typ := reflect.ValueOf(in).Elem().FieldByName("TypeName").Elem().String()
	all := map[string]string{}
	for _, k := range inventory() {
		if k.typ == typ {
			for _, p := range k.properties {
				all[p] = "made"
			}
		}
	}
	text, _ := json.Marshal(all) // of texts, it cannot fail
	return string(text)
}
