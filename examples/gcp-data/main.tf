terraform {
  required_providers {
    google = {
      source  = "hashicorp/google"
      version = "~> 7.0"
    }
  }
}

variable "project" {
  type    = string
  default = "example-data-platform"
}

variable "region" {
  type    = string
  default = "europe-west3"
}

provider "google" {
  project = var.project
  region  = var.region
}

resource "google_kms_key_ring" "this" {
  name     = "data"
  location = var.region
}

resource "google_kms_crypto_key" "rotated" {
  name            = "lake"
  key_ring        = google_kms_key_ring.this.id
  rotation_period = "7776000s"
}

resource "google_kms_crypto_key" "forgotten" {
  name     = "exports"
  key_ring = google_kms_key_ring.this.id
}

resource "google_storage_bucket" "lake" {
  name                        = "${var.project}-lake"
  location                    = "EU"
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"

  versioning {
    enabled = true
  }

  encryption {
    default_kms_key_name = google_kms_crypto_key.rotated.id
  }

  logging {
    log_bucket = google_storage_bucket.logs.name
  }
}

resource "google_storage_bucket" "logs" {
  name                        = "${var.project}-logs"
  location                    = "EU"
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
}

resource "google_storage_bucket" "exports" {
  name                        = "${var.project}-exports"
  location                    = "EU"
  uniform_bucket_level_access = false
}

# For one customer, who could not sign in.
resource "google_storage_bucket_iam_member" "everybody" {
  bucket = google_storage_bucket.exports.name
  role   = "roles/storage.objectViewer"
  member = "allUsers"
}

resource "google_bigquery_dataset" "curated" {
  dataset_id = "curated"
  location   = "EU"

  default_encryption_configuration {
    kms_key_name = google_kms_crypto_key.rotated.id
  }

  access {
    role          = "OWNER"
    user_by_email = "data-owner@example.com"
  }
}

resource "google_bigquery_dataset" "sandbox" {
  dataset_id = "sandbox"
  location   = "EU"

  access {
    role          = "READER"
    special_group = "allAuthenticatedUsers"
  }
}

resource "google_project_iam_member" "analyst" {
  project = var.project
  role    = "roles/owner"
  member  = "user:analyst@example.com"
}

resource "google_sql_database_instance" "metadata" {
  name                = "metadata"
  database_version    = "POSTGRES_17"
  region              = var.region
  deletion_protection = false

  settings {
    tier = "db-custom-2-8192"

    ip_configuration {
      ipv4_enabled = true
      ssl_mode     = "ALLOW_UNENCRYPTED_AND_ENCRYPTED"
      authorized_networks {
        name  = "everybody"
        value = "0.0.0.0/0"
      }
    }

    backup_configuration {
      enabled = false
    }
  }
}
