// Our own glyphs for kinds of assets, one stroke, 16 by 16. The kind is
// guessed from the type's id; a type that fits none is a plain box.

const glyphs = {
  bucket: <path d="M2.5 4c0-1 2.5-1.8 5.5-1.8s5.5.8 5.5 1.8-2.5 1.8-5.5 1.8S2.5 5 2.5 4zm0 0 1.4 8.6c.2.8 2 1.4 4.1 1.4s3.9-.6 4.1-1.4L13.5 4" />,
  database: <path d="M3 4c0-1 2.2-1.8 5-1.8s5 .8 5 1.8-2.2 1.8-5 1.8S3 5 3 4zm0 0v8c0 1 2.2 1.8 5 1.8s5-.8 5-1.8V4M3 8c0 1 2.2 1.8 5 1.8S13 9 13 8" />,
  machine: <path d="M2.5 3h11v7.5h-11zM6 13.5h4M8 10.5v3" />,
  host: <path d="M2.5 2.5h11v4.5h-11zM2.5 9h11v4.5h-11zM5 4.8h.01M5 11.2h.01" />,
  workload: <path d="M8 1.8 13.5 5v6L8 14.2 2.5 11V5zM2.5 5 8 8.1 13.5 5M8 8.1v6.1" />,
  identity: <path d="M8 8.2a3 3 0 1 0 0-6 3 3 0 0 0 0 6zM2.5 14c.5-2.8 2.7-4.2 5.5-4.2s5 1.4 5.5 4.2" />,
  policy: <path d="M4 2h6l2.5 2.5V14H4zM6 7h4.5M6 9.5h4.5M6 12h2.5" />,
  key: <path d="M5.5 13.2a3 3 0 1 0 0-6 3 3 0 0 0 0 6zM7.7 8.1 13.5 2.3M11 4.8l2 2" />,
  network: <path d="M8 5.5v2.5M3.8 11V8h8.4v3M6.2 2h3.6v3.5H6.2zM2 11h3.6v3H2zm8.4 0H14v3h-3.6z" />,
  gate: <path d="M8 1.8 13.5 4v4c0 3-2.2 5.2-5.5 6.2C4.7 13.2 2.5 11 2.5 8V4zM5.5 8h5" />,
  function: <path d="M9.2 1.8 3.5 9H8l-1.2 5.2L12.5 7H8z" />,
  image: <path d="m8 2 6 3-6 3-6-3zM2 8l6 3 6-3M2 11l6 3 6-3" />,
  log: <path d="M3 3.5h10M3 6.5h7M3 9.5h10M3 12.5h5" />,
  account: <path d="M4.5 12.5h7a3 3 0 0 0 .4-5.97 4 4 0 0 0-7.7.97A2.55 2.55 0 0 0 4.5 12.5z" />,
  registry: <path d="M2.5 2.5h4.5v4.5H2.5zm6.5 0h4.5v4.5H9zM2.5 9h4.5v4.5H2.5zM9 9h4.5v4.5H9z" />,
  queue: <path d="M2.5 4.5h7v7h-7zM12 4.5v7M14 5.5v5" />,
  web: <path d="M8 14a6 6 0 1 0 0-12 6 6 0 0 0 0 12zM2 8h12M8 2c-4 4-4 8 0 12 4-4 4-8 0-12z" />,
  box: <path d="M3 3h10v10H3z" />,
};

const rules: [RegExp, keyof typeof glyphs][] = [
  [/dockerfile|containerimage|\bimage\b/i, "image"],
  [/registr|::ecr::|artifactregistry|containerregistry/i, "registry"],
  [/securitygroup|networkacl|networkpolic|firewall|waf|networksecurity/i, "gate"],
  [/secret|kms|keyvault|vault|cryptokey|certificate|accesskey/i, "key"],
  [/lambda|function|cloudrun/i, "function"],
  [/sqs|sns|queue|topic|pubsub|kinesis|eventhub|servicebus/i, "queue"],
  [/s3::bucket|storageaccount|storage.*bucket|disk|volume|efs|snapshot|blob/i, "bucket"],
  [/rds|sql|dynamo|database|redshift|redis|cache|cosmos|bigquery|documentdb|neptune|opensearch|elasticsearch/i, "database"],
  [/trail|logging|loggroup|flowlog|cloudwatch|monitor|diagnostic|sink/i, "log"],
  [/\bpolicy|policies|rolebinding|clusterrole$|roledefinition|roleassignment|\/role$/i, "policy"],
  [/iam|user|role|serviceaccount|identity|principal|group$/i, "identity"],
  [/bucketpolicy/i, "policy"],
  [/loadbalancer|ingress|apigateway|cloudfront|distribution|website|\bsites\b|\/service$/i, "web"],
  [/vpc|subnet|network|route|gateway|eip|nat|dns/i, "network"],
  [/^host|linux|machine-id/i, "host"],
  [/instance|virtualmachine|compute|autoscaling|launch/i, "machine"],
  [/deployment|pod|daemonset|statefulset|replicaset|job|cluster|namespace|eks|aks|gke|container/i, "workload"],
  [/account|subscription|project|organization/i, "account"],
];

/** glyphOf names the glyph of an asset type's id. */
export function glyphOf(type: string): keyof typeof glyphs {
  return rules.find(([pattern]) => pattern.test(type))?.[1] ?? "box";
}

/** AssetGlyph draws the kind of an asset type. It is decoration: the type stands beside it in words. */
export function AssetGlyph({ type, size = 16 }: { type: string; size?: number }) {
  return (
    <svg className="glyph" viewBox="0 0 16 16" width={size} height={size} fill="none" stroke="currentColor" strokeWidth="1.3" strokeLinecap="round" strokeLinejoin="round" aria-hidden="true" focusable="false">
      {glyphs[glyphOf(type)]}
    </svg>
  );
}

const kindGlyphs: Record<string, keyof typeof glyphs> = { aws: "account", azure: "account", gcp: "account", kubernetes: "workload", iac: "policy", host: "host" };

/** KindGlyph draws a kind of connector, which stands beside it in words. */
export function KindGlyph({ kind, size = 16 }: { kind: string; size?: number }) {
  return (
    <svg className="glyph" viewBox="0 0 16 16" width={size} height={size} fill="none" stroke="currentColor" strokeWidth="1.3" strokeLinecap="round" strokeLinejoin="round" aria-hidden="true" focusable="false">
      {glyphs[kindGlyphs[kind] ?? "box"]}
    </svg>
  );
}

/** typeLabel shortens a type's id for reading: AWS::S3::Bucket → S3 Bucket. */
export function typeLabel(type: string): string {
  if (type.includes("::")) return type.split("::").slice(1).join(" ");
  const parts = type.split("/");
  const last = parts[parts.length - 1] ?? type;
  if (/^Microsoft\./.test(type)) return `${(parts[0] ?? "").replace("Microsoft.", "")} ${parts.slice(1).join(" ")}`;
  if (/googleapis\.com/.test(type)) return `${(parts[0] ?? "").replace(".googleapis.com", "")} ${last}`;
  return last;
}
