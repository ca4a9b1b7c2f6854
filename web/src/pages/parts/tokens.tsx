// Tokens with which programs use the API.
import { Button, Select, TextInput } from "@mantine/core";
import { useState } from "react";
import type { Role } from "../../api/types";
import { roles, useTokens } from "../../api/queries";
import { Answer, Empty, Failed } from "../../ui/answers";
import { Copy } from "../../ui/code";
import { ago, day, some } from "../../ui/text";
import "../../theme/more.css";

const terms = [
  { value: "30", label: "30 days" },
  { value: "90", label: "90 days" },
  { value: "365", label: "a year" },
];

export function Tokens() {
  const tokens = useTokens();
  const [name, setName] = useState("");
  const [role, setRole] = useState<Role>("reader");
  const [scope, setScope] = useState("");
  const [term, setTerm] = useState("90");
  const submit = (e: React.FormEvent) => {
    e.preventDefault();
    const expires = new Date(Date.now() + Number(term) * 86_400_000).toISOString();
    tokens.add.mutate({ name: name.trim(), role, scope: scope.trim(), expires }, { onSuccess: () => setName("") });
  };
  return (
    <>
      <form className="card set-form" onSubmit={submit} aria-label="Make a token">
        <TextInput label="Name" value={name} onChange={(e) => setName(e.currentTarget.value)} />
        <Select label="Role" data={roles} value={role} onChange={(v) => setRole((v as Role) ?? "reader")} allowDeselect={false} />
        <TextInput label="On the scope" placeholder="everything" value={scope} onChange={(e) => setScope(e.currentTarget.value)} />
        <Select label="For" data={terms} value={term} onChange={(v) => setTerm(v ?? "90")} allowDeselect={false} />
        <Button type="submit" size="sm" variant="filled" disabled={!name.trim()} loading={tokens.add.isPending}>
          Make a token
        </Button>
      </form>
      {tokens.add.data && (
        <p className="set-once" role="status">
          Shown once, kept nowhere: <code>{tokens.add.data.secret}</code>
          <Copy text={tokens.add.data.secret} what="token" />
        </p>
      )}
      {(tokens.add.isError || tokens.remove.isError) && <Failed error={tokens.add.error ?? tokens.remove.error} what="the change" />}
      <Answer of={tokens.list} what="the tokens">
        {(list) =>
          list.length === 0 ? (
            <Empty why="good" title="There is no token">
              Programs sign in with tokens, each with a role, a scope and an end.
            </Empty>
          ) : (
            <div className="card">
              <table className="table" aria-label={some(list.length, "token")}>
                <thead>
                  <tr>
                    <th>Name</th>
                    <th>Role and scope</th>
                    <th>Made</th>
                    <th>Ends</th>
                    <th>Used</th>
                    <th>
                      <span className="sr">Actions</span>
                    </th>
                  </tr>
                </thead>
                <tbody>
                  {list.map((t) => (
                    <tr key={t.id}>
                      <td>
                        <strong>{t.name}</strong>
                      </td>
                      <td>
                        {t.role} on {t.scope || "everything"}
                      </td>
                      <td>{day(t.created)}</td>
                      <td>{day(t.expires)}</td>
                      <td>{ago(t.lastUsed) || "never"}</td>
                      <td className="right">
                        <Button size="compact-xs" onClick={() => tokens.remove.mutate(t.id)} aria-label={`Revoke ${t.name}`}>
                          Revoke
                        </Button>
                      </td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </div>
          )
        }
      </Answer>
    </>
  );
}
