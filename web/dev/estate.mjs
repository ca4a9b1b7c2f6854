// An invented estate for developing pages without a server. It is a tool for
// developers: nothing here is built into dist/ or shown to users.
// The same seed always makes the same estate.

let seed = 20260601;
const random = () => {
  seed = (seed * 1664525 + 1013904223) >>> 0;
  return seed / 2 ** 32;
};
const pick = (list) => list[Math.floor(random() * list.length)];
const now = Date.parse("2026-11-25T18:00:00Z");
const before = (days) => new Date(now - days * 86_400_000).toISOString();

export const controls = [
  ["enable-mfa", "Enable multi-factor authentication", 10],
  ["secure-management-ports", "Secure management ports", 8],
  ["apply-system-updates", "Apply system updates", 6],
  ["remediate-vulnerabilities", "Remediate vulnerabilities", 6],
  ["remediate-security-configurations", "Remediate security configurations", 4],
  ["manage-access-and-permissions", "Manage access and permissions", 4],
  ["enable-encryption-at-rest", "Enable encryption at rest", 4],
  ["encrypt-data-in-transit", "Encrypt data in transit", 4],
  ["restrict-unauthorized-network-access", "Restrict unauthorized network access", 4],
  ["apply-adaptive-application-control", "Apply adaptive application control", 3],
  ["protect-applications-against-ddos", "Protect applications against DDoS attacks", 2],
  ["enable-endpoint-protection", "Enable endpoint protection", 2],
  ["enable-auditing-and-logging", "Enable auditing and logging", 1],
  ["enable-enhanced-security-features", "Enable enhanced security features", 0],
  ["implement-security-best-practices", "Implement security best practices", 0],
].map(([id, title, max]) => ({ id, title, max }));

// id | title | type | severity | control | the path that decides | value
const checkLines = `
aws/s3/bucket_public_access_blocked|S3 buckets should block public access|AWS::S3::Bucket|high|restrict-unauthorized-network-access|PublicAccessBlockConfiguration.BlockPublicAcls|false
aws/s3/bucket_encrypted_with_kms|S3 buckets should be encrypted with a key of their own|AWS::S3::Bucket|low|enable-encryption-at-rest|BucketEncryption.ServerSideEncryptionConfiguration[0].ServerSideEncryptionByDefault.SSEAlgorithm|"AES256"
aws/s3/bucket_versioning|S3 buckets should keep versions of their objects|AWS::S3::Bucket|medium|implement-security-best-practices|VersioningConfiguration.Status|null
aws/s3/bucket_tls_only|S3 buckets should refuse requests without TLS|AWS::S3::Bucket|medium|encrypt-data-in-transit|_Policy|null
aws/s3/bucket_logging|S3 buckets should log access to their objects|AWS::S3::Bucket|low|enable-auditing-and-logging|LoggingConfiguration|null
aws/ec2/security_group_ssh_open|Security groups should not open SSH to the internet|AWS::EC2::SecurityGroup|critical|secure-management-ports|SecurityGroupIngress[0].CidrIp|"0.0.0.0/0"
aws/ec2/security_group_rdp_open|Security groups should not open RDP to the internet|AWS::EC2::SecurityGroup|critical|secure-management-ports|SecurityGroupIngress[1].CidrIp|"0.0.0.0/0"
aws/ec2/security_group_all_open|Security groups should not open every port to the internet|AWS::EC2::SecurityGroup|high|restrict-unauthorized-network-access|SecurityGroupIngress[0].IpProtocol|"-1"
aws/ec2/instance_imdsv2|EC2 instances should demand version 2 of the metadata service|AWS::EC2::Instance|high|remediate-security-configurations|MetadataOptions.HttpTokens|"optional"
aws/ec2/instance_public_address|EC2 instances should have no public address|AWS::EC2::Instance|medium|restrict-unauthorized-network-access|NetworkInterfaces[0].AssociatePublicIpAddress|true
aws/ec2/volume_encrypted|EBS volumes should be encrypted|AWS::EC2::Volume|medium|enable-encryption-at-rest|Encrypted|false
aws/iam/user_mfa|IAM users with a password should use a second factor|AWS::IAM::User|critical|enable-mfa|_MFADevices|[]
aws/iam/policy_no_wildcard|IAM policies should not allow every action on every resource|AWS::IAM::ManagedPolicy|high|manage-access-and-permissions|PolicyDocument.Statement[0].Action|"*"
aws/iam/role_trust_any|IAM roles should not be assumable by anyone|AWS::IAM::Role|critical|manage-access-and-permissions|AssumeRolePolicyDocument.Statement[0].Principal|"*"
aws/rds/instance_encrypted|Database instances should be encrypted at rest|AWS::RDS::DBInstance|high|enable-encryption-at-rest|StorageEncrypted|false
aws/rds/instance_public|Database instances should not be reachable from the internet|AWS::RDS::DBInstance|critical|restrict-unauthorized-network-access|PubliclyAccessible|true
aws/rds/instance_minor_upgrades|Database instances should take minor upgrades by themselves|AWS::RDS::DBInstance|low|apply-system-updates|AutoMinorVersionUpgrade|false
aws/cloudtrail/trail_multi_region|CloudTrail should record every region|AWS::CloudTrail::Trail|high|enable-auditing-and-logging|IsMultiRegionTrail|false
aws/kms/key_rotation|Customer-managed keys should rotate yearly|AWS::KMS::Key|medium|enable-encryption-at-rest|EnableKeyRotation|false
aws/lambda/function_url_auth|Function addresses should demand a signature|AWS::Lambda::Function|high|manage-access-and-permissions|_Url.AuthType|"NONE"
aws/lambda/function_runtime|Functions should run on a supported runtime|AWS::Lambda::Function|medium|apply-system-updates|Runtime|"python3.8"
aws/elb/listener_tls|Load balancers should not listen without TLS|AWS::ElasticLoadBalancingV2::LoadBalancer|medium|encrypt-data-in-transit|Listeners[0].Protocol|"HTTP"
aws/ecr/repository_scan|Image repositories should scan on push|AWS::ECR::Repository|medium|remediate-vulnerabilities|ImageScanningConfiguration.ScanOnPush|false
azure/storage/https_only|Storage accounts should refuse plain HTTP|Microsoft.Storage/storageAccounts|high|encrypt-data-in-transit|properties.supportsHttpsTrafficOnly|false
azure/storage/no_public_blobs|Storage accounts should not allow public blobs|Microsoft.Storage/storageAccounts|high|restrict-unauthorized-network-access|properties.allowBlobPublicAccess|true
azure/keyvault/purge_protection|Key vaults should protect against purging|Microsoft.KeyVault/vaults|medium|implement-security-best-practices|properties.enablePurgeProtection|null
azure/network/nsg_ssh_open|Network security groups should not open SSH to the internet|Microsoft.Network/networkSecurityGroups|critical|secure-management-ports|properties.securityRules[0].properties.sourceAddressPrefix|"*"
azure/aks/rbac|Clusters should use role-based access control|Microsoft.ContainerService/managedClusters|high|manage-access-and-permissions|properties.enableRBAC|false
azure/sql/auditing|SQL servers should audit|Microsoft.Sql/servers|medium|enable-auditing-and-logging|properties.auditing.state|"Disabled"
gcp/storage/uniform_access|Cloud Storage buckets should use uniform access|storage.googleapis.com/Bucket|medium|manage-access-and-permissions|iamConfiguration.uniformBucketLevelAccess.enabled|false
gcp/compute/firewall_ssh_open|Firewalls should not open SSH to the internet|compute.googleapis.com/Firewall|critical|secure-management-ports|sourceRanges[0]|"0.0.0.0/0"
gcp/compute/os_login|Machines should use OS Login|compute.googleapis.com/Instance|medium|manage-access-and-permissions|metadata.items|null
gcp/sql/tls|Cloud SQL should demand TLS|sqladmin.googleapis.com/Instance|high|encrypt-data-in-transit|settings.ipConfiguration.requireSsl|false
kubernetes/pod/privileged|Containers should not be privileged|workloads|critical|remediate-security-configurations|spec.template.spec.containers[0].securityContext.privileged|true
kubernetes/pod/run_as_root|Containers should not run as root|workloads|medium|manage-access-and-permissions|spec.template.spec.containers[0].securityContext.runAsNonRoot|null
kubernetes/pod/privilege_escalation|Containers should not gain privileges|workloads|medium|remediate-security-configurations|spec.template.spec.containers[0].securityContext.allowPrivilegeEscalation|null
kubernetes/pod/host_network|Pods should not share the node's network|workloads|high|restrict-unauthorized-network-access|spec.template.spec.hostNetwork|true
kubernetes/pod/read_only_root|Containers should have a read-only root filesystem|workloads|medium|implement-security-best-practices|spec.template.spec.containers[0].securityContext.readOnlyRootFilesystem|null
kubernetes/pod/limits|Containers should have limits of memory and CPU|workloads|medium|protect-applications-against-ddos|spec.template.spec.containers[0].resources.limits|null
kubernetes/pod/image_tag|Images should be named by version or digest|workloads|low|remediate-vulnerabilities|spec.template.spec.containers[0].image|"nginx:latest"
kubernetes/rbac/cluster_admin|Subjects should not be bound to cluster-admin|rbac.authorization.k8s.io/v1/ClusterRoleBinding|high|manage-access-and-permissions|roleRef.name|"cluster-admin"
host/sshd/root_login|sshd should refuse root|Linux|high|secure-management-ports|sshd.permitrootlogin|"yes"
host/sshd/password_authentication|sshd should refuse passwords|Linux|medium|secure-management-ports|sshd.passwordauthentication|"yes"
host/kernel/aslr|Address space should be randomised|Linux|high|remediate-security-configurations|sysctl["kernel.randomize_va_space"]|1
host/updates/pending|Security updates should be installed|Linux|high|apply-system-updates|updates.security|17
host/files/shadow_mode|Only root should read password hashes|Linux|high|manage-access-and-permissions|files["/etc/shadow"].mode|"0644"
host/services/telnet|The telnet server should not be installed|Linux|medium|remediate-security-configurations|packages["telnetd"]|null
dockerfile/user|Images should name a user that is not root|Dockerfile|medium|manage-access-and-permissions|user|null
dockerfile/healthcheck|Images should say how their health is checked|Dockerfile|informational|implement-security-best-practices|healthcheck|null
dockerfile/add_remote|Files should not be added from remote addresses|Dockerfile|low|implement-security-best-practices|instructions[4].source|"https://get.example.org/tool.tgz"
`;

const workloads = ["apps/v1/Deployment", "apps/v1/DaemonSet", "apps/v1/StatefulSet", "batch/v1/CronJob"];

const scopes = [
  ["aws/493017284410", "production", "account"],
  ["aws/117750236689", "staging", "account"],
  ["aws/560238871142", "data platform", "account"],
  ["azure/7d1f0c52-9a33-4a0e-a7a1-0be6c38f2211", "corporate", "subscription"],
  ["gcp/pay-analytics", "pay-analytics", "project"],
  ["kubernetes/0e6f9d6a-4f6e-4f7b-8d38-6a1b0c55d2aa", "eu-prod-1", "cluster"],
  ["kubernetes/c7b8a0de-1f3b-40d1-9a55-2bb6a0c7f812", "eu-staging-1", "cluster"],
  ["host/4c1f6e5b9d0a4f4c8d7e2a1b3c5d7e9f", "build-02", "host"],
  ["code/shop//infra", "shop / infra", "root"],
  ["code/shop//deploy", "shop / deploy", "root"],
  ["code/pay//terraform", "pay / terraform", "root"],
];

export function estate(size = 1200) {
  const checks = checkLines
    .trim()
    .split("\n")
    .map((line) => {
      const [id, title, type, severity, control, path, value] = line.split("|");
      return { id, title, type, types: type === "workloads" ? workloads : [type], severity, control, path, value, preview: /read_only_root|os_login/.test(id), custom: false, fix: /public|https|imds/.test(id) };
    });
  const types = [...new Set(checks.flatMap((c) => c.types))];
  const homes = (type) =>
    scopes.filter(([path]) => {
      const p = path.split("/")[0];
      if (p === "code") return type !== "Linux";
      if (type.startsWith("AWS::")) return p === "aws";
      if (type.startsWith("Microsoft.")) return p === "azure";
      if (type.includes("googleapis")) return p === "gcp";
      if (type === "Linux") return p === "host";
      return type !== "Dockerfile" && p === "kubernetes";
    });
  const words = ["orders", "ledger", "invoice", "checkout", "session", "audit", "media", "search", "export", "billing", "events", "reports", "login", "catalog", "payouts"];
  const kinds = ["store", "api", "worker", "archive", "cache", "edge", "jobs", "main"];
  const assets = [];
  for (let i = 0; i < size; i++) {
    const type = pick(types);
    const [scope, , kind] = pick(homes(type));
    if (type === "Linux" && assets.some((a) => a.type === "Linux")) continue;
    const name = type === "Linux" ? "build-02" : `${pick(words)}-${pick(kinds)}-${i}`;
    const code = kind === "root";
    const origin = code ? "code" : kind === "host" ? "host" : "live";
    assets.push({
      id: code ? `code:${scope.slice(5)}//${type.replace(/\W+/g, "_").toLowerCase()}.${name.replace(/-/g, "_")}` : kind === "host" ? `host:${scope.slice(5)}` : `live:${scope}/${type}/${name}`,
      type,
      name,
      scope,
      origin,
      region: /^AWS/.test(type) && !code ? pick(["eu-west-1", "eu-central-1", "us-east-1"]) : undefined,
      connector: scope.split("/")[0],
      stale: random() < 0.02,
      firstSeen: before(20 + random() * 300),
      changed: before(random() * 19),
      position: code ? { file: `${scope.split("//")[1]}/${pick(["main.tf", "storage.tf", "network.tf", "modules/service/main.tf"])}`, line: 1 + Math.floor(random() * 300), endLine: 0, via: random() < 0.3 ? ["module.service"] : [] } : undefined,
    });
  }
  const rate = new Map(checks.map((c) => [c.id, 0.08 + random() * 0.5]));
  const assessments = [];
  for (const asset of assets) {
    if (asset.position) asset.position.endLine = asset.position.line + 12;
    asset.unhealthy = asset.unknown = 0;
    asset.highest = "informational";
    for (const check of checks) {
      if (!check.types.includes(asset.type)) continue;
      const r = random();
      const state = r < rate.get(check.id) * (asset.origin === "code" ? 1.2 : 0.6) ? "unhealthy" : r > 0.965 ? "unknown" : r > 0.93 ? "not applicable" : "healthy";
      if (state === "unhealthy") asset.unhealthy++;
      if (state === "unknown") asset.unknown++;
      const rank = ["informational", "low", "medium", "high", "critical"];
      if (state === "unhealthy" && rank.indexOf(check.severity) > rank.indexOf(asset.highest)) asset.highest = check.severity;
      assessments.push({ check, asset, state, firstSeen: before(random() * 90), exemption: state === "unhealthy" && random() < 0.02 ? "x1" : undefined });
    }
  }
  const scopeList = scopes.map(([path, name, kind]) => ({ path, name, kind, assets: assets.filter((a) => a.scope === path).length }));
  for (const [path, name, kind] of [["aws", "AWS", "group"], ["kubernetes", "Kubernetes", "group"], ["code", "Source code", "group"], ["code/shop", "shop", "repository"]]) {
    scopeList.push({ path, name, kind, assets: assets.filter((a) => a.scope.startsWith(path)).length });
  }
  scopeList.sort((a, b) => (a.path < b.path ? -1 : 1));
  return { checks, assets, assessments, scopes: scopeList, gaps: gaps().map((g, i) => ({ id: `g${i}`, ...g })), now, before };
}

function gaps() {
  return [
    { what: "listing", where: "aws/560238871142/AWS::RDS::DBInstance/us-east-1", why: "the role may not call rds:DescribeDBInstances", needs: "rds:DescribeDBInstances", connector: "aws", scope: "aws/560238871142", at: before(0.05) },
    { what: "property", where: "aws/493017284410/AWS::S3::Bucket/*", why: "s3:GetBucketPolicy was denied for 3 buckets by their own policies", needs: "an exception for the reading role in those bucket policies", connector: "aws", scope: "aws/493017284410", at: before(0.05) },
    { what: "file", where: "infra/legacy/main.tf:118", why: "an unclosed [ at line 118: lines 118 to 164 were not read", connector: "code", scope: "code/shop//infra", at: before(0.2) },
    { what: "file", where: "deploy/chart/values.yaml", why: "the file is 212 MB; at most 64 MB are read", connector: "code", scope: "code/shop//deploy", at: before(0.2) },
    { what: "relation", where: "kubernetes/0e6f9d6a/serviceaccounts", why: "the reader may not list service accounts in namespace payments", needs: "list on serviceaccounts in payments", connector: "kubernetes", scope: "kubernetes/0e6f9d6a-4f6e-4f7b-8d38-6a1b0c55d2aa", at: before(0.1) },
  ];
}
