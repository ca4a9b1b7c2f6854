#!/bin/sh
# onboard.sh ORGANIZATION PROJECT makes an account by which Bulwark reads an
# organisation. It can change nothing.
set -eu
organization=$1
project=$2
gcloud services enable --project="$project" bigquery.googleapis.com cloudasset.googleapis.com essentialcontacts.googleapis.com
gcloud iam service-accounts create bulwark --project="$project" --display-name=Bulwark
gcloud iam roles create bulwarkReader --organization="$organization" --title="Bulwark Reader" --stage=GA \
  --permissions=bigquery.datasets.get,cloudasset.assets.listAccessPolicy,cloudasset.assets.listIamPolicy,cloudasset.assets.listOrgPolicy,cloudasset.assets.listResource,essentialcontacts.contacts.list
gcloud organizations add-iam-policy-binding "$organization" --condition=None \
  --member="serviceAccount:bulwark@$project.iam.gserviceaccount.com" --role="organizations/$organization/roles/bulwarkReader"
gcloud projects add-iam-policy-binding "$project" --condition=None \
  --member="serviceAccount:bulwark@$project.iam.gserviceaccount.com" --role=roles/serviceusage.serviceUsageConsumer
