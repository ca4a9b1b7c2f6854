import GapDetail from "../detail/gap";
import type { Page } from "../frame/page";
import { useParams } from "../ui/url";

export const page: Page = {
  path: "/gap",
  title: "Coverage gap",
};

export default function GapAlone() {
  return <GapDetail id={useParams().id ?? ""} alone />;
}
