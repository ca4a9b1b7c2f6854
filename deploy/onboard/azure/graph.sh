#!/bin/sh
# graph.sh CLIENT-ID grants an application what Bulwark reads of the directory.
set -eu
app=$1
graph=00000003-0000-0000-c000-000000000000
for name in Application.Read.All AuditLog.Read.All GroupMember.Read.All Organization.Read.All Policy.Read.All RoleManagement.Read.Directory User.Read.All; do
  id=$(az ad sp show --id "$graph" --query "appRoles[?value=='$name'].id | [0]" --output tsv)
  az ad app permission add --id "$app" --api "$graph" --api-permissions "$id=Role"
done
az ad app permission admin-consent --id "$app"
