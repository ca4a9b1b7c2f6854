// Who may sign in, and what they may do where.
import { Button, Select, TextInput } from "@mantine/core";
import { useState } from "react";
import type { Role } from "../../api/types";
import { roles, useUsers } from "../../api/queries";
import { Answer, Failed } from "../../ui/answers";
import { Copy } from "../../ui/code";
import { day, some } from "../../ui/text";
import "../../theme/more.css";

export function Users() {
  const users = useUsers();
  const [name, setName] = useState("");
  const [role, setRole] = useState<Role>("reader");
  const [scope, setScope] = useState("");
  const submit = (e: React.FormEvent) => {
    e.preventDefault();
    users.add.mutate({ name: name.trim(), role, scope: scope.trim() }, { onSuccess: () => setName("") });
  };
  return (
    <>
      <form className="card set-form" onSubmit={submit} aria-label="Invite a user">
        <TextInput label="Name" value={name} onChange={(e) => setName(e.currentTarget.value)} />
        <Select label="Role" data={roles} value={role} onChange={(v) => setRole((v as Role) ?? "reader")} allowDeselect={false} />
        <TextInput label="On the scope" placeholder="everything" value={scope} onChange={(e) => setScope(e.currentTarget.value)} />
        <Button type="submit" size="sm" variant="filled" disabled={!name.trim()} loading={users.add.isPending}>
          Invite
        </Button>
      </form>
      {users.add.data?.link && (
        <p className="set-once" role="status">
          Send this link, which works once: <code>{users.add.data.link}</code>
          <Copy text={users.add.data.link} what="one-time link" />
        </p>
      )}
      {(users.add.isError || users.remove.isError) && <Failed error={users.add.error ?? users.remove.error} what="the change" />}
      <Answer of={users.list} what="the users">
        {(list) => (
          <div className="card">
            <table className="table" aria-label={some(list.length, "user")}>
              <thead>
                <tr>
                  <th>Name</th>
                  <th>Role and scope</th>
                  <th>Since</th>
                  <th>
                    <span className="sr">Actions</span>
                  </th>
                </tr>
              </thead>
              <tbody>
                {list.map((u) => (
                  <tr key={u.name}>
                    <td>
                      <strong>{u.name}</strong> {u.disabled && <span className="tag tag-plain">disabled</span>}
                    </td>
                    <td>{u.grants.map((g) => `${g.role} on ${g.scope || "everything"}`).join("; ")}</td>
                    <td>{day(u.created)}</td>
                    <td className="right">
                      <Button size="compact-xs" onClick={() => users.remove.mutate(u.name)} aria-label={`Remove ${u.name}`}>
                        Remove
                      </Button>
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        )}
      </Answer>
    </>
  );
}
