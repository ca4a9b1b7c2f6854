variable "name" { type = string }
variable "vpc_id" { type = string }
variable "subnets" { type = list(string) }
variable "inner_subnets" { type = list(string) }
variable "image" { type = string }
variable "certificate" { type = string }

variable "size" {
  type    = string
  default = "t3.medium"
}

variable "internal" {
  type    = bool
  default = true
}

variable "metadata_tokens" {
  type    = string
  default = "required"
}

variable "tls_policy" {
  type    = string
  default = "ELBSecurityPolicy-TLS13-1-2-2021-06"
}
