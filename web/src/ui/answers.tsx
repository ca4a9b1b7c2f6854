// What a page shows instead of data: the shape of what is coming, why there
// is nothing, or what failed and what to do.
import { Button } from "@mantine/core";
import { IconAlertTriangle, IconCircleCheck, IconFilterOff, IconPlugConnected, IconRefresh } from "@tabler/icons-react";
import type { UseQueryResult } from "@tanstack/react-query";
import { Failure } from "../api/client";
import { Copy } from "./code";
import "./answers.css";

/** Bone is one grey line of a skeleton; widths are percentages or pixels. */
export function Bone({ w = "100%", h = 10 }: { w?: number | string; h?: number }) {
  return <span className="bone" style={{ width: w, height: h }} />;
}

/** Bones is a skeleton of rows. */
export function Bones({ rows = 8, h = 36 }: { rows?: number; h?: number }) {
  return (
    <div className="bones" aria-hidden="true">
      {Array.from({ length: rows }, (_, i) => (
        <div key={i} className="bones-row" style={{ height: h }}>
          <Bone w={56} />
          <Bone w={`${52 - ((i * 17) % 31)}%`} />
          <span className="grow" />
          <Bone w={72} />
          <Bone w={40} />
        </div>
      ))}
    </div>
  );
}

const emptyIcons = { good: IconCircleCheck, filtered: IconFilterOff, unconnected: IconPlugConnected };

export interface EmptyProps {
  why: keyof typeof emptyIcons;
  title: string;
  children?: React.ReactNode;
  command?: string;
  action?: { label: string; run: () => void };
}

/** Empty says why there is nothing and what to do next. */
export function Empty({ why, title, children, command, action }: EmptyProps) {
  const Icon = emptyIcons[why];
  return (
    <div className={`empty empty-${why}`} role="status">
      <Icon size={28} stroke={1.4} aria-hidden />
      <p className="empty-title">{title}</p>
      {children && <p className="muted empty-text">{children}</p>}
      {command && (
        <div className="empty-command">
          <code>{command}</code>
          <Copy text={command} what="command" />
        </div>
      )}
      {action && <Button onClick={action.run}>{action.label}</Button>}
    </div>
  );
}

/** Failed says what failed, what still holds, and how to retry. */
export function Failed({ error, what, retry }: { error: unknown; what: string; retry?: () => void }) {
  const f = error instanceof Failure ? error : null;
  return (
    <div className="failed" role="alert">
      <IconAlertTriangle size={18} stroke={1.6} aria-hidden />
      <div className="grow">
        <p className="failed-title">
          Could not read {what}
          {f?.code && <code className="failed-code">{f.code}</code>}
        </p>
        <p>{error instanceof Error ? error.message : String(error)}</p>
        {f?.detail && <p className="muted">{f.detail}</p>}
        <p className="muted">{f?.mend ?? "What is shown elsewhere still holds; nothing was changed."}</p>
      </div>
      {retry && (
        <Button onClick={retry} leftSection={<IconRefresh size={14} />}>
          Try again
        </Button>
      )}
    </div>
  );
}

/** Answer shows a query's data, its failure, or the skeleton of what it will be. */
export function Answer<T>({ of, what, skeleton, children }: { of: UseQueryResult<T>; what: string; skeleton?: React.ReactNode; children: (data: T) => React.ReactNode }) {
  if (of.data !== undefined) {
    return (
      <>
        {of.isError && <Failed error={of.error} what={`newer ${what}`} retry={() => void of.refetch()} />}
        {children(of.data)}
      </>
    );
  }
  if (of.isError) return <Failed error={of.error} what={what} retry={() => void of.refetch()} />;
  return (
    <div aria-busy="true">
      <span className="sr" role="status">
        Reading {what}
      </span>
      {skeleton ?? <Bones />}
    </div>
  );
}
