import { Modal } from "@mantine/core";
import { pages } from "./page";
import "../theme/more.css";

const general: [string[], string][] = [
  [["Ctrl", "K"], "Go to any page, check or asset"],
  [["/"], "Search or filter this list"],
  [["?"], "This help"],
  [["["], "Narrow or widen the rail"],
  [["Esc"], "Close the panel"],
];

const lists: [string[], string][] = [
  [["j"], "Next row"],
  [["k"], "Row before"],
  [["Enter"], "Open it"],
  [["x"], "Select it"],
  [["e"], "Exempt what is selected"],
];

export default function Help({ onClose }: { onClose: () => void }) {
  const going = pages.filter((p) => p.page.key).map((p): [string[], string] => [["g", p.page.key!], p.page.title]);
  return (
    <Modal opened onClose={onClose} title="Keys" size="lg">
      <div className="help-grid">
        <Keys title="Anywhere" of={general} />
        <Keys title="Go to" of={going} />
        <Keys title="In a list" of={lists} />
        <div>
          <h3>Filters</h3>
          <p className="muted">
            Words find text; tokens such as <code>severity:critical,high</code> narrow a field. Several values mean any of them. The address of the page holds all of it: send it to a colleague and they see the same.
          </p>
        </div>
      </div>
    </Modal>
  );
}

function Keys({ title, of }: { title: string; of: [string[], string][] }) {
  return (
    <div>
      <h3>{title}</h3>
      {of.map(([keys, what]) => (
        <div key={what}>
          <span className="muted">{what}</span>
          <span className="row">
            {keys.map((k) => (
              <kbd key={k} className="kbd">
                {k}
              </kbd>
            ))}
          </span>
        </div>
      ))}
    </div>
  );
}
