// Questions and changes of the content pages, apart so that the first page
// does not load them.
import { useMutation, useQueryClient } from "@tanstack/react-query";
import type { Filter } from "../ui/filter";
import type { Listing } from "../ui/listpage";
import { useParams } from "../ui/url";
import { call } from "./client";
import { joined, useList, useOne } from "./queries";
import type * as t from "./types";

export function useChecks(f: Filter, sort?: string): Listing<t.Recommendation> {
  return useList("checks", "/checks", {
    scope: useParams().scope || undefined,
    text: f.text,
    provider: joined(f, "provider"),
    service: joined(f, "service"),
    severity: joined(f, "severity"),
    control: joined(f, "control"),
    found: joined(f, "found"),
    custom: joined(f, "custom"),
    sort,
  }) as Listing<t.Recommendation>;
}

/** useCheckSource reads the file of a check. */
export function useCheckSource(id: string) {
  return useOne("check", "/check/source", { id }, { enabled: id !== "" });
}

/** useTry runs a text on live assets; nothing is stored. */
export function useTry() {
  const { scope } = useParams();
  return useMutation({ mutationFn: (c: { id: string; text: string }) => call<t.CheckTrial>("POST", "/checks/try", { scope }, c) });
}

export function useSaveCheck() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: ({ id, text }: { id: string; text: string }) => call<t.SaveAnswer>("PUT", "/check", { id }, { text }),
    onSuccess: () => Promise.all(["checks", "check", "recommendations"].map((key) => queries.invalidateQueries({ queryKey: [key] }))),
  });
}
