terraform {
  required_version = ">= 1.6"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.80"
    }
  }
}

provider "aws" {
  region = var.region
}

# Logs are kept in an account of their own.
provider "aws" {
  alias  = "logs"
  region = var.region

  assume_role {
    role_arn = "arn:aws:iam::${var.log_account}:role/terraform"
  }
}
