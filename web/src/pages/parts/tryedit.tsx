// A check as text, to be changed and tried on live assets before it is kept.
import { Button, TextInput } from "@mantine/core";
import { IconPlayerPlay } from "@tabler/icons-react";
import { useRef, useState } from "react";
import { useCheckSource, useSaveCheck, useTry } from "../../api/content";
import { useMaySettle } from "../../api/queries";
import type { CheckProblem, CheckTrial } from "../../api/types";
import { Answer, Bones, Empty, Failed } from "../../ui/answers";
import { Copy, Download } from "../../ui/code";
import { type State, StateMark } from "../../ui/marks";
import { count, some } from "../../ui/text";
import { useOpen } from "../../ui/url";
import "../check.css";

type Source = NonNullable<ReturnType<typeof useCheckSource>["data"]>;

export function TryEdit({ id }: { id: string }) {
  const source = useCheckSource(id);
  return (
    <Answer of={source} what="the check's file">
      {(s) => <Editor key={s.id} source={s} />}
    </Answer>
  );
}

function Editor({ source }: { source: Source }) {
  const [text, setText] = useState(source.text);
  const [lastTried, setLastTried] = useState("");
  const trial = useTry();
  const field = useRef<HTMLTextAreaElement>(null);
  const changed = text !== source.text;
  const run = () => {
    if (trial.isPending) return;
    setLastTried(text);
    trial.mutate({ id: source.id, text });
  };
  const go = (line: number) => {
    const el = field.current;
    if (!el) return;
    const from = text.split("\n").slice(0, line - 1).join("\n").length + (line > 1 ? 1 : 0);
    el.focus();
    el.setSelectionRange(from, from + (text.split("\n")[line - 1]?.length ?? 0));
  };
  const problems = trial.data && lastTried === text ? trial.data.problems : [];
  return (
    <div className="try">
      <section className="try-edit" aria-label="The check's file">
        <div className="try-bar">
          <Button variant="filled" leftSection={<IconPlayerPlay size={13} aria-hidden />} loading={trial.isPending} onClick={run}>
            Try it
          </Button>
          <span className="muted">
            <kbd className="kbd">Ctrl Enter</kbd> · read only
          </span>
          <span className="grow" />
          {changed && <Button onClick={() => setText(source.text)}>Put back</Button>}
          <Copy text={text} what="the file" />
        </div>
        <div className="try-field">
          <Lines text={text} problems={problems} />
          <textarea
            ref={field}
            aria-label="YAML of the check"
            spellCheck={false}
            wrap="off"
            rows={text.split("\n").length + 1}
            value={text}
            onChange={(e) => setText(e.currentTarget.value)}
            onKeyDown={(e) => {
              if (e.key === "Enter" && (e.ctrlKey || e.metaKey)) {
                e.preventDefault();
                run();
              }
            }}
          />
        </div>
      </section>
      <section className="try-out" aria-label="What it would say">
        {trial.isError && <Failed error={trial.error} what="the trial" retry={run} />}
        {trial.isPending && (
          <div aria-busy="true">
            <p className="muted" role="status">
              Judging what you have, at most 10 seconds
            </p>
            <Bones rows={6} />
          </div>
        )}
        {!trial.isPending && !trial.data && !trial.isError && (
          <Empty why="unconnected" title="Change the rule, then try it">
            It is judged on every live asset of its types, in the chosen scopes, beside the check that is in force. Nothing is stored.
          </Empty>
        )}
        {trial.data && !trial.isPending && <Told t={trial.data} stale={lastTried !== text} onLine={go} />}
        <Save source={source} text={text} ready={Boolean(trial.data && lastTried === text && sound(trial.data))} />
      </section>
    </div>
  );
}

const sound = (t: CheckTrial) => t.problems.length === 0 && t.tests.every((x) => x.passed);

function Lines({ text, problems }: { text: string; problems: CheckProblem[] }) {
  const bad = new Set(problems.map((p) => p.line));
  const n = text.split("\n").length;
  return (
    <div className="try-lines" aria-hidden="true">
      {Array.from({ length: n }, (_, i) => (bad.has(i + 1) ? <b key={i}>{`${i + 1}\n`}</b> : `${i + 1}\n`))}
    </div>
  );
}

/** Told is what a trial found: problems alone, or tests and verdicts. */
function Told({ t, stale, onLine }: { t: CheckTrial; stale: boolean; onLine: (line: number) => void }) {
  if (t.problems.length > 0) {
    return (
      <div role="status">
        <h2>It cannot be judged by</h2>
        {t.problems.map((p, i) => (
          <div key={i} className="try-problem">
            <p>
              {p.line ? (
                <button className="bare-button link-button" onClick={() => onLine(p.line!)}>
                  Line {p.line}
                </button>
              ) : null}{" "}
              {p.message}
            </p>
            {p.mend && <p className="muted">{p.mend}</p>}
          </div>
        ))}
      </div>
    );
  }
  return (
    <>
      {stale && <p className="muted">The text was changed since this was tried.</p>}
      <Verdicts t={t} />
      <Tests t={t} onLine={onLine} />
      <Changed t={t} />
    </>
  );
}

const rows: [State, keyof CheckTrial["tried"]][] = [
  ["unhealthy", "unhealthy"],
  ["unknown", "unknown"],
  ["healthy", "healthy"],
  ["not applicable", "notApplicable"],
];

function Verdicts({ t }: { t: CheckTrial }) {
  return (
    <div className="stack" role="status">
      <h2>
        {t.changes === 0 ? "Nothing would change" : t.inForce ? `${some(t.changes, "verdict")} would change` : `${some(t.changes, "asset")} would not be healthy`}
        <span className="muted"> of {some(t.assets, "asset")}</span>
      </h2>
      {!t.whole && <p className="c-unknown">Not every asset could be judged in the time there is.</p>}
      <table className="table try-counts">
        <thead>
          <tr>
            <th>Verdict</th>
            {t.inForce && <th className="right">Now</th>}
            <th className="right">Tried</th>
            {t.inForce && <th className="right">Difference</th>}
          </tr>
        </thead>
        <tbody>
          {rows.map(([state, key]) => (
            <tr key={state}>
              <td>
                <StateMark of={state} />
              </td>
              {t.inForce && <td className="right">{count(t.now[key])}</td>}
              <td className="right">{count(t.tried[key])}</td>
              {t.inForce && <td className="right">{difference(t.tried[key] - t.now[key])}</td>}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

const difference = (n: number) => (n === 0 ? "–" : n > 0 ? `+${count(n)}` : `−${count(-n)}`);

function Tests({ t, onLine }: { t: CheckTrial; onLine: (line: number) => void }) {
  if (t.tests.length === 0) return null;
  const failed = t.tests.filter((x) => !x.passed);
  return (
    <div className="stack">
      <h2>{failed.length === 0 ? `All ${count(t.tests.length)} of its tests pass` : `${count(failed.length)} of ${some(t.tests.length, "test")} fail`}</h2>
      <ul className="try-tests">
        {failed.map((x) => (
          <li key={x.name} className="try-problem">
            {x.line ? (
              <button className="bare-button link-button" onClick={() => onLine(x.line!)}>
                Line {x.line}
              </button>
            ) : null}{" "}
            {x.problem}
          </li>
        ))}
      </ul>
    </div>
  );
}

function Changed({ t }: { t: CheckTrial }) {
  const open = useOpen();
  if (t.changed.length === 0) return null;
  return (
    <table className="table" aria-label="Assets that change">
      <thead>
        <tr>
          <th>Asset</th>
          <th>Verdict</th>
        </tr>
      </thead>
      <tbody>
        {t.changed.map((c) => (
          <tr key={c.asset}>
            <td>
              <button className="bare-button link-button" onClick={() => open.show("asset", c.asset, { tab: "configuration" })}>
                {c.name || c.asset}
              </button>
              <p className="muted small">{c.because || c.scope}</p>
            </td>
            <td className="nowrap">
              {c.now && (
                <>
                  <StateMark of={c.now} /> <span aria-label="becomes">→</span>{" "}
                </>
              )}
              <StateMark of={c.tried} />
            </td>
          </tr>
        ))}
      </tbody>
      {t.changes > t.changed.length && (
        <caption className="muted">
          The first {count(t.changed.length)} of {count(t.changes)}
        </caption>
      )}
    </table>
  );
}

/** Save keeps the text as a check of one's own, or says how it is kept where this server cannot. */
function Save({ source, text, ready }: { source: Source; text: string; ready: boolean }) {
  const may = useMaySettle();
  const save = useSaveCheck();
  const [id, setID] = useState(source.custom ? source.id : `custom/${source.id}`);
  const file = `${id.replace(/^custom\//, "").split("/").pop() ?? "check"}.yaml`;
  if (!source.saves) {
    return (
      <div className="try-save">
        <p className="muted grow">
          This server has no folder to keep checks in. Start it with <code>--content DIR</code>, or put the file below <code>checks/</code> of such a folder.
        </p>
        <Download text={text} name={file} type="application/yaml" />
      </div>
    );
  }
  const problems = save.data?.problems ?? [];
  return (
    <form
      className="try-save"
      onSubmit={(e) => {
        e.preventDefault();
        save.mutate({ id, text });
      }}
    >
      <TextInput className="grow" label="Keep it as" description={`in ${source.folder}`} value={id} onChange={(e) => setID(e.currentTarget.value)} readOnly={source.custom} error={!/^custom\/[a-z0-9][a-z0-9_./-]*$/.test(id) && "Your own checks are called custom/…"} />
      <Button type="submit" size="sm" disabled={!may || !ready} loading={save.isPending}>
        Save
      </Button>
      <p className="muted wide" role="status">
        {!may ? "A security admin may save it." : save.data?.saved ? `Saved. Assets are judged by it now.` : !ready ? "It can be saved when it was tried without a problem." : "It judges beside the product's own check and is never scored."}
      </p>
      {problems.map((p, i) => (
        <p key={i} className="try-problem">
          {p.line ? `Line ${p.line}: ` : ""}
          {p.message} {p.mend}
        </p>
      ))}
      {save.isError && <Failed error={save.error} what="the server's answer to this" />}
    </form>
  );
}
