import { SegmentedControl, Tabs, useMantineColorScheme } from "@mantine/core";
import { IconSettings } from "@tabler/icons-react";
import { useSession, useVersion } from "../api/queries";
import type { Page } from "../frame/page";
import { Head } from "../ui/page";
import { useParams, useSetParams } from "../ui/url";
import { OrganizationList } from "./parts/organizations";
import { Audit } from "./parts/audit";
import { Issuer } from "./parts/issuer";
import { Tokens } from "./parts/tokens";
import { Users } from "./parts/users";
import "./settings.css";
import "../theme/more.css";

export const page: Page = {
  path: "/settings",
  title: "Settings",
  section: "System",
  order: 31,
  icon: IconSettings,
  key: ",",
};

export default function Settings() {
  const { tab = "appearance" } = useParams();
  const set = useSetParams();
  const version = useVersion();
  const owner = useSession().data?.role === "owner";
  return (
    <div className="page-scroll">
      <Head title="Settings" answer={version.data ? `Bulwark ${version.data.version}` : "\u00a0"} />
      <div className="page-pad">
        <Tabs value={tab} onChange={(t) => set({ tab: t && t !== "appearance" ? t : undefined })}>
          <Tabs.List className="tabs-list" mb={16}>
            <Tabs.Tab value="appearance">Appearance</Tabs.Tab>
            <Tabs.Tab value="organizations">Organisations</Tabs.Tab>
            {owner && <Tabs.Tab value="users">Users</Tabs.Tab>}
            {owner && <Tabs.Tab value="sign-in">Sign-in</Tabs.Tab>}
            <Tabs.Tab value="tokens">API tokens</Tabs.Tab>
            {owner && <Tabs.Tab value="audit">Audit log</Tabs.Tab>}
          </Tabs.List>
          <Tabs.Panel value="appearance">
            <Appearance />
          </Tabs.Panel>
          <Tabs.Panel value="organizations">
            <OrganizationList />
          </Tabs.Panel>
          <Tabs.Panel value="users">
            <Users />
          </Tabs.Panel>
          <Tabs.Panel value="sign-in">
            <Issuer />
          </Tabs.Panel>
          <Tabs.Panel value="tokens">
            <Tokens />
          </Tabs.Panel>
          <Tabs.Panel value="audit">
            <Audit />
          </Tabs.Panel>
        </Tabs>
      </div>
    </div>
  );
}

function Appearance() {
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  return (
    <section className="card set-card" aria-label="Theme">
      <h2>Theme</h2>
      <p className="muted">Kept in this browser.</p>
      <SegmentedControl
        aria-label="Theme"
        value={colorScheme}
        onChange={(v) => setColorScheme(v as "light" | "dark" | "auto")}
        data={[
          { value: "auto", label: "As the system" },
          { value: "light", label: "Light" },
          { value: "dark", label: "Dark" },
        ]}
      />
    </section>
  );
}
