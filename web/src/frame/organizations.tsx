// Which organisation is looked at; the demo estate is marked wherever it shows
// and removed here.
import { Menu } from "@mantine/core";
import { IconBuilding, IconChevronDown, IconFlask, IconTrash } from "@tabler/icons-react";
import { lazy, Suspense, useState } from "react";
import { useAddDemo, useOrganizations, useSession } from "../api/queries";
import type { Organization } from "../api/types";

const Remove = lazy(() => import("./removedemo"));

/** addressOf returns where an organisation's pages begin. */
export const addressOf = (o: Organization) => (o.id ? `/o/${o.id}/` : "/");

export function Organizations() {
  const { data } = useOrganizations();
  const owner = useSession().data?.role === "owner";
  const add = useAddDemo();
  const [removing, setRemoving] = useState(false);
  const items = data?.items ?? [];
  const here = items.find((o) => o.id === data?.current);
  const demo = items.find((o) => o.demo);
  if (!here || (items.length < 2 && !owner)) return null;
  return (
    <>
      <Menu position="bottom-start" width={280}>
        <Menu.Target>
          <button className="bar-button organization" data-demo={here.demo || undefined}>
            <span className="sr">Organisation: </span>
            {here.demo ? <IconFlask size={15} stroke={1.6} aria-hidden /> : <IconBuilding size={15} stroke={1.6} aria-hidden />}
            <span className="cut">{here.name}</span>
            {here.demo && <span className="tag tag-demo">made up</span>}
            <IconChevronDown size={14} aria-hidden className="faint" />
          </button>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Label>Organisations, each with a store of its own</Menu.Label>
          {items.map((o) => (
            <Menu.Item
              key={o.id}
              component="a"
              href={addressOf(o)}
              disabled={o.state !== "ready"}
              aria-current={o.id === data?.current || undefined}
              leftSection={o.demo ? <IconFlask size={15} stroke={1.6} /> : <IconBuilding size={15} stroke={1.6} />}
            >
              {o.name}
              <span className="block faint small">{wordsOf(o)}</span>
            </Menu.Item>
          ))}
          {owner && <Menu.Divider />}
          {owner && !demo && (
            <Menu.Item leftSection={<IconFlask size={15} stroke={1.6} />} onClick={() => add.mutate()} closeMenuOnClick={false}>
              Make the demo estate
              <span className="block faint small">{add.error ? add.error.message : "A made-up company, to look around in"}</span>
            </Menu.Item>
          )}
          {owner && demo && (
            <Menu.Item leftSection={<IconTrash size={15} stroke={1.6} />} onClick={() => setRemoving(true)}>
              Remove the demo estate
            </Menu.Item>
          )}
        </Menu.Dropdown>
      </Menu>
      {removing && (
        <Suspense>
          <Remove onClose={() => setRemoving(false)} />
        </Suspense>
      )}
    </>
  );
}

/** wordsOf tells what an organisation is, or how far it is made. */
export function wordsOf(o: Organization): string {
  switch (o.state) {
    case "preparing":
      return `${o.doing || "Being made"} · ${o.percent ?? 0} %`;
    case "failed":
      return o.doing || "Could not be made";
  }
  return o.demo ? "Made up; read by the same collectors" : "What you run";
}
