// The right panel that holds the detail of what ?open= names, over its list.
import { base } from "../api/base";
import { ActionIcon, Tooltip } from "@mantine/core";
import { IconArrowsDiagonal, IconLink, IconX } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { lazy, Suspense, useEffect } from "react";
import { Bones } from "../ui/answers";
import { copyText } from "../ui/code";
import { useOpen, useParams, writeParams } from "../ui/url";

const details: Record<string, { one: string; alone: string; view: React.LazyExoticComponent<React.ComponentType<{ id: string }>> }> = {
  asset: { one: "Asset", alone: "/asset", view: lazy(() => import("../detail/asset")) },
  gap: { one: "Coverage gap", alone: "/gap", view: lazy(() => import("../detail/gap")) },
  connector: { one: "Connector", alone: "/connector", view: lazy(() => import("../detail/connector")) },
  check: { one: "Recommendation", alone: "/recommendation", view: lazy(() => import("../detail/check")) },
};

export default function Panel() {
  const { kind, id, close } = useOpen();
  const { tab } = useParams();
  useEffect(() => refocus, []);
  const what = details[kind];
  if (!what) return null;
  const View = what.view;
  const search = { id, ...(tab && { tab }) };
  return (
    <aside className="panel" aria-label={what.one}>
      <div className="panel-bar">
        <span>{what.one}</span>
        <span className="grow" />
        <Tooltip label="Copy its link">
          <ActionIcon aria-label="Copy its link" onClick={() => void copyText(location.origin + base + what.alone + writeParams(search))}>
            <IconLink size={16} stroke={1.6} />
          </ActionIcon>
        </Tooltip>
        <Tooltip label="Open alone">
          <ActionIcon component={Link} {...({ to: what.alone, search } as object)} aria-label="Open alone">
            <IconArrowsDiagonal size={16} stroke={1.6} />
          </ActionIcon>
        </Tooltip>
        <Tooltip label="Close (Esc)">
          <ActionIcon aria-label="Close" onClick={close}>
            <IconX size={16} stroke={1.6} />
          </ActionIcon>
        </Tooltip>
      </div>
      <div className="panel-body">
        <Suspense fallback={<Bones rows={10} />}>
          <View key={`${kind}:${id}`} id={id} />
        </Suspense>
      </div>
    </aside>
  );
}

/** refocus gives the focus to the list when what had it in the panel is gone. */
function refocus() {
  setTimeout(() => {
    if (document.activeElement === document.body) document.querySelector<HTMLElement>('.page [role="grid"]')?.focus();
  });
}
