// What the score would be if these were mended.
import { useEffect } from "react";
import { useWhatIf } from "../api/queries";
import { points } from "../ui/text";

/** WhatIf asks what mending checks (on all assets, or on those named) would give, and says so. */
export function WhatIf({ checks, assets }: { checks: string[]; assets?: string[] }) {
  const what = useWhatIf();
  const { reset } = what;
  const key = JSON.stringify([checks, assets]);
  useEffect(reset, [key, reset]);
  const { before, after } = what.data ?? {};
  return (
    <>
      <button className="bar-button" disabled={what.isPending} onClick={() => what.mutate({ checks, assets })}>
        What if mended
      </button>
      <span role="status" className="num">
        {what.isError && <span className="c-unhealthy">{what.error.message}</span>}
        {before?.ratio !== undefined && after?.ratio !== undefined && (
          <>
            score {points(before.ratio * 100)} % → <strong>{points(after.ratio * 100)} %</strong>
          </>
        )}
      </span>
    </>
  );
}
