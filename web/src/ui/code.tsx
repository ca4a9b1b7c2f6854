// Text to copy, code and diffs.
import { ActionIcon, Tooltip } from "@mantine/core";
import { IconCheck, IconCopy } from "@tabler/icons-react";
import { useState } from "react";
import "./code.css";

/** copyText puts text on the clipboard, also where the browser has no clipboard interface (plain HTTP). */
export async function copyText(text: string): Promise<void> {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  const area = document.createElement("textarea");
  area.value = text;
  document.body.append(area);
  area.select();
  document.execCommand("copy");
  area.remove();
}

/** Copy is a button that copies text and says so. */
export function Copy({ text, what }: { text: string; what: string }) {
  const [done, setDone] = useState(false);
  const copy = () =>
    void copyText(text).then(() => {
      setDone(true);
      setTimeout(() => setDone(false), 1500);
    });
  return (
    <Tooltip label={done ? "Copied" : `Copy ${what}`}>
      <ActionIcon size={24} onClick={copy} aria-label={done ? "Copied" : `Copy ${what}`}>
        {done ? <IconCheck size={14} /> : <IconCopy size={14} />}
      </ActionIcon>
    </Tooltip>
  );
}

/** Code is a block of code with a copy button; `marked` are 1-based lines that decide. */
export function Code({ text, what = "code", first = 1, marked, numbers }: { text: string; what?: string; first?: number; marked?: Set<number>; numbers?: boolean }) {
  const lines = text.replace(/\n$/, "").split("\n");
  return (
    <div className="code">
      <div className="code-copy">
        <Copy text={text} what={what} />
      </div>
      <pre tabIndex={0} aria-label={what}>
        {lines.map((line, i) => (
          <span key={i} className={marked?.has(first + i) ? "code-line code-marked" : "code-line"}>
            {numbers && <span className="code-n">{first + i}</span>}
            {line || " "}
            {"\n"}
          </span>
        ))}
      </pre>
    </div>
  );
}

/** Download is a button that saves text as a file. */
export function Download({ text, name, type = "text/plain" }: { text: string; name: string; type?: string }) {
  const save = () => {
    const url = URL.createObjectURL(new Blob([text], { type }));
    const link = document.createElement("a");
    link.href = url;
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(url), 1000);
  };
  return (
    <button className="bare-button link-button" onClick={save}>
      Download {name}
    </button>
  );
}

const fence = /```(\w*)\n([\s\S]*?)```/g;

/** Prose shows the little Markdown that content uses: paragraphs, lists, `code` and fenced blocks. */
export function Prose({ text }: { text: string }) {
  const parts: React.ReactNode[] = [];
  let last = 0;
  for (const m of text.matchAll(fence)) {
    parts.push(<Paragraphs key={last} text={text.slice(last, m.index)} />, <Code key={`c${m.index}`} text={m[2] ?? ""} />);
    last = m.index + m[0].length;
  }
  parts.push(<Paragraphs key={last} text={text.slice(last)} />);
  return <div className="prose">{parts}</div>;
}

function Paragraphs({ text }: { text: string }) {
  const blocks = text.trim().split(/\n\s*\n/).filter(Boolean);
  return blocks.map((block, i) => {
    const lines = block.split("\n");
    if (lines.every((l) => /^\s*(\d+\.|[-*]) /.test(l))) {
      const items = lines.map((l, j) => (
        <li key={j}>
          <Inline text={l.replace(/^\s*(\d+\.|[-*]) /, "")} />
        </li>
      ));
      return /^\s*\d/.test(block) ? <ol key={i}>{items}</ol> : <ul key={i}>{items}</ul>;
    }
    return (
      <p key={i}>
        <Inline text={block} />
      </p>
    );
  });
}

function Inline({ text }: { text: string }) {
  return text.split(/(`[^`]+`|\*\*[^*]+\*\*)/).map((part, i) => {
    if (part.startsWith("`")) return <code key={i}>{part.slice(1, -1)}</code>;
    if (part.startsWith("**")) return <strong key={i}>{part.slice(2, -2)}</strong>;
    return part;
  });
}

/** looksLikeCode says whether a remediation is code as a whole rather than sentences, perhaps with code in them. */
export function looksLikeCode(text: string): boolean {
  const first = text.trim();
  return !first.includes("```") && !/^([A-Z][a-z']+ |A |I |\d+\. |[-*] )/.test(first);
}
