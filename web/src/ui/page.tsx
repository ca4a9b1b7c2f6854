// The head of every page, and the panel that holds an entity's detail.
import "./page.css";

export interface HeadProps {
  title: string;
  answer?: React.ReactNode; // the page's answer in one sentence
  children?: React.ReactNode; // actions
}

/** Head is a page's title, its answer in one sentence, and its actions. */
export function Head({ title, answer, children }: HeadProps) {
  return (
    <header className="head">
      <div className="grow">
        <h1>{title}</h1>
        {answer && <p className="head-answer">{answer}</p>}
      </div>
      {children && <div className="row">{children}</div>}
    </header>
  );
}

/** Card is a titled box; its title is a heading. */
export function Card({ title, note, children, className = "" }: { title: string; note?: React.ReactNode; children: React.ReactNode; className?: string }) {
  return (
    <section className={`card ${className}`} aria-label={title}>
      <div className="card-head">
        <h2>{title}</h2>
        {note && <span className="end muted card-note">{note}</span>}
      </div>
      <div className="card-body">{children}</div>
    </section>
  );
}

/** Facts is a list of names and values. */
export function Facts({ of }: { of: [string, React.ReactNode][] }) {
  return (
    <dl className="facts">
      {of
        .filter(([, v]) => v !== undefined && v !== null && v !== "" && v !== false)
        .map(([k, v]) => (
          <div key={k}>
            <dt>{k}</dt>
            <dd>{v}</dd>
          </div>
        ))}
    </dl>
  );
}
