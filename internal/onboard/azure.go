package onboard

import (
	"strings"

	"github.com/bulwarksec/bulwark"
)

// Azure returns the role of a connector of kind azure: as a role definition, a
// template for Azure Resource Manager and as Terraform, which also grants the
// application permissions of Microsoft Graph.
func Azure(access []bulwark.Access) []bulwark.Template {
	actions, graph := azurePermissions(permissions(access))
	out := []bulwark.Template{
		{Name: "role.json", ContentType: "application/json", Text: azureRole(actions),
			About: "A role definition: put your management group or subscription in AssignableScopes, then az role definition create --role-definition @role.json, and az role assignment create --role \"Bulwark Reader\" --assignee CLIENT --scope SCOPE."},
		{Name: "role.arm.json", ContentType: "application/json", Text: azureTemplate(actions),
			About: "The role and its assignment for a subscription: az deployment sub create --location REGION --template-file role.arm.json --parameters principalId=OBJECT. For a whole management group use role.json or main.tf."},
		{Name: "main.tf", ContentType: "text/plain", Text: azureTerraform(actions, graph),
			About: "An application, the role and its assignment on a management group by Terraform, with the permissions of Microsoft Graph that the directory's part needs."},
	}
	return append(out, azureGrants(graph)...)
}

// AzureRole returns a role with what of a list is actions, and the commands that
// grant permissions of Microsoft Graph.
func AzureRole(list []string) []bulwark.Template {
	actions, graph := azurePermissions(list)
	var out []bulwark.Template
	if len(actions) > 0 {
		out = append(out, bulwark.Template{Name: "role.json", ContentType: "application/json", Text: azureRole(actions), About: "Create this role, and assign it to the application that Bulwark reads with."})
	}
	return append(out, azureGrants(graph)...)
}

// azureGrants returns the commands for permissions of Microsoft Graph, if any.
func azureGrants(graph []string) []bulwark.Template {
	if len(graph) == 0 {
		return nil
	}
	return []bulwark.Template{{Name: "graph.sh", ContentType: "text/x-shellscript", Text: azureGraph(graph),
		About: "Grants the application the permissions of Microsoft Graph; an administrator of the directory runs it: sh graph.sh CLIENT-ID."}}
}

// azurePermissions tells actions, which have slashes, from permissions of
// Microsoft Graph.
func azurePermissions(list []string) (actions, graph []string) {
	for _, p := range list {
		if strings.Contains(p, "/") {
			actions = append(actions, p)
		} else {
			graph = append(graph, p)
		}
	}
	return actions, graph
}

const azureScope = "/providers/Microsoft.Management/managementGroups/YOUR-MANAGEMENT-GROUP"

func azureRole(actions []string) string {
	return indented(struct {
		Name             string
		IsCustom         bool
		Description      string
		Actions          []string
		NotActions       []string
		DataActions      []string
		NotDataActions   []string
		AssignableScopes []string
	}{"Bulwark Reader", true, "Bulwark reads by it. It can change nothing.", actions, []string{}, []string{}, []string{}, []string{azureScope}})
}

func azureTemplate(actions []string) string {
	type object = map[string]any
	id := "[guid(subscription().id, 'bulwark-reader')]"
	role := "[subscriptionResourceId('Microsoft.Authorization/roleDefinitions', guid(subscription().id, 'bulwark-reader'))]"
	return indented(object{
		"$schema":        "https://schema.management.azure.com/schemas/2018-05-01/subscriptionDeploymentTemplate.json#",
		"contentVersion": "1.0.0.0",
		"parameters":     object{"principalId": object{"type": "string", "metadata": object{"description": "Object id of the service principal or identity that Bulwark reads with"}}},
		"resources": []any{
			object{"type": "Microsoft.Authorization/roleDefinitions", "apiVersion": "2022-04-01", "name": id, "properties": object{
				"roleName": "Bulwark Reader", "type": "CustomRole", "description": "Bulwark reads by it. It can change nothing.",
				"permissions": []any{object{"actions": actions, "notActions": []any{}}}, "assignableScopes": []any{"[subscription().id]"}}},
			object{"type": "Microsoft.Authorization/roleAssignments", "apiVersion": "2022-04-01", "name": "[guid(subscription().id, parameters('principalId'), 'bulwark-reader')]",
				"dependsOn":  []any{role},
				"properties": object{"roleDefinitionId": role, "principalId": "[parameters('principalId')]", "principalType": "ServicePrincipal"}},
		},
	})
}

func azureTerraform(actions, graph []string) string {
	grants := ""
	if len(graph) > 0 {
		grants = filled(azureTerraformGraph, "«graph»", each("    %q,\n", graph))
	}
	return filled(azureTerraformText, "«actions»", each("      %q,\n", actions), "«grants»", grants)
}

const azureTerraformText = `
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
«actions»    ]
  }
}

resource "azurerm_role_assignment" "reader" {
  scope              = data.azurerm_management_group.this.id
  role_definition_id = azurerm_role_definition.reader.role_definition_resource_id
  principal_id       = azuread_service_principal.bulwark.object_id
}
«grants»
output "client_id" {
  value = azuread_application.bulwark.client_id
}
`

const azureTerraformGraph = `

# Microsoft Graph: the directory's users, groups, applications and policies.
data "azuread_application_published_app_ids" "known" {}

resource "azuread_service_principal" "graph" {
  client_id    = data.azuread_application_published_app_ids.known.result.MicrosoftGraph
  use_existing = true
}

resource "azuread_app_role_assignment" "graph" {
  for_each = toset([
«graph»  ])

  app_role_id         = azuread_service_principal.graph.app_role_ids[each.value]
  principal_object_id = azuread_service_principal.bulwark.object_id
  resource_object_id  = azuread_service_principal.graph.object_id
}
`

func azureGraph(graph []string) string {
	return filled(azureGraphText, "«graph»", strings.Join(graph, " "))
}

// The id of Microsoft Graph is the same in every tenant.
const azureGraphText = `
#!/bin/sh
# graph.sh CLIENT-ID grants an application what Bulwark reads of the directory.
set -eu
app=$1
graph=00000003-0000-0000-c000-000000000000
for name in «graph»; do
  id=$(az ad sp show --id "$graph" --query "appRoles[?value=='$name'].id | [0]" --output tsv)
  az ad app permission add --id "$app" --api "$graph" --api-permissions "$id=Role"
done
az ad app permission admin-consent --id "$app"
`
