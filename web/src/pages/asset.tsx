import AssetDetail from "../detail/asset";
import type { Page } from "../frame/page";
import { useParams } from "../ui/url";

export const page: Page = {
  path: "/asset",
  title: "Asset",
};

export default function AssetAlone() {
  return <AssetDetail id={useParams().id ?? ""} alone />;
}
