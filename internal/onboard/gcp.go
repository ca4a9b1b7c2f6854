package onboard

import (
	"strings"

	"github.com/bulwarksec/bulwark"
)

// GCP returns the role of a connector of kind gcp: as commands and as
// Terraform, each with a service account of its own.
func GCP(access []bulwark.Access) []bulwark.Template {
	list := permissions(access)
	return []bulwark.Template{
		{Name: "role.yaml", ContentType: "application/yaml", Text: gcpRole(list), About: "A custom role: gcloud iam roles create bulwarkReader --organization=NUMBER --file=role.yaml."},
		{Name: "onboard.sh", ContentType: "text/x-shellscript", Text: filled(gcpCommands, "«permissions»", strings.Join(list, ","), "«services»", strings.Join(gcpServices(list), " ")),
			About: "The services, a service account, the role and its binding on an organisation: sh onboard.sh ORGANIZATION PROJECT, where the project holds the account and pays for the calls."},
		{Name: "main.tf", ContentType: "text/plain", Text: filled(gcpTerraform, "«permissions»", each("    %q,\n", list), "«services»", each("    %q,\n", gcpServices(list))),
			About: "The same by Terraform."},
	}
}

// GCPRole returns a custom role with the permissions.
func GCPRole(list []string) []bulwark.Template {
	return []bulwark.Template{{Name: "role.yaml", ContentType: "application/yaml", Text: gcpRole(list), About: "Create this role (gcloud iam roles create), and bind it to the account that Bulwark reads with."}}
}

func gcpRole(list []string) string {
	return "title: Bulwark Reader\ndescription: Bulwark reads by it. It can change nothing.\nstage: GA\nincludedPermissions:\n" + each("- %s\n", list)
}

// gcpServices returns the services that own the permissions, by their hosts.
func gcpServices(list []string) []string {
	var out []string
	seen := map[string]bool{}
	for _, p := range list {
		service, _, _ := strings.Cut(p, ".")
		if service == "resourcemanager" {
			service = "cloudresourcemanager"
		}
		if host := service + ".googleapis.com"; !seen[host] {
			seen[host] = true
			out = append(out, host)
		}
	}
	return out
}

const gcpCommands = `
#!/bin/sh
# onboard.sh ORGANIZATION PROJECT makes an account by which Bulwark reads an
# organisation. It can change nothing.
set -eu
organization=$1
project=$2
gcloud services enable --project="$project" «services»
gcloud iam service-accounts create bulwark --project="$project" --display-name=Bulwark
gcloud iam roles create bulwarkReader --organization="$organization" --title="Bulwark Reader" --stage=GA \
  --permissions=«permissions»
gcloud organizations add-iam-policy-binding "$organization" --condition=None \
  --member="serviceAccount:bulwark@$project.iam.gserviceaccount.com" --role="organizations/$organization/roles/bulwarkReader"
gcloud projects add-iam-policy-binding "$project" --condition=None \
  --member="serviceAccount:bulwark@$project.iam.gserviceaccount.com" --role=roles/serviceusage.serviceUsageConsumer
`

const gcpTerraform = `
# An account by which Bulwark reads an organisation. It can change nothing.

terraform {
  required_providers {
    google = {
      source  = "hashicorp/google"
      version = ">= 5.0"
    }
  }
}

variable "organization" {
  description = "Number of the organisation to read."
  type        = string
}

variable "project" {
  description = "Project that holds the account and pays for the calls."
  type        = string
}

resource "google_project_service" "used" {
  for_each = toset([
«services»  ])

  project            = var.project
  service            = each.value
  disable_on_destroy = false
}

resource "google_service_account" "bulwark" {
  project      = var.project
  account_id   = "bulwark"
  display_name = "Bulwark"
}

resource "google_organization_iam_custom_role" "reader" {
  org_id      = var.organization
  role_id     = "bulwarkReader"
  title       = "Bulwark Reader"
  description = "Bulwark reads by it. It can change nothing."
  stage       = "GA"

  permissions = [
«permissions»  ]
}

resource "google_organization_iam_member" "reader" {
  org_id = var.organization
  role   = google_organization_iam_custom_role.reader.id
  member = google_service_account.bulwark.member
}

resource "google_project_iam_member" "quota" {
  project = var.project
  role    = "roles/serviceusage.serviceUsageConsumer"
  member  = google_service_account.bulwark.member
}

output "account" {
  value = google_service_account.bulwark.email
}
`
