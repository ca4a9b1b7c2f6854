variable "region" {
  description = "Region of the machine."
  type        = string
  default     = "eu-central-1"
}

variable "vpc_id" {
  description = "Network that the machine stands in."
  type        = string
}

variable "subnet_id" {
  description = "Private subnet with a way out to the interfaces of the clouds (a NAT gateway or endpoints)."
  type        = string
}

variable "viewers" {
  description = "Address ranges from which people open the pages: an office, a VPN. Not the internet."
  type        = list(string)

  validation {
    condition     = length(var.viewers) > 0 && !contains(var.viewers, "0.0.0.0/0")
    error_message = "Name the ranges that may open the pages; the internet is not one of them."
  }
}

variable "release" {
  description = "Where the machine fetches the program: a bucket of yours, the object's key, and its SHA-256."
  type = object({
    bucket = string
    key    = string
    sha256 = string
  })
}

variable "tls_secret_arn" {
  description = "Secret with the members certificate and key (PEM), read by the machine at start."
  type        = string
}

variable "instance_type" {
  description = "Two cores and 4 GiB serve about 100,000 assets."
  type        = string
  default     = "t3.medium"
}

variable "data_gib" {
  description = "Size of the volume with the data."
  type        = number
  default     = 50
}
