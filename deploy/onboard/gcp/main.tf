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
    "bigquery.googleapis.com",
    "cloudasset.googleapis.com",
    "essentialcontacts.googleapis.com",
  ])

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
    "bigquery.datasets.get",
    "cloudasset.assets.listAccessPolicy",
    "cloudasset.assets.listIamPolicy",
    "cloudasset.assets.listOrgPolicy",
    "cloudasset.assets.listResource",
    "essentialcontacts.contacts.list",
  ]
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
