# An application by which Bulwark reads all subscriptions of a management group.
# It can change nothing.

terraform {
  required_providers {
    azurerm = {
      source  = "hashicorp/azurerm"
      version = ">= 3.0"
    }
    azuread = {
      source  = "hashicorp/azuread"
      version = ">= 2.40"
    }
  }
}

variable "management_group" {
  description = "Id of the management group to read."
  type        = string
}

data "azurerm_management_group" "this" {
  name = var.management_group
}

resource "azuread_application" "bulwark" {
  display_name = "Bulwark"
}

resource "azuread_service_principal" "bulwark" {
  client_id = azuread_application.bulwark.client_id
}

resource "azurerm_role_definition" "reader" {
  name        = "Bulwark Reader"
  description = "Bulwark reads by it. It can change nothing."
  scope       = data.azurerm_management_group.this.id

  permissions {
    actions = [
      "Microsoft.ApiManagement/service/read",
      "Microsoft.Authorization/permissions/read",
      "Microsoft.Authorization/roleAssignments/read",
      "Microsoft.Authorization/roleDefinitions/read",
      "Microsoft.Cache/redis/read",
      "Microsoft.Compute/disks/read",
      "Microsoft.Compute/virtualMachineScaleSets/read",
      "Microsoft.Compute/virtualMachines/read",
      "Microsoft.ContainerRegistry/registries/read",
      "Microsoft.ContainerService/managedClusters/read",
      "Microsoft.DBforMySQL/flexibleServers/read",
      "Microsoft.DBforMySQL/servers/read",
      "Microsoft.DBforPostgreSQL/flexibleServers/read",
      "Microsoft.DBforPostgreSQL/servers/read",
      "Microsoft.DocumentDB/databaseAccounts/read",
      "Microsoft.EventHub/namespaces/read",
      "Microsoft.Insights/activityLogAlerts/read",
      "Microsoft.Insights/diagnosticSettings/read",
      "Microsoft.KeyVault/vaults/keys/read",
      "Microsoft.KeyVault/vaults/read",
      "Microsoft.KeyVault/vaults/secrets/read",
      "Microsoft.Management/managementGroups/descendants/read",
      "Microsoft.Management/managementGroups/read",
      "Microsoft.Network/networkSecurityGroups/read",
      "Microsoft.Network/networkWatchers/flowLogs/read",
      "Microsoft.Network/virtualNetworks/read",
      "Microsoft.Resources/resourceGroups/read",
      "Microsoft.Resources/subscriptions/read",
      "Microsoft.Security/pricings/read",
      "Microsoft.Security/securityContacts/read",
      "Microsoft.ServiceBus/namespaces/read",
      "Microsoft.Sql/servers/administrators/read",
      "Microsoft.Sql/servers/auditingSettings/read",
      "Microsoft.Sql/servers/databases/auditingSettings/read",
      "Microsoft.Sql/servers/databases/read",
      "Microsoft.Sql/servers/databases/transparentDataEncryption/read",
      "Microsoft.Sql/servers/firewallRules/read",
      "Microsoft.Sql/servers/read",
      "Microsoft.Sql/servers/securityAlertPolicies/read",
      "Microsoft.Sql/servers/vulnerabilityAssessments/read",
      "Microsoft.Storage/storageAccounts/blobServices/containers/read",
      "Microsoft.Storage/storageAccounts/blobServices/read",
      "Microsoft.Storage/storageAccounts/fileServices/read",
      "Microsoft.Storage/storageAccounts/read",
      "Microsoft.Web/sites/basicPublishingCredentialsPolicies/read",
      "Microsoft.Web/sites/config/read",
      "Microsoft.Web/sites/read",
    ]
  }
}

resource "azurerm_role_assignment" "reader" {
  scope              = data.azurerm_management_group.this.id
  role_definition_id = azurerm_role_definition.reader.role_definition_resource_id
  principal_id       = azuread_service_principal.bulwark.object_id
}

# Microsoft Graph: the directory's users, groups, applications and policies.
data "azuread_application_published_app_ids" "known" {}

resource "azuread_service_principal" "graph" {
  client_id    = data.azuread_application_published_app_ids.known.result.MicrosoftGraph
  use_existing = true
}

resource "azuread_app_role_assignment" "graph" {
  for_each = toset([
    "Application.Read.All",
    "AuditLog.Read.All",
    "GroupMember.Read.All",
    "Organization.Read.All",
    "Policy.Read.All",
    "RoleManagement.Read.Directory",
    "User.Read.All",
  ])

  app_role_id         = azuread_service_principal.graph.app_role_ids[each.value]
  principal_object_id = azuread_service_principal.bulwark.object_id
  resource_object_id  = azuread_service_principal.graph.object_id
}

output "client_id" {
  value = azuread_application.bulwark.client_id
}
