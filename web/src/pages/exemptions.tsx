import { Button } from "@mantine/core";
import { IconShieldOff } from "@tabler/icons-react";
import { useExempt, useExemptions } from "../api/queries";
import type { Exemption } from "../api/types";
import type { Page } from "../frame/page";
import { Answer, Empty, Failed } from "../ui/answers";
import { Head } from "../ui/page";
import { ago, day, moment, some } from "../ui/text";
import { useOpen } from "../ui/url";

export const page: Page = {
  path: "/exemptions",
  title: "Exemptions",
  section: "Govern",
  order: 11,
  icon: IconShieldOff,
  key: "e",
};

const soon = 14 * 86_400_000;

export default function Exemptions() {
  const list = useExemptions();
  const { undo } = useExempt();
  return (
    <div className="page-scroll">
      <Head title="Exemptions" answer={list.data ? answer(list.data) : "\u00a0"} />
      <div className="page-pad">
        {undo.isError && <Failed error={undo.error} what="the change" />}
        <Answer of={list} what="the exemptions">
          {(all) =>
            all.length === 0 ? (
              <Empty why="good" title="Nothing is exempt">
                Select assets or recommendations with x, then e. An exemption has a reason, an author and an end, and shows the score before and after.
              </Empty>
            ) : (
              <div className="card">
                <table className="table">
                  <thead>
                    <tr>
                      <th>What</th>
                      <th>Where</th>
                      <th>How it counts</th>
                      <th>Reason</th>
                      <th>By</th>
                      <th>Until</th>
                      <th>
                        <span className="sr">Actions</span>
                      </th>
                    </tr>
                  </thead>
                  <tbody>
                    {all.map((e) => (
                      <Row key={e.id} e={e} onEnd={() => undo.mutate([e.id])} />
                    ))}
                  </tbody>
                </table>
              </div>
            )
          }
        </Answer>
      </div>
    </div>
  );
}

function answer(all: Exemption[]): React.ReactNode {
  const ending = all.filter((e) => e.expires && Date.parse(e.expires) - Date.now() < soon).length;
  return (
    <>
      <strong>{some(all.length, "exemption")}</strong> in force
      {ending > 0 && `, ${ending} of which end${ending === 1 ? "s" : ""} within two weeks`}.
    </>
  );
}

function Row({ e, onEnd }: { e: Exemption; onEnd: () => void }) {
  const open = useOpen();
  return (
    <tr>
      <td>
        {e.check ? (
          <button className="bare-button link-button mono" onClick={() => open.show("check", e.check!)}>
            {e.check}
          </button>
        ) : e.finding ? (
          <span className="mono">{e.finding}</span>
        ) : (
          "Every check"
        )}
      </td>
      <td>
        {e.asset ? (
          <button className="bare-button link-button mono" onClick={() => open.show("asset", e.asset!)}>
            {e.asset}
          </button>
        ) : (
          e.scope || (e.finding ? "One problem" : "Everywhere")
        )}
      </td>
      <td>{e.category === "waiver" ? "accepted: not counted" : "mitigated: counts as healthy"}</td>
      <td>{e.reason}</td>
      <td title={moment(e.created)}>
        <span className="two-lines">
          {e.author.replace(/^user:/, "")}
          <span className="faint nowrap">{ago(e.created)}</span>
        </span>
      </td>
      <td className="nowrap" title={moment(e.expires)}>{e.expires ? day(e.expires) : "ended by hand"}</td>
      <td className="right">
        <Button size="compact-xs" onClick={onEnd} aria-label={`End the exemption of ${e.check ?? e.asset ?? e.id}`}>
          End
        </Button>
      </td>
    </tr>
  );
}
