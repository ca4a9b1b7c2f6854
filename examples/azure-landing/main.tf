# A landing zone for one team: a network, storage, a vault, a database, a web
# application and a cluster. Half of it was made by the platform team.

terraform {
  required_version = ">= 1.6"
  required_providers {
    azurerm = {
      source  = "hashicorp/azurerm"
      version = "~> 4.10"
    }
  }
}

provider "azurerm" {
  features {}
}

variable "location" {
  type    = string
  default = "westeurope"
}

variable "sql_password" {
  type      = string
  sensitive = true
}

data "azurerm_client_config" "current" {}

locals {
  name = "team-orders"
}

resource "azurerm_resource_group" "this" {
  name     = local.name
  location = var.location
}

resource "azurerm_virtual_network" "this" {
  name                = local.name
  resource_group_name = azurerm_resource_group.this.name
  location            = var.location
  address_space       = ["10.40.0.0/16"]
}

resource "azurerm_subnet" "this" {
  for_each = {
    web  = "10.40.1.0/24"
    data = "10.40.2.0/24"
  }

  name                 = each.key
  resource_group_name  = azurerm_resource_group.this.name
  virtual_network_name = azurerm_virtual_network.this.name
  address_prefixes     = [each.value]
}

resource "azurerm_network_security_group" "web" {
  name                = "${local.name}-web"
  resource_group_name = azurerm_resource_group.this.name
  location            = var.location

  dynamic "security_rule" {
    for_each = { https = { port = "443", priority = 100 }, ssh = { port = "22", priority = 110 }, rdp = { port = "3389", priority = 120 } }
    content {
      name                       = security_rule.key
      priority                   = security_rule.value.priority
      direction                  = "Inbound"
      access                     = "Allow"
      protocol                   = "Tcp"
      source_port_range          = "*"
      source_address_prefix      = "*"
      destination_port_range     = security_rule.value.port
      destination_address_prefix = "*"
    }
  }
}

resource "azurerm_subnet_network_security_group_association" "web" {
  subnet_id                 = azurerm_subnet.this["web"].id
  network_security_group_id = azurerm_network_security_group.web.id
}

# Made by the platform team.
resource "azurerm_storage_account" "documents" {
  name                            = "teamordersdocuments"
  resource_group_name             = azurerm_resource_group.this.name
  location                        = var.location
  account_tier                    = "Standard"
  account_replication_type        = "GRS"
  min_tls_version                 = "TLS1_2"
  https_traffic_only_enabled      = true
  allow_nested_items_to_be_public = false
  shared_access_key_enabled       = false
  public_network_access_enabled   = false

  network_rules {
    default_action = "Deny"
    bypass         = ["AzureServices"]
  }

  blob_properties {
    versioning_enabled = true
    delete_retention_policy {
      days = 30
    }
  }
}

# Made on a Friday.
resource "azurerm_storage_account" "exchange" {
  name                            = "teamordersexchange"
  resource_group_name             = azurerm_resource_group.this.name
  location                        = var.location
  account_tier                    = "Standard"
  account_replication_type        = "LRS"
  min_tls_version                 = "TLS1_0"
  https_traffic_only_enabled      = false
  allow_nested_items_to_be_public = true
}

resource "azurerm_storage_container" "exchange" {
  name                  = "partners"
  storage_account_id    = azurerm_storage_account.exchange.id
  container_access_type = "container"
}

resource "azurerm_key_vault" "this" {
  name                          = local.name
  resource_group_name           = azurerm_resource_group.this.name
  location                      = var.location
  tenant_id                     = data.azurerm_client_config.current.tenant_id
  sku_name                      = "standard"
  purge_protection_enabled      = false
  soft_delete_retention_days    = 7
  public_network_access_enabled = true
}

resource "azurerm_key_vault_secret" "sql" {
  name         = "sql"
  value        = var.sql_password
  key_vault_id = azurerm_key_vault.this.id
}

resource "azurerm_mssql_server" "this" {
  name                          = local.name
  resource_group_name           = azurerm_resource_group.this.name
  location                      = var.location
  version                       = "12.0"
  administrator_login           = "orders"
  administrator_login_password  = var.sql_password
  minimum_tls_version           = "1.2"
  public_network_access_enabled = true
}

resource "azurerm_mssql_firewall_rule" "everybody" {
  name             = "everybody"
  server_id        = azurerm_mssql_server.this.id
  start_ip_address = "0.0.0.0"
  end_ip_address   = "255.255.255.255"
}

resource "azurerm_mssql_database" "orders" {
  name      = "orders"
  server_id = azurerm_mssql_server.this.id
  sku_name  = "S0"
}

resource "azurerm_service_plan" "this" {
  name                = local.name
  resource_group_name = azurerm_resource_group.this.name
  location            = var.location
  os_type             = "Linux"
  sku_name            = "P1v3"
}

resource "azurerm_linux_web_app" "shop" {
  name                = "${local.name}-shop"
  resource_group_name = azurerm_resource_group.this.name
  location            = var.location
  service_plan_id     = azurerm_service_plan.this.id
  https_only          = false

  site_config {
    minimum_tls_version      = "1.0"
    ftps_state               = "AllAllowed"
    remote_debugging_enabled = true
    http2_enabled            = false
    cors {
      allowed_origins = ["*"]
    }
  }
}

resource "azurerm_linux_web_app" "office" {
  name                          = "${local.name}-office"
  resource_group_name           = azurerm_resource_group.this.name
  location                      = var.location
  service_plan_id               = azurerm_service_plan.this.id
  https_only                    = true
  public_network_access_enabled = false
  client_certificate_enabled    = true

  identity {
    type = "SystemAssigned"
  }

  site_config {
    minimum_tls_version = "1.3"
    ftps_state          = "Disabled"
    http2_enabled       = true
    health_check_path   = "/healthz"
  }

  logs {
    detailed_error_messages = true
    failed_request_tracing  = true
    http_logs {
      file_system {
        retention_in_days = 30
        retention_in_mb   = 100
      }
    }
  }
}

resource "azurerm_kubernetes_cluster" "this" {
  name                              = local.name
  resource_group_name               = azurerm_resource_group.this.name
  location                          = var.location
  dns_prefix                        = local.name
  role_based_access_control_enabled = true
  local_account_disabled            = false
  private_cluster_enabled           = false

  default_node_pool {
    name       = "default"
    node_count = 2
    vm_size    = "Standard_D2s_v5"
  }

  identity {
    type = "SystemAssigned"
  }
}

resource "azurerm_role_assignment" "everything" {
  scope                = azurerm_resource_group.this.id
  role_definition_name = "Owner"
  principal_id         = azurerm_kubernetes_cluster.this.identity[0].principal_id
}
