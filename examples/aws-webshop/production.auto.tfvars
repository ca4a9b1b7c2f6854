environment = "production"

buckets = {
  catalogue = { public = true, versioned = false }
  invoices  = { kept_years = 10 }
  exports   = { encrypted = false, versioned = false }
}
