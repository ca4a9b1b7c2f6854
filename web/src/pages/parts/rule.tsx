// A check's rule: its expressions, what may be set, and the tests that hold it.
import type { Check } from "../../api/types";
import { Code } from "../../ui/code";
import { StateMark } from "../../ui/marks";
import { Facts } from "../../ui/page";
import { some } from "../../ui/text";
import "../check.css";

export function Rule({ c, children }: { c: Check; children?: React.ReactNode }) {
  return (
    <div className="check-rule">
      <div className="stack">
        <Code text={c.source} what="check source" numbers />
        {c.parameters.length > 0 && (
          <table className="table">
            <thead>
              <tr>
                <th>Parameter</th>
                <th>Default</th>
                <th>What it sets</th>
              </tr>
            </thead>
            <tbody>
              {c.parameters.map((p) => (
                <tr key={p.name}>
                  <td className="mono">{p.name}</td>
                  <td className="mono">{p.default}</td>
                  <td>{p.description}</td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
      </div>
      <div className="stack">
        <Facts
          of={[
            ["Judges", <span className="mono">{c.types.join(", ")}</span>],
            ["Written in", c.file && <span className="mono">{c.line > 1 ? `${c.file}:${c.line}` : c.file}</span>],
            ["Earlier ids", c.was.length > 0 && <span className="mono">{c.was.join(", ")}</span>],
          ]}
        />
        {c.tests.length > 0 && (
          <table className="table" aria-label={some(c.tests.length, "test")}>
            <thead>
              <tr>
                <th>Test</th>
                <th>Expects</th>
              </tr>
            </thead>
            <tbody>
              {c.tests.map((t) => (
                <tr key={t.name}>
                  <td>{t.name}</td>
                  <td>
                    <StateMark of={t.want} />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
        {children}
      </div>
    </div>
  );
}
