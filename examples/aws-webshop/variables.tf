variable "region" {
  type    = string
  default = "eu-west-1"
}

variable "log_account" {
  type    = string
  default = "111122223333"
}

variable "environment" {
  type = string
}

variable "database_password" {
  type      = string
  sensitive = true
}

variable "admin_ranges" {
  description = "Ranges that may reach the bastion."
  type        = list(string)
  default     = ["0.0.0.0/0"]
}

variable "buckets" {
  type = map(object({
    public     = optional(bool, false)
    versioned  = optional(bool, true)
    encrypted  = optional(bool, true)
    kept_years = optional(number, 1)
  }))
}
