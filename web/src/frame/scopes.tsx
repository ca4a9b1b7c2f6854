// The tree of scopes that the bar's picker opens.
import { Checkbox, TextInput } from "@mantine/core";
import { useState } from "react";
import type { Scope } from "../api/types";
import { count } from "../ui/text";
import "../theme/more.css";

export interface ScopeTreeProps {
  all: Scope[]; // sorted by path
  chosen: string[];
  onChoose: (paths: string[]) => void;
}

export default function ScopeTree({ all, chosen, onChoose }: ScopeTreeProps) {
  const [text, setText] = useState("");
  const list = all.filter((s) => `${s.path} ${s.name}`.toLowerCase().includes(text.toLowerCase()));
  const toggle = (path: string) => {
    if (chosen.includes(path)) onChoose(chosen.filter((c) => c !== path));
    else onChoose([...chosen.filter((c) => !c.startsWith(`${path}/`) && !path.startsWith(`${c}/`)), path]);
  };
  return (
    <>
      <TextInput data-autofocus placeholder="Find a scope" aria-label="Find a scope" value={text} onChange={(e) => setText(e.currentTarget.value)} />
      <div className="scope-tree" role="group" aria-label="Scopes">
        <label className="scope-item">
          <Checkbox checked={chosen.length === 0} onChange={() => onChoose([])} />
          <span className="grow">All scopes</span>
        </label>
        {list.map((s) => {
          const covered = chosen.some((c) => s.path.startsWith(`${c}/`));
          return (
            <label key={s.path} className="scope-item" style={{ paddingLeft: 10 + s.depth * 18 }} title={s.path}>
              <Checkbox checked={chosen.includes(s.path) || covered} disabled={covered} onChange={() => toggle(s.path)} />
              <span className="cut grow">{s.name || s.path}</span>
              <span className="faint">{s.kind}</span>
              <span className="num">{count(s.assets)}</span>
            </label>
          );
        })}
        {list.length === 0 && <p className="muted scope-item">No scope is called that.</p>}
      </div>
    </>
  );
}
