import { Tabs } from "@mantine/core";
import type { Check } from "../api/types";
import { Empty } from "../ui/answers";
import { Code, looksLikeCode, Prose } from "../ui/code";
import "../theme/more.css";

type Remediation = Check["remediation"];

const ways: [keyof Remediation, string][] = [
  ["console", "Console"],
  ["cli", "Command line"],
  ["terraform", "Terraform"],
  ["cloudformation", "CloudFormation"],
  ["arm", "ARM"],
  ["kubernetes", "Kubernetes"],
  ["dockerfile", "Dockerfile"],
  ["shell", "Shell"],
];

/** Fix shows how to mend what a check finds, by way of working. */
export function Fix({ of }: { of: Remediation }) {
  const here = ways.filter(([key]) => of[key]);
  if (here.length === 0) return <Empty why="filtered" title="This check's file describes no fix" />;
  return (
    <Tabs defaultValue={here[0]![0]} variant="pills">
      <Tabs.List mb={14}>
        {here.map(([key, label]) => (
          <Tabs.Tab key={key} value={key}>
            {label}
          </Tabs.Tab>
        ))}
      </Tabs.List>
      {here.map(([key, label]) => (
        <Tabs.Panel key={key} value={key}>
          {key !== "console" && looksLikeCode(of[key]!) ? <Code text={of[key]!} what={`${label} fix`} /> : <Prose text={of[key]!} />}
        </Tabs.Panel>
      ))}
      <p className="muted fix-note">After the change, the asset is judged again when it is next read; its finding resolves by itself.</p>
    </Tabs>
  );
}
