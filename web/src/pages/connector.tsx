import ConnectorDetail from "../detail/connector";
import type { Page } from "../frame/page";
import { useParams } from "../ui/url";

export const page: Page = {
  path: "/connector",
  title: "Connector",
};

export default function ConnectorAlone() {
  return <ConnectorDetail id={useParams().id ?? ""} alone />;
}
