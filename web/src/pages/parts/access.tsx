// What a connector may read and what a run of it costs: permissions as they
// answer, calls before they are made, and the texts that grant them.
import { Button, Tabs } from "@mantine/core";
import { IconRefresh } from "@tabler/icons-react";
import { useEffect, useState } from "react";
import { usePlan, useProbe } from "../../api/queries";
import type { CallPlan, Probes, Template, TriedConnector } from "../../api/types";
import { Bones, Empty, Failed } from "../../ui/answers";
import { Code, Copy, Download } from "../../ui/code";
import { typeLabel } from "../../ui/glyphs";
import { type State, StateMark } from "../../ui/marks";
import { count, some } from "../../ui/text";
import "../connectors.css";

// How a permission may answer, what lacks first.
const answers: { id: string; state: State; word: string }[] = [
  { id: "denied", state: "unhealthy", word: "denied" },
  { id: "unreachable", state: "unknown", word: "no answer" },
  { id: "untried", state: "not applicable", word: "not tried" },
  { id: "allowed", state: "healthy", word: "allowed" },
];
const rank = (state: string) => answers.findIndex((a) => a.id === state);
const markOf = (state: string) => answers[rank(state)] ?? { id: state, state: "unknown" as State, word: state };

/** Permissions tries every permission of a connector when it is shown. */
export function Permissions({ of, onAnswer }: { of: TriedConnector; onAnswer?: (p: Probes) => void }) {
  const probe = useProbe();
  const run = () => probe.mutate(of, { onSuccess: onAnswer });
  useEffect(run, []);
  if (probe.isPending || probe.isIdle) return <Waiting what="Trying every permission, at most 50 seconds" />;
  if (probe.isError) return <Failed error={probe.error} what="the permissions" retry={run} />;
  return <ProbeTable of={probe.data} again={run} />;
}

function Waiting({ what }: { what: string }) {
  const [seconds, setSeconds] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => setSeconds((s) => s + 1), 1000);
    return () => clearInterval(timer);
  }, []);
  return (
    <div aria-busy="true">
      <p className="muted" role="status">
        {what} <span className="num" aria-hidden>{seconds > 1 && `· ${seconds} s`}</span>
      </p>
      <Bones rows={6} />
    </div>
  );
}

function ProbeTable({ of, again }: { of: Probes; again: () => void }) {
  const [only, setOnly] = useState("");
  const rows = [...of.items].filter((p) => !only || p.state === only).sort((a, b) => rank(a.state) - rank(b.state) || a.permission.localeCompare(b.permission));
  if (of.items.length === 0 && of.whole) return <Empty why="good" title="It needs no permission" />;
  const lacking = (of.counts["denied"] ?? 0) + (of.counts["unreachable"] ?? 0);
  return (
    <div className="stack">
      <p role="status">
        {of.items.length === 0 ? (
          "Nothing could be tried."
        ) : lacking === 0 ? (
          of.whole ? "Everything that could be tried is allowed." : "What was tried is allowed."
        ) : (
          <>
            <strong>{some(lacking, "permission")}</strong> did not answer as they should. What they read will be unknown, never passed; the rest is read.
          </>
        )}
        {!of.whole && ` Not everything is here: ${of.problem || "the time there is did not suffice"}.`}
      </p>
      <div className="strip" role="group" aria-label="Answers">
        {answers
          .filter((a) => of.counts[a.id])
          .map((a) => (
            <button key={a.id} aria-pressed={only === a.id} onClick={() => setOnly(only === a.id ? "" : a.id)}>
              <StateMark of={a.state} word={a.word} />
              <strong className="num">{count(of.counts[a.id] ?? 0)}</strong>
            </button>
          ))}
        <Button className="end" leftSection={<IconRefresh size={13} aria-hidden />} onClick={again}>
          Try again
        </Button>
      </div>
      <div className="wiz-scroll" tabIndex={0} role="region" aria-label="Permissions">
        <table className="table">
          <thead>
            <tr>
              <th>Answer</th>
              <th>Permission</th>
              <th>Reads</th>
              <th>Where, and why</th>
            </tr>
          </thead>
          <tbody>
            {rows.map((p, i) => (
              <tr key={i}>
                <td className="nowrap">
                  <StateMark of={markOf(p.state).state} word={markOf(p.state).word} />
                  {p.optional && <p className="faint small">optional</p>}
                </td>
                <td className="mono">{p.permission}</td>
                <td className="muted" title={p.types?.join("\n")}>
                  {typesOf(p.types)}
                </td>
                <td>
                  {p.where && <span className="mono">{p.where}</span>}
                  {p.why && <p className="muted">{p.why}</p>}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </div>
  );
}

function typesOf(types: string[] = []): string {
  const first = types.slice(0, 2).map(typeLabel).join(", ");
  return types.length > 2 ? `${first} and ${types.length - 2} more` : first;
}

/** Plan counts the calls of a run when it is shown. */
export function Plan({ of }: { of: TriedConnector }) {
  const plan = usePlan();
  const run = () => plan.mutate(of);
  useEffect(run, []);
  if (plan.isPending || plan.isIdle) return <Waiting what="Counting the calls of a run, at most 50 seconds" />;
  if (plan.isError) return <Failed error={plan.error} what="the plan" retry={run} />;
  return <PlanOf p={plan.data} />;
}

function PlanOf({ p }: { p: CallPlan }) {
  const calls = [...p.calls].sort((a, b) => b.count - a.count || a.call.localeCompare(b.call));
  return (
    <div className="stack">
      <dl className="wiz-numbers">
        <Number name="API calls a run" value={count(p.total)} />
        <Number name="Written to the audit log" value={count(p.logged)} />
        <Number name="Takes at least" value={duration(p.seconds)} />
        <Number name="Scopes" value={count(p.scopes.length)} />
        {p.regions && p.regions.length > 0 && <Number name="Regions" value={count(p.regions.length)} />}
      </dl>
      {p.scopes.length > 0 && (
        <p className="muted">
          {p.scopes
            .slice(0, 8)
            .map((s) => s.name || s.path)
            .join(", ")}
          {p.scopes.length > 8 && ` and ${p.scopes.length - 8} more`}
        </p>
      )}
      {p.filter && p.filter.length > 0 && (
        <div className="stack">
          <h3>How a log tells these calls from others</h3>
          {p.filter.map((f) => (
            <p key={f.log + f.field} className="row">
              <span className="muted">{f.log}:</span>
              <code className="cut">
                {f.field} = {f.value}
              </code>
              <Copy text={f.value} what={`the value of ${f.field}`} />
            </p>
          ))}
        </div>
      )}
      <div className="wiz-scroll" tabIndex={0} role="region" aria-label="Calls of a run">
        <table className="table">
          <thead>
            <tr>
              <th>Service</th>
              <th>Call</th>
              <th className="right">Times</th>
              <th>Counted how</th>
              <th>Audit log</th>
            </tr>
          </thead>
          <tbody>
            {calls.map((c) => (
              <tr key={`${c.service} ${c.call}`}>
                <td>{c.service}</td>
                <td className="mono">{c.call}</td>
                <td className="right">{count(c.count)}</td>
                <td className="muted">{c.basis}</td>
                <td className="muted">{c.logged ? "written" : ""}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </div>
  );
}

function Number({ name, value }: { name: string; value: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}

function duration(seconds: number): string {
  if (seconds < 1) return "< 1 s";
  if (seconds < 90) return `${Math.ceil(seconds)} s`;
  return seconds < 5400 ? `${Math.ceil(seconds / 60)} min` : `${Math.ceil(seconds / 3600)} h`;
}

/** Templates shows texts that grant a connector its permissions, to copy or to save. */
export function Templates({ of }: { of: Template[] }) {
  if (of.length === 0) return <p className="muted">Nothing is to be set up for this kind.</p>;
  if (of.length === 1) return <OneTemplate t={of[0]!} />;
  return (
    <Tabs defaultValue={of[0]!.name} variant="pills">
      <Tabs.List mb={14}>
        {of.map((t) => (
          <Tabs.Tab key={t.name} value={t.name}>
            {t.name}
          </Tabs.Tab>
        ))}
      </Tabs.List>
      {of.map((t) => (
        <Tabs.Panel key={t.name} value={t.name}>
          <OneTemplate t={t} />
        </Tabs.Panel>
      ))}
    </Tabs>
  );
}

function OneTemplate({ t }: { t: Template }) {
  return (
    <div className="tpl">
      <div className="row">
        <p className="muted grow">{t.about}</p>
        <Download text={t.text} name={t.name} type={t.contentType} />
      </div>
      <Code text={t.text} what={t.name} />
    </div>
  );
}
