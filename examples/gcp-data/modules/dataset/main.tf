variable "name" { type = string }
variable "location" { type = string }
variable "readers" { type = list(string) }
variable "open" { type = bool }
variable "key" {
  type    = string
  default = null
}

resource "google_bigquery_dataset" "this" {
  dataset_id = var.name
  location   = var.location

  dynamic "default_encryption_configuration" {
    for_each = var.key == null ? [] : [var.key]
    content {
      kms_key_name = default_encryption_configuration.value
    }
  }

  access {
    role          = "OWNER"
    special_group = "projectOwners"
  }

  dynamic "access" {
    for_each = var.open ? ["allAuthenticatedUsers"] : []
    content {
      role          = "READER"
      special_group = access.value
    }
  }
}

resource "google_bigquery_dataset_iam_member" "readers" {
  for_each = toset(var.readers)

  dataset_id = google_bigquery_dataset.this.dataset_id
  role       = "roles/bigquery.dataViewer"
  member     = each.value
}
