// The organisations of this server, and the demo estate that can be made and
// removed.
import { Button } from "@mantine/core";
import { IconBuilding, IconFlask } from "@tabler/icons-react";
import { useState } from "react";
import { useAddDemo, useOrganizations, useSession } from "../../api/queries";
import type { Organization } from "../../api/types";
import { addressOf, wordsOf } from "../../frame/organizations";
import RemoveDemo from "../../frame/removedemo";
import { Answer, Failed } from "../../ui/answers";
import "../../theme/more.css";

export function OrganizationList() {
  const organizations = useOrganizations();
  const owner = useSession().data?.role === "owner";
  const add = useAddDemo();
  const [removing, setRemoving] = useState(false);
  return (
    <Answer of={organizations} what="the organisations">
      {({ items, current }) => (
        <>
          <div className="card">
            <table className="table">
              <thead>
                <tr>
                  <th>Organisation</th>
                  <th>State</th>
                  <th>
                    <span className="sr">Actions</span>
                  </th>
                </tr>
              </thead>
              <tbody>
                {items.map((o) => (
                  <Row key={o.id} o={o} here={o.id === current} onRemove={owner && o.demo ? () => setRemoving(true) : undefined} />
                ))}
              </tbody>
            </table>
          </div>
          {owner && !items.some((o) => o.demo) && (
            <section className="card set-card set-demo" aria-label="The demo estate">
              <h2>The demo estate</h2>
              <p className="muted">A made-up company with clouds, clusters and code, and months of history, read by the same collectors as your own. It has a store of its own, is marked wherever it shows, and is removed with one click.</p>
              {add.isError && <Failed error={add.error} what="the server's answer to this" />}
              <Button leftSection={<IconFlask size={14} aria-hidden />} loading={add.isPending} onClick={() => add.mutate()}>
                Make the demo estate
              </Button>
            </section>
          )}
          {removing && <RemoveDemo onClose={() => setRemoving(false)} />}
        </>
      )}
    </Answer>
  );
}

function Row({ o, here, onRemove }: { o: Organization; here: boolean; onRemove?: () => void }) {
  const Icon = o.demo ? IconFlask : IconBuilding;
  return (
    <tr>
      <td>
        <span className="row">
          <Icon size={15} stroke={1.6} aria-hidden />
          {o.state === "ready" && !here ? <a href={addressOf(o)}>{o.name}</a> : <strong>{o.name}</strong>}
          {o.demo && <span className="tag tag-demo">made up</span>}
          {here && <span className="tag tag-plain">this one</span>}
        </span>
      </td>
      <td className={o.state === "failed" ? "c-unhealthy" : "muted"}>
        {o.state === "preparing" && <span className="pulse" data-busy />} {wordsOf(o)}
      </td>
      <td className="right">
        {onRemove && (
          <Button size="compact-xs" onClick={onRemove} aria-label={`Remove ${o.name}`}>
            Remove
          </Button>
        )}
      </td>
    </tr>
  );
}
