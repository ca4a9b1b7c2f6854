resource "google_compute_network" "data" {
  name                    = "data"
  auto_create_subnetworks = false
}

resource "google_compute_subnetwork" "data" {
  name                     = "data"
  network                  = google_compute_network.data.id
  region                   = var.region
  ip_cidr_range            = "10.60.0.0/20"
  private_ip_google_access = true
}

resource "google_compute_firewall" "ssh" {
  name          = "ssh"
  network       = google_compute_network.data.name
  source_ranges = ["0.0.0.0/0"]

  allow {
    protocol = "tcp"
    ports    = ["22"]
  }
}

resource "google_compute_instance" "notebook" {
  name           = "notebook"
  machine_type   = "n2-standard-4"
  zone           = "${var.region}-a"
  can_ip_forward = true

  boot_disk {
    initialize_params {
      image = "debian-cloud/debian-12"
    }
  }

  network_interface {
    network = "default"
    access_config {}
  }

  metadata = {
    serial-port-enable     = "true"
    block-project-ssh-keys = "false"
  }

  service_account {
    email  = "123456789012-compute@developer.gserviceaccount.com"
    scopes = ["cloud-platform"]
  }
}

resource "google_container_cluster" "jobs" {
  name                     = "jobs"
  location                 = var.region
  network                  = google_compute_network.data.id
  subnetwork               = google_compute_subnetwork.data.id
  initial_node_count       = 1
  remove_default_node_pool = true
  enable_legacy_abac       = true
  logging_service          = "none"
  monitoring_service       = "none"
}

resource "google_container_node_pool" "jobs" {
  name       = "jobs"
  cluster    = google_container_cluster.jobs.id
  node_count = 3

  management {
    auto_repair  = false
    auto_upgrade = false
  }

  node_config {
    machine_type = "n2-standard-8"
    metadata = {
      disable-legacy-endpoints = "false"
    }
  }
}
