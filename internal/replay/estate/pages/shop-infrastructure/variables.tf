variable "region" {
  type        = string
  description = "Region that the shop lives in."
  default     = "eu-west-1"
}

variable "environment" {
  type        = string
  description = "production or staging; part of every name."
}

variable "cidr" {
  type        = string
  description = "Addresses of the network."
}

variable "zones" {
  type        = list(string)
  description = "Availability zones."
  default     = ["eu-west-1a", "eu-west-1b", "eu-west-1c"]
}

variable "administered_from" {
  type        = list(string)
  description = "Where SSH may come from: the jump hosts."
}

variable "certificate" {
  type        = string
  description = "ARN of the certificate of *.haldenmarkets.example."
}

variable "images" {
  type        = map(string)
  description = "Machine images by service."
}

variable "database_size" {
  type    = string
  default = "db.m6g.large"
}

locals {
  name = "shop-${var.environment}"
}
