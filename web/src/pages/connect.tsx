import { Button } from "@mantine/core";
import { Link, useNavigate } from "@tanstack/react-router";
import { useEffect, useMemo, useState } from "react";
import { useConnector, useKinds, useMayConnect, useSaveConnector, useStandards } from "../api/queries";
import type { Connector, ConnectorKind, Probes, TriedConnector } from "../api/types";
import type { Page } from "../frame/page";
import { Answer, Bones, Empty, Failed } from "../ui/answers";
import { KindGlyph } from "../ui/glyphs";
import { Facts, Head } from "../ui/page";
import { count, some } from "../ui/text";
import { useKept, useParams, useSetParams } from "../ui/url";
import { Permissions, Plan, Templates } from "./parts/access";
import { bodyOf, type Draft, draftOf, Fields, intervals, wrongIn } from "./parts/connectorform";
import "../theme/more.css";
import "../detail/detail.css";
import "./connectors.css";

export const page: Page = {
  path: "/connect",
  title: "Connect",
};

/** Connect adds a connector of ?kind=, or changes the one that ?id= names, step by step. */
export default function Connect() {
  const { id = "", kind = "" } = useParams();
  const kinds = useKinds();
  const stored = useConnector(id);
  return (
    <div className="page-scroll">
      {id ? (
        <Answer of={stored} what="this connector">
          {(c) => (
            <Answer of={kinds} what="the kinds of connectors">
              {(all) => (c.configured ? <Wizard key={id} kind={all.find((k) => k.kind === c.kind)} stored={c} /> : <ByFlags c={c} />)}
            </Answer>
          )}
        </Answer>
      ) : (
        <Answer of={kinds} what="the kinds of connectors" skeleton={<Bones rows={6} h={84} />}>
          {(all) => (kind ? <Wizard key={kind} kind={all.find((k) => k.kind === kind)} /> : <Kinds all={all} />)}
        </Answer>
      )}
    </div>
  );
}

function ByFlags({ c }: { c: Connector }) {
  return (
    <>
      <Head title={c.name} />
      <Empty why="filtered" title="The server's flags name this connector">
        It is changed where the server is started, not here.
      </Empty>
    </>
  );
}

function Kinds({ all }: { all: ConnectorKind[] }) {
  const kept = useKept();
  const may = useMayConnect();
  return (
    <>
      <Head title="Add a connector" answer="What is to be read? Everything is read only, and every permission that is asked for is shown before." />
      <div className="page-pad">
        {all.length === 0 || !may ? (
          <Empty why="unconnected" title="You cannot configure connectors here">
            A security admin or an owner can, and the demo estate reads what it was made with.
          </Empty>
        ) : (
          <ul className="wiz-kinds">
            {all.map((k) => (
              <li key={k.kind}>
                <Link to="/connect" search={kept({ kind: k.kind })} className="wiz-kind">
                  <span className="con-glyph">
                    <KindGlyph kind={k.kind} />
                  </span>
                  <span>
                    <h3>{k.title}</h3>
                    <span className="block muted">{k.about}</span>
                    <span className="wiz-marks">
                      {k.watches && <span className="tag tag-plain">watches changes</span>}
                      {k.discovers && <span className="tag tag-plain">finds new scopes</span>}
                      {k.access && k.access.length > 0 && <span className="tag tag-plain">{some(k.access.length, "permission")}</span>}
                    </span>
                  </span>
                </Link>
              </li>
            ))}
          </ul>
        )}
      </div>
    </>
  );
}

interface Step {
  id: string;
  label: string;
  lead: string;
}

function stepsOf(k: ConnectorKind): Step[] {
  const out: Step[] = [{ id: "configure", label: "Configure", lead: k.about }];
  if (k.templates && k.templates.length > 0) out.push({ id: "access", label: "Give access", lead: `Apply one of these on the provider's side. They give the ${some(k.access?.length ?? 0, "permission")} that the connector uses, and no right to change anything.` });
  if (k.probes) out.push({ id: "check", label: "Check permissions", lead: "Every permission is tried, nothing is stored." });
  if (k.plans) out.push({ id: "plan", label: "Plan", lead: "How many calls a run makes, before one is made." });
  out.push({ id: "save", label: "Save", lead: "Nothing was stored so far." });
  return out;
}

function Wizard({ kind, stored }: { kind?: ConnectorKind; stored?: Connector }) {
  const kept = useKept();
  if (!kind) {
    return (
      <>
        <Head title="Add a connector" />
        <Empty why="filtered" title="No connector is of this kind">
          <Link to="/connect" search={kept()}>
            See the kinds that there are
          </Link>
        </Empty>
      </>
    );
  }
  return <Steps kind={kind} stored={stored} />;
}

function Steps({ kind, stored }: { kind: ConnectorKind; stored?: Connector }) {
  const params = useParams();
  const set = useSetParams();
  const kept = useKept();
  const [draft, setDraft] = useState(() => draftOf(kind, stored));
  const [probes, setProbes] = useState<Probes>();
  const steps = useMemo(() => stepsOf(kind), [kind]);
  const wrong = wrongIn(kind, draft);
  const ready = Object.keys(wrong).length === 0;
  const asked = Math.max(0, steps.findIndex((s) => s.id === params.step));
  const at = ready ? asked : 0;
  const step = steps[at]!;
  const go = (i: number) => set({ step: i > 0 ? steps[i]!.id : undefined });
  useEffect(() => document.querySelector<HTMLElement>(".wiz-title")?.focus({ preventScroll: true }), [step.id]);
  const change = (d: Draft) => {
    setDraft(d);
    setProbes(undefined); // they were of another configuration
  };
  const tried = (): TriedConnector => ({ ...(stored ? { id: stored.id } : { kind: kind.kind }), ...bodyOf(kind, draft) });

  return (
    <>
      <Head title={stored ? `Change ${stored.name}` : `Connect ${kind.title}`} answer={stored ? "It is changed in place: what it has gathered, its history and its exemptions stay." : undefined}>
        <Link to="/connectors" search={kept()}>
          All connectors
        </Link>
      </Head>
      <div className="wiz">
        <nav aria-label="Steps">
          <ol className="wiz-steps">
            {steps.map((s, i) => (
              <li key={s.id}>
                <button className="bare-button" aria-current={i === at ? "step" : undefined} disabled={i > 0 && !ready} onClick={() => go(i)}>
                  <span className="wiz-n" aria-hidden>
                    {i + 1}
                  </span>
                  {s.label}
                </button>
              </li>
            ))}
          </ol>
        </nav>
        <form
          className="wiz-body"
          autoComplete="off"
          onSubmit={(e) => {
            e.preventDefault();
            if (ready && at < steps.length - 1) go(at + 1);
          }}
        >
          <section className="card stack" aria-label={step.label}>
            <h2 className="wiz-title" tabIndex={-1}>
              {step.label}
            </h2>
            <p className="wiz-lead">{step.lead}</p>
            {step.id === "configure" && <Fields kind={kind} draft={draft} wrong={wrong} onChange={change} hasSecret={stored?.hasSecret} />}
            {step.id === "access" && <Templates of={kind.templates ?? []} />}
            {step.id === "check" && <Permissions of={tried()} onAnswer={setProbes} />}
            {step.id === "plan" && <Plan of={tried()} />}
            {step.id === "save" && <Save kind={kind} draft={draft} stored={stored} probes={probes} />}
          </section>
          {step.id !== "save" && (
            <div className="wiz-foot">
              {at > 0 && <Button onClick={() => go(at - 1)}>Back</Button>}
              {!ready && <span className="muted">{missing(wrong)}</span>}
              <Button className="end" type="submit" variant="filled" disabled={!ready}>
                Next: {steps[at + 1]!.label.toLowerCase()}
              </Button>
            </div>
          )}
        </form>
      </div>
    </>
  );
}

function missing(wrong: Record<string, string>): string {
  const names = Object.keys(wrong).map((n) => n || "name");
  return `Needed to go on: ${names.join(", ")}.`;
}

/** Tried tells in a line how the permissions answered. */
function Tried({ of }: { of: Probes }) {
  const { denied = 0, unreachable = 0, untried = 0 } = of.counts;
  if (denied > 0) return <span className="c-unknown">{count(denied)} denied: unknown, never passed</span>;
  if (unreachable > 0 || of.problem) return <span className="c-unknown">not all answered: what they are for may be unknown</span>;
  if (untried > 0 || !of.whole) return <span className="muted">none denied; not all could be tried</span>;
  return <>all allowed</>;
}

/** StandardsOf tells which standards a kind of connector brings into use, unless somebody chose otherwise. */
function StandardsOf({ kind }: { kind: string }) {
  const kept = useKept();
  const standards = useStandards();
  if (standards.isPending) return <Bones rows={1} />;
  const own = standards.data?.filter((s) => s.connectors.includes(kind)) ?? [];
  if (own.length === 0) return <>none comes with it</>;
  return (
    <ul>
      {own.map((s) => (
        <li key={s.id}>
          <Link to="/standard" search={kept({ id: s.id })}>
            {s.title} {s.version}
          </Link>
          <span className="block muted">{s.inUse ? "in use" : s.chosen ? "stays out of use, as somebody chose" : "comes into use with it"}</span>
        </li>
      ))}
    </ul>
  );
}

function Save({ kind, draft, stored, probes }: { kind: ConnectorKind; draft: Draft; stored?: Connector; probes?: Probes }) {
  const save = useSaveConnector(stored?.id);
  const navigate = useNavigate();
  const kept = useKept();
  const body = bodyOf(kind, draft);
  const submit = () => {
    const common = { name: draft.name.trim(), interval: draft.interval, ...body };
    save.mutate(stored ? common : { kind: kind.kind, ...common }, { onSuccess: (c) => void navigate({ to: "/connectors", search: kept({ open: `connector:${c.id}` }) }) });
  };
  return (
    <>
      <Facts
        of={[
          ["Kind", kind.title],
          ["Name", draft.name],
          ["Read", intervals.find((i) => i.value === draft.interval)?.label ?? draft.interval],
          ["Secret", body.secret ? "sealed when saved" : stored?.hasSecret ? "the sealed one is kept" : kind.secret?.length ? "none: the server's own credentials" : undefined],
          ["Permissions", probes && <Tried of={probes} />],
          ["Standards", <StandardsOf kind={kind.kind} />],
        ]}
      />
      {Object.keys(body.config).length > 0 && <pre className="wiz-config">{JSON.stringify(body.config, null, 2)}</pre>}
      {save.isError && <Failed error={save.error} what="the server's answer to this" />}
      <div className="wiz-foot">
        <Button variant="filled" loading={save.isPending} onClick={submit}>
          {stored ? "Save the changes" : "Save and read now"}
        </Button>
        <span className="muted">{stored ? "It is read again with the new configuration." : "The first run begins at once; it can be changed or removed at any time."}</span>
      </div>
    </>
  );
}
