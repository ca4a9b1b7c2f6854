# A data team's project: buckets, a warehouse, a database, a notebook machine and
# the cluster that fills them.

terraform {
  required_version = ">= 1.6"
  required_providers {
    google = {
      source  = "hashicorp/google"
      version = "~> 6.10"
    }
  }
}

variable "project" {
  type    = string
  default = "example-data"
}

variable "region" {
  type    = string
  default = "europe-west4"
}

variable "analysts" {
  type    = list(string)
  default = ["group:analysts@example.com"]
}

provider "google" {
  project = var.project
  region  = var.region
}

resource "google_kms_key_ring" "this" {
  name     = "data"
  location = var.region
}

resource "google_kms_crypto_key" "this" {
  name            = "data"
  key_ring        = google_kms_key_ring.this.id
  rotation_period = "7776000s"

  lifecycle {
    prevent_destroy = true
  }
}

resource "google_kms_crypto_key" "old" {
  name     = "old"
  key_ring = google_kms_key_ring.this.id
}

# Closed.
resource "google_storage_bucket" "raw" {
  name                        = "${var.project}-raw"
  location                    = var.region
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"

  versioning {
    enabled = true
  }
  encryption {
    default_kms_key_name = google_kms_crypto_key.this.id
  }
  logging {
    log_bucket = "${var.project}-access"
  }
}

# Open to everybody, for a partner who asked for a link.
resource "google_storage_bucket" "share" {
  name                        = "${var.project}-share"
  location                    = var.region
  uniform_bucket_level_access = false
}

resource "google_storage_bucket_iam_member" "share" {
  bucket = google_storage_bucket.share.name
  role   = "roles/storage.objectViewer"
  member = "allUsers"
}

module "dataset" {
  source   = "./modules/dataset"
  for_each = toset(["sales", "people"])

  name     = each.key
  location = var.region
  readers  = var.analysts
  key      = each.key == "people" ? google_kms_crypto_key.this.id : null
  open     = each.key == "sales"
}

resource "google_sql_database_instance" "orders" {
  name                = "orders"
  region              = var.region
  database_version    = "POSTGRES_15"
  deletion_protection = false

  settings {
    tier = "db-custom-2-7680"

    ip_configuration {
      ipv4_enabled = true
      ssl_mode     = "ALLOW_UNENCRYPTED_AND_ENCRYPTED"
      authorized_networks {
        name  = "home office"
        value = "0.0.0.0/0"
      }
    }

    backup_configuration {
      enabled = false
    }

    database_flags {
      name  = "log_connections"
      value = "off"
    }
  }
}

resource "google_compute_network" "this" {
  name                    = "data"
  auto_create_subnetworks = false
}

resource "google_compute_subnetwork" "this" {
  name                     = "data"
  network                  = google_compute_network.this.id
  region                   = var.region
  ip_cidr_range            = "10.60.0.0/20"
  private_ip_google_access = true

  log_config {
    aggregation_interval = "INTERVAL_10_MIN"
    flow_sampling        = 0.5
  }
}

resource "google_compute_firewall" "ssh" {
  name          = "ssh-from-anywhere"
  network       = google_compute_network.this.name
  source_ranges = ["0.0.0.0/0"]

  allow {
    protocol = "tcp"
    ports    = ["22", "3306-3390"]
  }
}

resource "google_compute_instance" "notebook" {
  name           = "notebook"
  zone           = "${var.region}-a"
  machine_type   = "n2-standard-4"
  can_ip_forward = true

  boot_disk {
    initialize_params {
      image = "debian-cloud/debian-12"
    }
  }

  network_interface {
    subnetwork = google_compute_subnetwork.this.id
    access_config {}
  }

  metadata = {
    serial-port-enable     = "true"
    block-project-ssh-keys = "false"
  }

  service_account {
    scopes = ["cloud-platform"]
  }
}

resource "google_compute_instance" "loader" {
  name         = "loader"
  zone         = "${var.region}-a"
  machine_type = "n2-standard-2"

  boot_disk {
    kms_key_self_link = google_kms_crypto_key.this.id
    initialize_params {
      image = "debian-cloud/debian-12"
    }
  }

  network_interface {
    subnetwork = google_compute_subnetwork.this.id
  }

  metadata = {
    enable-oslogin         = "true"
    block-project-ssh-keys = "true"
  }

  shielded_instance_config {
    enable_secure_boot          = true
    enable_vtpm                 = true
    enable_integrity_monitoring = true
  }

  service_account {
    email  = google_service_account.loader.email
    scopes = ["cloud-platform"]
  }
}

resource "google_service_account" "loader" {
  account_id = "loader"
}

resource "google_project_iam_member" "loader" {
  project = var.project
  role    = "roles/owner"
  member  = "serviceAccount:${google_service_account.loader.email}"
}

resource "google_service_account_key" "loader" {
  service_account_id = google_service_account.loader.name
}

resource "google_container_cluster" "this" {
  name                     = "data"
  location                 = var.region
  network                  = google_compute_network.this.id
  subnetwork               = google_compute_subnetwork.this.id
  initial_node_count       = 1
  enable_legacy_abac       = true
  deletion_protection      = false
  remove_default_node_pool = true

  master_auth {
    client_certificate_config {
      issue_client_certificate = true
    }
  }
}

resource "google_container_node_pool" "this" {
  name       = "default"
  cluster    = google_container_cluster.this.id
  node_count = 2

  node_config {
    machine_type = "n2-standard-4"
    metadata = {
      disable-legacy-endpoints = "true"
    }
    shielded_instance_config {
      enable_secure_boot = true
    }
  }

  management {
    auto_repair  = true
    auto_upgrade = false
  }
}
