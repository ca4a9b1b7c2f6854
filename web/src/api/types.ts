// What pages read, by the API's own description: schema.d.ts is generated from
// docs/openapi.json by `npm run api`.
import type { components, paths } from "./schema";

type S = components["schemas"];

// Go's severity of an asset row is written as text without its list of values.
type Severe<T> = Omit<T, "highest"> & { highest: S["Check"]["severity"] };

export type Position = S["Position"];
export type Facet = S["Facet"];
export type Session = S["Session"];
export type Organization = S["Organization"];
export type Scope = S["Scope"] & { depth: number }; // scopes above it that are in the tree
export type Run = S["Run"];
export type ControlScore = S["ControlScore"];
export type ExplainedControl = S["ExplainedControl"];
export type Explanation = S["Explanation"];
export type Mover = S["Mover"];
export type ScorePoint = S["ScorePoint"];
export type ScopeScore = S["ScopeScore"];
export type Overview = S["Overview"];
export type Recommendation = S["Recommendation"];
export type Check = S["Check"];
export type CheckTrial = S["CheckTrial"];
export type CheckProblem = S["CheckProblem"];
export type SaveAnswer = S["SaveAnswer"];
export type Evidence = S["Evidence"];
export type AssetRow = Severe<S["AssetRow"]>;
export type Assessment = Omit<S["Assessment"], "row"> & { row?: AssetRow };
export type Finding = Omit<S["Finding"], "row" | "severity"> & { row?: AssetRow; severity: S["Check"]["severity"] };
export type Relation = S["Relation"];
export type Version = S["Version"];
export type Asset = Omit<Severe<S["Asset"]>, "assessments"> & { assessments: Assessment[] };
export type Change = S["Change"];
export type Gap = S["GapRow"];
export type Connector = S["Connector"];
export type ConnectorKind = S["ConnectorKind"];
export type ConnectorField = S["ConnectorField"];
export type ConnectorNeeds = S["ConnectorNeeds"];
export type Template = S["Template"];
export type Probes = S["Probes"];
export type CallPlan = S["CallPlan"];
export type NewConnector = S["NewConnectorBody"];
export type ChangedConnector = S["ChangedConnectorBody"];
export type TriedConnector = S["TriedConnectorBody"];
export type Exemption = S["Exemption"];
export type NewExemption = S["NewExemptionBody"];
export type Exempted = S["Exempted"];
export type WhatIf = S["WhatIfAnswer"];
export type Standard = S["Standard"];
export type StandardControl = S["StandardControl"];
export type User = S["User"];
export type Token = S["Token"];
export type AuditEntry = S["AuditEntry"];
export type Role = NewUser["role"];
export type NewUser = S["NewUserBody"];
export type NewToken = S["NewTokenBody"];

/** List is one page of a list. */
export interface List<T> {
  items: T[];
  next?: string;
  total?: number;
  facets?: Record<string, Facet[]>;
}

const prefix = "/api/v1";

/** Path is a path below /api/v1 that can be read. */
export type Path = { [P in keyof paths]: paths[P] extends { get: object } ? (P extends `${typeof prefix}${infer R}` ? R : never) : never }[keyof paths];

type Operation<P extends Path> = paths[`${typeof prefix}${P}`]["get"];

/** Answer is what reading a path returns. */
export type Answer<P extends Path> = Operation<P> extends { responses: { 200: { content: { "application/json": infer R } } } } ? R : never;

/** Row is an item of the list that a path answers. */
export type Row<P extends Path> = Answer<P> extends { items: (infer R)[] } ? R : never;

type Fields<Q> = [Q] extends [never] ? object : { [K in keyof Q]?: Q[K] | string };

/** Question is the query that a path takes; several values of one field are written with commas between. */
export type Question<P extends Path> = Operation<P> extends { parameters: { query?: infer Q } } ? Fields<NonNullable<Q>> : never;
